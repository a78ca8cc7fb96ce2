"README.md from nbs/index.ipynb, without Quarto: markdown as it stands, code fenced, outputs indented"
import base64, json, posixpath, re, sys
from pathlib import Path

NB, FIGURES = 'nbs/index.ipynb', 'index_files'
HEAD = '<!-- Generated from nbs/index.ipynb by `make readme`. Edit there. -->\n\n'
_link = re.compile(r'(\]\(|<img [^>]*src="|<a [^>]*href=")([^)\s"#]+)')
_fence = re.compile(r'(^```.*?^```[^\n]*$)', re.M | re.S)

def relink(text:str)->str:
    "Links of a notebook in nbs/, as seen from the folder above; code stays as it is"
    def f(m): return m[0] if re.match(r'[a-z]+:', m[2]) else m[1] + posixpath.normpath(f'nbs/{m[2]}')
    return ''.join(o if i%2 else _link.sub(f, o) for i,o in enumerate(_fence.split(text)))

def output(o:dict, name:str, figures:dict)->str:
    "One output of a code cell as markdown; a picture is put into `figures` under a path made of `name`"
    if o['output_type'] == 'error': raise SystemExit(f"{NB}: a cell failed: {o['ename']}: {o['evalue']}")
    data = {'text/plain': o['text']} if o['output_type'] == 'stream' else o['data']
    if 'text/markdown' in data: return relink(''.join(data['text/markdown']).strip())
    if 'image/png' in data:
        path = f'{FIGURES}/{name}.png'; figures[path] = base64.b64decode(''.join(data['image/png']))
        return f'![]({path})'
    return '\n'.join(f'    {l}'.rstrip() for l in ''.join(data['text/plain']).rstrip().splitlines())

def readme(root:Path)->tuple[str, dict]:
    "Text of the README and its pictures (path -> bytes)"
    res,figures = [],{}
    for i,c in enumerate(json.loads((root/NB).read_text(encoding='utf-8'))['cells']):
        src = ''.join(c['source']); flags = re.findall(r'^#\|\s*(.*?)\s*$', src, re.M)
        if c['cell_type'] == 'markdown': res.append(relink(src.strip()))
        if c['cell_type'] != 'code' or 'hide' in flags: continue
        code = re.sub(r'^#\|.*\n?', '', src, flags=re.M).strip()
        if code and 'echo: false' not in flags: res.append(f'```python\n{code}\n```')
        res += [output(o, f"{c.get('id', i)}-{j}", figures) for j,o in enumerate(c.get('outputs', []))]
    return HEAD + '\n\n'.join(o for o in res if o) + '\n', figures

def write(root:Path):
    "Write the README and its pictures, and remove pictures that it no longer shows"
    text,figures = readme(root)
    (root/'README.md').write_text(text, encoding='utf-8')
    for p in (root/FIGURES).glob('*'):
        if f'{FIGURES}/{p.name}' not in figures: p.unlink()
    for p,b in figures.items(): (root/p).parent.mkdir(exist_ok=True); (root/p).write_bytes(b)

if __name__ == '__main__': write(Path(__file__).resolve().parent.parent)
