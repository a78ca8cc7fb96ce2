"Where a model says it looks"
from . import tokens as _tokens
from . import methods as _methods
from . import store as _store
from . import faithful as _faithful
from .tokens import *
from .methods import *
from .store import *
from .faithful import *

__all__ = [
    *_tokens.__all__,
    *_methods.__all__,
    *_store.__all__,
    *_faithful.__all__,
]
