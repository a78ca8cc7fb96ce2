"Write constraints.txt: the installed versions of all that settings.ini asks for, directly or through others"
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

root = Path(__file__).resolve().parent.parent
HEAD = f'''# The versions under which the tests passed: Python {sys.version_info.major}.{sys.version_info.minor}, \
{sys.platform}. Written by `make lock`.
# Constraints, not requirements: what settings.ini does not need on your system is not installed.
'''


def applies(requirement: Requirement, extras) -> bool:
    "Is it asked for on this system, under one of the extras?"
    if not requirement.marker:
        return True
    return any(requirement.marker.evaluate({'extra': extra}) for extra in extras or [''])


def closure(name: str, extras=frozenset(), seen=None) -> dict:
    "Every installed distribution that `name[extras]` needs on this machine: name -> version"
    seen = {} if seen is None else seen
    key = canonicalize_name(name), extras
    if key in seen:
        return seen
    try:
        dist = distribution(name)
    except PackageNotFoundError:
        return seen   # wanted on other systems only
    seen[key] = dist.version
    for requirement in map(Requirement, dist.requires or []):
        if applies(requirement, extras):
            inner = frozenset(requirement.extras) | {''} if requirement.extras else frozenset()
            closure(requirement.name, inner, seen)
    return seen


if __name__ == '__main__':
    wanted = closure('cxr_weakloc', frozenset({'', 'dev'}))
    found = {name: version for (name, _), version in wanted.items() if name != 'cxr-weakloc'}
    lines = ''.join(f'{name}=={version.split("+")[0]}\n' for name, version in sorted(found.items()))
    (root/'constraints.txt').write_text(HEAD + lines)
    print(f'constraints.txt: {len(found)} packages')
