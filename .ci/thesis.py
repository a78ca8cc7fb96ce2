"""The thesis as one PDF, from its notebooks as they stand: Pandoc brings them and the bibliography to Typst, and Typst
to paper. Both come as packages of Python; Quarto is not needed. `python .ci/thesis.py [FILE.pdf]`"""
import base64
import json
import re
import sys
import tempfile
from pathlib import Path

import links
import pypandoc
import sidebar
import typst
import yaml
from nbdev.config import get_config

ROOT = Path(__file__).resolve().parent.parent
OPTION = re.compile(r'^#\|\s*([\w-]+):\s*(.*?)\s*$', re.M)
FENCE = re.compile(r'(^(?:```|~~~).*?^(?:```|~~~)[^\n]*$|`[^`\n]+`)', re.M | re.S)
HEADER = '''#set math.equation(numbering: "(1)")
#show link: set text(fill: rgb("#1a5fb4"))
#show figure: set block(breakable: true)
#show figure.caption: set text(size: 0.9em)
#show table: set text(size: 0.8em)
#show table: set align(left)
#set table(inset: 4pt)
#show raw: set text(size: 0.9em)
'''
TABLE_LABEL = re.compile(r'§([\w-]+)§')


def options(source: str) -> dict:
    "Quarto's options of a cell"
    return {name: value.strip('"\'') for name, value in OPTION.findall(source)}


def outside_code(text: str, change) -> str:
    "Markdown, changed where it is no code"
    parts = FENCE.split(text)   # every second one is code
    return ''.join(part if i % 2 else change(part) for i, part in enumerate(parts))


def page_of(name: str) -> str:
    "The address of a notebook's page"
    config = get_config()
    module = re.sub(r'^\d+[a-zA-Z0-9]*_', '', Path(name).stem)
    return f'{config.doc_host}{config.doc_baseurl}/{module}.html'


def relinked(text: str) -> str:
    "Links between chapters point into this document, all others to the site or the repository"
    config = get_config()

    def moved(match):
        name, _, anchor = match[1].partition('#')
        if name.startswith('../'):
            return f'](https://github.com/{config.user}/{config.repo}/blob/{config.branch}/{name[3:]})'
        if not name.endswith('.ipynb'):
            return match[0]
        if Path(name).stem in sidebar.THESIS:
            return f'](#{anchor or f"sec-{Path(name).stem}"})'
        return f']({page_of(name)}{f"#{anchor}" if anchor else ""})'
    return re.sub(r'\]\((?![a-z]+:)([^)\s]+)\)', moved, text)


def to_typst(text: str) -> str:
    "Quarto's cross-references and labels, as Typst has them"
    def change(part):
        part = re.sub(rf'(?<![\w@])@((?:{"|".join(links.KINDS)})-[\w-]+)', r'`@\1`{=typst}', part)
        part = re.sub(r'(\$\$)\s*\{#(eq-[\w-]+)\}', r'\1 `<\2>`{=typst}', part)
        return re.sub(r'^(: .*?)[ \t]*\{#(tbl-[\w-]+)[^}\n]*\}[ \t]*$', r'\1 §\2§', part, flags=re.M)
    return outside_code(text, change)


def shown(cell: dict, name: str, folder: Path) -> list:
    "What a code cell shows: pictures with their captions, tables; printed text stays on the site"
    source, res = ''.join(cell['source']), []
    said = options(source)
    for i, output in enumerate(cell.get('outputs', [])):
        data = output.get('data', {})
        if 'image/png' in data:
            file = folder/f'{name}-{i}.png'
            file.write_bytes(base64.b64decode(''.join(data['image/png'])))
            label = said.get('label', '')
            marks = f'{{#{label} width=100%}}' if label else '{width=80%}'
            res.append(f"![{said.get('fig-cap', '')}]({file.name}){marks}")
        elif 'text/markdown' in data:
            res.append(''.join(data['text/markdown']))
        elif '<table' in ''.join(data.get('text/html', '')):
            html = re.sub(r'<style.*?</style>', '', ''.join(data['text/html']), flags=re.S)
            table = pypandoc.convert_text(html, 'markdown-raw_html', 'html', ['--wrap=none'])
            caption = f": {said.get('tbl-cap', '')} {{#{said['label']}}}" if 'tbl-cap' in said else ''
            res.append(f'{table}\n{caption}')
    return res


def chapter(path: Path, folder: Path) -> tuple:
    "Its text with what its cells show, and its abstract if it has one"
    parts, abstract = [], ''
    for i, cell in enumerate(json.loads(path.read_text(encoding='utf-8'))['cells']):
        text = ''.join(cell['source'])
        if cell['cell_type'] == 'code' and not re.search(r'^#\|\s*hide\s*$', text, re.M):
            parts += shown(cell, f'{path.stem}-{i}', folder)
        elif cell['cell_type'] == 'markdown' and text.startswith('## Abstract'):
            abstract = text.partition('\n')[2].strip()
        elif cell['cell_type'] == 'markdown':
            text = re.sub(r'<!--.*?-->', '', text, flags=re.S)
            text = re.sub(r'^# (.+)$', rf'# \1 {{#sec-{path.stem}}}', text, count=1, flags=re.M)
            parts.append(re.sub(r'^> (.+)$', r'*\1*', text, count=1, flags=re.M) if i == 0 else text)
    return '\n\n'.join(parts), abstract


def compose(root: Path, folder: Path) -> str:
    "The whole as Pandoc's Markdown, its pictures in `folder`"
    cited = yaml.safe_load((root/'CITATION.cff').read_text(encoding='utf-8'))
    texts, abstract = [], ''
    for stem in sidebar.THESIS:
        text, own = chapter(root/'nbs'/f'{stem}.ipynb', folder)
        abstract = abstract or own
        texts.append(to_typst(outside_code(text, relinked)))
    front = dict(title=cited['title'], author=cited['authors'][0]['name'], date=str(cited['date-released']),
                 abstract=abstract, lang='en', papersize='a4', bibliography=str(root/'nbs/references.bib'),
                 margin=dict(x='2.4cm', y='2.6cm'), fontsize='10.5pt')
    front['section-numbering'] = '1.1'
    front['reference-section-title'] = 'References'
    return f'---\n{yaml.safe_dump(front, allow_unicode=True)}---\n\n' + '\n\n'.join(texts)


def with_labels(text: str) -> str:
    "Typst's source with the labels of tables behind the figures that hold them"
    parts = re.split(r'(?=^#figure\()', text, flags=re.M)

    def labelled(part):
        found = TABLE_LABEL.search(part)
        if not found:
            return part
        part = TABLE_LABEL.sub('', part)
        return re.sub(r'(\n\s*, kind: table\s*\n\s*\))', rf'\1 <{found[1]}>', part, count=1)
    return ''.join(map(labelled, parts))


def write(root: Path, out: Path) -> list:
    "Make the PDF. Returns Typst's warnings; an error, as of a reference to nothing, ends it"
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        (folder/'header.typ').write_text(HEADER)
        source = pypandoc.convert_text(compose(root, folder), 'typst', 'markdown+implicit_figures-raw_html', [
            '--standalone', '--citeproc', '--toc', '--toc-depth=2', '--wrap=preserve',
            f'--include-in-header={folder/"header.typ"}'])
        (folder/'thesis.typ').write_text(with_labels(source))
        pdf, warnings = typst.compile_with_warnings(str(folder/'thesis.typ'))
        out.write_bytes(pdf)
    return [str(w.message) for w in warnings]


if __name__ == '__main__':
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT/'thesis.pdf').resolve()
    said = write(ROOT, target)
    print(*said, f'{target}: {target.stat().st_size/1e6:.1f} MB', sep='\n')
