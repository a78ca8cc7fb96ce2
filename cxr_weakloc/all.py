from .core import *
from .images import *
from .studies import *
from .metrics import *
from .evaluate import *
