"Anything that reads a film and a prompt"
from . import evidence as _evidence
from . import albef as _albef
from . import towers as _towers
from . import checkpoints as _checkpoints
from . import prompts as _prompts
from .evidence import *
from .albef import *
from .towers import *
from .checkpoints import *
from .prompts import *

__all__ = [
    *_evidence.__all__,
    *_albef.__all__,
    *_towers.__all__,
    *_checkpoints.__all__,
    *_prompts.__all__,
]
