"The site's sidebar: two parts, the thesis and the library, with the rooms as the library's sections"
from pathlib import Path

import rooms


def sections(root: Path) -> list:
    "(title, notebooks) of every section, in order"
    notebooks = sorted(p for p in (root/'nbs').glob('*.ipynb') if p.name[0] not in '_.' and p.name != 'index.ipynb')
    by_room = {room: [] for room in rooms.rooms(root)}
    thesis = []
    for nb in notebooks:
        module = rooms.default_exp(nb)
        (thesis if module is None else by_room[module.split('.')[0]]).append(nb.name)
    return [('The thesis', thesis), *((room, names) for room, names in by_room.items() if names)]


def write(root: Path):
    "nbs/sidebar.yml"
    lines = ['website:', '  sidebar:', '    contents:', '      - index.ipynb']
    for title, names in sections(root):
        lines += [f'      - section: "{title}"', '        contents:', *(f'          - {name}' for name in names)]
    (root/'nbs'/'sidebar.yml').write_text('\n'.join(lines) + '\n', encoding='utf-8')
