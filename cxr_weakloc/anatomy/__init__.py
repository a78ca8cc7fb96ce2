"Where a finding can be"
from . import segmenter as _segmenter
from .segmenter import *

__all__ = [
    *_segmenter.__all__,
]
