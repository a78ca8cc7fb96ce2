"A table for a study"
from . import truth as _truth
from . import protocols as _protocols
from . import gating as _gating
from . import learned as _learned
from .truth import *
from .protocols import *
from .gating import *
from .learned import *

__all__ = [
    *_truth.__all__,
    *_protocols.__all__,
    *_gating.__all__,
    *_learned.__all__,
]
