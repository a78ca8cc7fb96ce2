"README.md from nbs/index.ipynb, without Quarto: markdown as it stands, code fenced, outputs indented"
import base64
import json
import posixpath
import re
from pathlib import Path

NB, FIGURES = 'nbs/index.ipynb', 'index_files'
HEAD = '<!-- Generated from nbs/index.ipynb by `make readme`. Edit there. -->\n\n'
_link = re.compile(r'(\]\(|<img [^>]*src="|<a [^>]*href=")([^)\s"#]+)')
_fence = re.compile(r'(^```.*?^```[^\n]*$)', re.M | re.S)


def relink(text: str) -> str:
    "Links of a notebook in nbs/, as seen from the folder above; code stays as it is"
    def moved(match):
        if re.match(r'[a-z]+:', match[2]):
            return match[0]
        return match[1] + posixpath.normpath(f'nbs/{match[2]}')
    parts = _fence.split(text)   # every second one is fenced
    return ''.join(part if i % 2 else _link.sub(moved, part) for i, part in enumerate(parts))


def shown(output: dict, name: str, figures: dict) -> str:
    "One output of a code cell as markdown; a picture is put into `figures` under a path made of `name`"
    if output['output_type'] == 'error':
        raise SystemExit(f"{NB}: a cell failed: {output['ename']}: {output['evalue']}")
    data = {'text/plain': output['text']} if output['output_type'] == 'stream' else output['data']
    if 'text/markdown' in data:
        return relink(''.join(data['text/markdown']).strip())
    if 'image/png' in data:
        path = f'{FIGURES}/{name}.png'
        figures[path] = base64.b64decode(''.join(data['image/png']))
        return f'![]({path})'
    return '\n'.join(f'    {line}'.rstrip() for line in ''.join(data['text/plain']).rstrip().splitlines())


def of_code(cell: dict, number: int, figures: dict) -> list:
    "A code cell: its code, and what it gave"
    text = ''.join(cell['source'])
    flags = re.findall(r'^#\|\s*(.*?)\s*$', text, re.M)
    if 'hide' in flags:
        return []
    code = re.sub(r'^#\|.*\n?', '', text, flags=re.M).strip()
    res = [f'```python\n{code}\n```'] if code and 'echo: false' not in flags else []
    name = cell.get('id', number)
    return res + [shown(output, f'{name}-{j}', figures) for j, output in enumerate(cell.get('outputs', []))]


def readme(root: Path) -> tuple:
    "Text of the README and its pictures (path -> bytes)"
    parts, figures = [], {}
    for i, cell in enumerate(json.loads((root/NB).read_text(encoding='utf-8'))['cells']):
        if cell['cell_type'] == 'markdown':
            parts.append(relink(''.join(cell['source']).strip()))
        elif cell['cell_type'] == 'code':
            parts += of_code(cell, i, figures)
    return HEAD + '\n\n'.join(part for part in parts if part) + '\n', figures


def write(root: Path):
    "Write the README and its pictures, and remove pictures that it no longer shows"
    text, figures = readme(root)
    (root/'README.md').write_text(text, encoding='utf-8')
    for path in (root/FIGURES).glob('*'):
        if f'{FIGURES}/{path.name}' not in figures:
            path.unlink()
    for path, content in figures.items():
        (root/path).parent.mkdir(exist_ok=True)
        (root/path).write_bytes(content)


if __name__ == '__main__':
    write(Path(__file__).resolve().parent.parent)
