"The road as one config"
from . import road as _road
from . import thesis as _thesis
from . import judged as _judged
from .road import *
from .thesis import *
from .judged import *

__all__ = [
    *_road.__all__,
    *_thesis.__all__,
    *_judged.__all__,
]
