"A population with exact truth"
from . import patients as _patients
from .patients import *

__all__ = [
    *_patients.__all__,
]
