"The site's sidebar: two parts, the thesis and the library, with the rooms as the library's sections"
from pathlib import Path

import rooms

# the thesis in the order in which it is read; the library's notebooks are in the order of their names
THESIS = (
    't1_introduction', 't2_related_work', 't3_data', 't4_method', 't5_design', 't6_teachers', '99_results',
    't7_discussion',
)


def sections(root: Path) -> list:
    "(title, notebooks) of every section, in order"
    notebooks = sorted(p for p in (root/'nbs').glob('*.ipynb') if p.name[0] not in '_.' and p.name != 'index.ipynb')
    by_room = {room: [] for room in rooms.rooms(root)}
    thesis = []
    order = [f'{name}.ipynb' for name in THESIS]
    for nb in notebooks:
        module = rooms.default_exp(nb)
        (thesis if module is None else by_room[module.split('.')[0]]).append(nb.name)
    thesis.sort(key=lambda name: order.index(name) if name in order else len(order))
    return [('The thesis', thesis), *((room, names) for room, names in by_room.items() if names)]


def write(root: Path):
    "nbs/sidebar.yml"
    lines = ['website:', '  sidebar:', '    contents:', '      - index.ipynb']
    for title, names in sections(root):
        lines += [f'      - section: "{title}"', '        contents:', *(f'          - {name}' for name in names)]
    (root/'nbs'/'sidebar.yml').write_text('\n'.join(lines) + '\n', encoding='utf-8')
