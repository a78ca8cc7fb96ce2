"Write constraints.txt: the installed versions of all that settings.ini asks for, directly or through others"
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

root = Path(__file__).resolve().parent.parent

def closure(name:str, extras=frozenset(), seen=None)->dict:
    "Every installed distribution that `name[extras]` needs on this machine: name -> version"
    seen = {} if seen is None else seen
    key = canonicalize_name(name), extras
    if key in seen: return seen
    try: dist = distribution(name)
    except PackageNotFoundError: return seen   # wanted on other systems only
    seen[key] = dist.version
    for o in map(Requirement, dist.requires or []):
        if not o.marker or any(o.marker.evaluate({'extra': e}) for e in extras or ['']):
            closure(o.name, frozenset(o.extras) | {''} if o.extras else frozenset(), seen)
    return seen

if __name__ == '__main__':
    found = {n: v for (n, _), v in closure('cxr_weakloc', frozenset({'', 'dev'})).items() if n != 'cxr-weakloc'}
    head = f'''# The versions under which the tests passed: Python {sys.version_info.major}.{sys.version_info.minor}, {sys.platform}. Written by `make lock`.
# Constraints, not requirements: what settings.ini does not need on your system is not installed.
'''
    (root/'constraints.txt').write_text(head + ''.join(f'{n}=={v.split("+")[0]}\n' for n, v in sorted(found.items())))
    print(f'constraints.txt: {len(found)} packages')
