"From any file to one kind of film, and from pixels to the model's grid and back"
from . import geometry as _geometry
from . import images as _images
from . import rle as _rle
from .geometry import *
from .images import *
from .rle import *

__all__ = [
    *_geometry.__all__,
    *_images.__all__,
    *_rle.__all__,
]
