"The table of rooms in pyproject.toml, and which module lies in which"
import ast
import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT/'cxr_weakloc'


def rooms(root=ROOT) -> dict:
    "The rooms from the ground up, and what each answers"
    return tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))['tool']['rooms']


def default_exp(nb: Path):
    "The module that a notebook exports to, or None"
    for cell in json.loads(nb.read_text(encoding='utf-8'))['cells']:
        if cell['cell_type'] != 'code':
            continue
        if found := re.search(r'^#\|\s*default_exp\s+(\S+)', ''.join(cell['source']), re.M):
            return found[1]
    return None


def modules(root=ROOT) -> dict:
    "Room -> its modules, in the notebooks' order; a room that is one file has none"
    res = {room: [] for room in rooms(root)}
    for nb in sorted((root/'nbs').glob('[0-9a-z]*.ipynb')):
        module = default_exp(nb)
        if module is None:
            continue
        room, _, name = module.partition('.')
        if room not in res:
            raise SystemExit(f'{nb.name} exports to {module}, but pyproject.toml has no room {room!r}')
        if name and name not in res[room]:
            res[room].append(name)
    return res


def exports(file: Path) -> list:
    "The names in a module's `__all__`"
    for node in ast.parse(file.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '__all__':
            return ast.literal_eval(node.value)
    return []


def face(title: str, folder: Path, names: list) -> str:
    "Text of a room's `__init__.py`: a name is imported when it is first asked for, so that a light one costs little"
    lines = [f'"{title}"', 'import lazy_loader', '']
    lines.append('__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={')
    for name in names:
        attributes = [f'        {attribute!r},' for attribute in exports(folder/f'{name}.py')]
        lines += [f'    {name!r}: [', *attributes, '    ],']
    return '\n'.join([*lines, '})']) + '\n'


def write_faces(root=ROOT):
    "Each room's `__init__.py`, which hands on the names of its modules; and all.py"
    lib = root/'cxr_weakloc'
    for room, names in modules(root).items():
        if names:
            (lib/room/'__init__.py').write_text(face(rooms(root)[room], lib/room, names), encoding='utf-8')
    shown = [room for room, names in modules(root).items() if names or (lib/f'{room}.py').exists()]
    (lib/'all.py').write_text(''.join(f'from .{room} import *\n' for room in shown), encoding='utf-8')


def imported(file: Path) -> set:
    "Rooms that a module of the package imports, inside functions too"
    depth = len(file.relative_to(LIB).parts)
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.split('.')[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or '').startswith('cxr_weakloc.'):
            found.add(node.module.split('.')[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split('.')[1] for alias in node.names if alias.name.startswith('cxr_weakloc.')}
    return found


def misplaced() -> list:
    "Imports that go up: a room that imports one which stands below it in the table"
    order = list(rooms())
    res = []
    for file in sorted(LIB.rglob('*.py')):
        room = file.relative_to(LIB).parts[0].removesuffix('.py')
        if room not in order:
            continue
        res += [f'{file.relative_to(ROOT)} imports the room {other}, which stands above {room}'
                for other in sorted(imported(file) & set(order)) if order.index(other) > order.index(room)]
    return res
