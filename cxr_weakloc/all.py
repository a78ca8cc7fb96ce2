from .core import *
from .metrics import *
