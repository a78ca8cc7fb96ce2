"What a person looks at"
from . import page as _page
from . import tables as _tables
from .page import *
from .tables import *

__all__ = [
    *_page.__all__,
    *_tables.__all__,
]
