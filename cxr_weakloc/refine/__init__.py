"Teaching the gate"
from . import targets as _targets
from . import learner as _learner
from .targets import *
from .learner import *

__all__ = [
    *_targets.__all__,
    *_learner.__all__,
]
