"A number for a map and a truth"
from . import maps as _maps
from . import boxes as _boxes
from . import conventions as _conventions
from . import detection as _detection
from . import stats as _stats
from .maps import *
from .boxes import *
from .conventions import *
from .detection import *
from .stats import *

__all__ = [
    *_maps.__all__,
    *_boxes.__all__,
    *_conventions.__all__,
    *_detection.__all__,
    *_stats.__all__,
]
