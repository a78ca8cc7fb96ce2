"The picture of the landing page: the figure of the chapter on method in which a model is taught"
import base64
import json
from pathlib import Path

CHAPTER, FIGURE, PICTURE = 'nbs/t4_method.ipynb', 'fig-taught', 'nbs/landing.png'


def write(root: Path):
    "Copy the figure as it was run last"
    for cell in json.loads((root/CHAPTER).read_text(encoding='utf-8'))['cells']:
        if f'#| label: {FIGURE}\n' in ''.join(cell['source']):
            shown = [o['data']['image/png'] for o in cell['outputs'] if 'image/png' in o.get('data', {})]
            (root/PICTURE).write_bytes(base64.b64decode(''.join(shown[0])))
            return
    raise SystemExit(f'{CHAPTER} has no figure {FIGURE}: .ci/landing.py takes the landing page\'s picture from there')
