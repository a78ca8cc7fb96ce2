"What do we look for; how do we say that something is wrong"
from . import findings as _findings
from .findings import *

__all__ = [
    *_findings.__all__,
]
