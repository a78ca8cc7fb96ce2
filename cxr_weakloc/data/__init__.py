"One schema for any data set"
from . import schema as _schema
from . import vindr as _vindr
from . import mimic as _mimic
from . import masks as _masks
from . import sets as _sets
from . import cache as _cache
from . import loaders as _loaders
from . import intake as _intake
from .schema import *
from .vindr import *
from .mimic import *
from .masks import *
from .sets import *
from .cache import *
from .loaders import *
from .intake import *

__all__ = [
    *_schema.__all__,
    *_vindr.__all__,
    *_mimic.__all__,
    *_masks.__all__,
    *_sets.__all__,
    *_cache.__all__,
    *_loaders.__all__,
    *_intake.__all__,
]
