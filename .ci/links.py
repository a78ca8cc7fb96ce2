"""The prepared pages, before Quarto has them: every page is there, every link, anchor, picture, citation and
cross-reference leads somewhere, no cell is wider than a screen, every picture has words in its place"""
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pages
import yaml

WIDE = 120   # characters of a cell's line
KINDS = ('fig', 'tbl', 'sec', 'eq', 'lst')   # of Quarto's cross-references
LINK = re.compile(r'(?<!!)\[(?:[^][]|\[[^]]*\])*\]\(([^)\s]+)(?:\s+"[^"]*")?\)')
PICTURE = re.compile(r'!\[((?:[^][]|\[[^]]*\])*)\]\(([^)\s]+)[^)]*\)')
TAG = re.compile(r'<img\b[^>]*>')
FENCED = re.compile(r'^(```|~~~).*?^\1[^\n]*$', re.M | re.S)
INLINE = re.compile(r'(`+)(?:.*?)\1', re.S)
LABEL = re.compile(r'^#\|\s*label:\s*(\S+)', re.M)
GIVEN_ID = re.compile(r'\{[^}\n]*#([\w.:-]+)[^}\n]*\}')
KEY = re.compile(r'(?<![\w@\\/.])@([A-Za-z][\w:.#$%&+?<>~/-]*)')


def plain(text: str) -> str:
    "Markdown without code, in which anything may stand"
    return INLINE.sub('', FENCED.sub('', text))


def slug(heading: str) -> str:
    "The anchor that Pandoc makes of a heading"
    text = re.sub(r'\{[^}]*\}\s*$', '', heading)
    text = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', text)
    text = re.sub(r'[^\w\s.-]', '', text.replace('`', '').replace('*', '')).strip().lower()
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', text)) or 'section'


@dataclass
class Page:
    "A prepared page"
    name: str                                     # of the notebook
    output: str                                   # of the page that Quarto makes of it
    texts: list = field(default_factory=list)     # its markdown
    codes: list = field(default_factory=list)     # its code cells, as they are shown
    anchors: set = field(default_factory=set)     # what a link may point at

    @classmethod
    def of(cls, path: Path):
        cells = json.loads(path.read_text(encoding='utf-8'))['cells']
        sources = [(c['cell_type'], ''.join(c['source'] or ''), c) for c in cells]
        raw = next((s for kind, s, _ in sources if kind == 'raw' and s.startswith('---')), '')
        front = yaml.safe_load(raw.strip().strip('-')) or {}
        page = cls(path.name, front.get('output-file', path.with_suffix('.html').name))
        for kind, text, cell in sources:
            if kind == 'markdown':
                page.texts.append(text)
            elif kind == 'code':
                page.codes.append((text, cell))
        page.anchors = page.found_anchors()
        return page

    def found_anchors(self) -> set:
        "Headings by their own id or by Pandoc's rule, and everything that carries an id"
        seen, res = {}, set()
        for text in self.texts:
            bare = FENCED.sub('', text)
            res |= set(GIVEN_ID.findall(bare)) | set(re.findall(r'\bid="([^"]+)"', bare))
            for heading in re.findall(r'^#{1,6}\s+(.+?)\s*#*$', bare, re.M):
                if GIVEN_ID.search(heading):
                    continue
                name = slug(heading)
                seen[name] = seen.get(name, -1) + 1
                res.add(f'{name}-{seen[name]}' if seen[name] else name)
        return res | {label for text, _ in self.codes for label in LABEL.findall(text)}


def where(page: Page, text: str) -> str:
    return f'{page.name}: {" ".join(text.split())[:110]}'


def of_link(page: Page, target: str, site: dict, host: str, folder: Path) -> str:
    "What is wrong with a link; '' if nothing is"
    if target.startswith(host):
        name, _, anchor = target.removeprefix(host).lstrip('/').partition('#')
        if not name:
            return ''
        there = next((p for p in site.values() if p.output == name), None)
        if there is None:
            return f'no page {name}'
        known = {a.lower() for a in there.anchors}
        return '' if not anchor or anchor.lower() in known else f'{name} has no anchor {anchor}'
    if re.match(r'[a-z]+:', target):
        return ''
    name, _, anchor = target.partition('#')
    if name and not name.endswith('.ipynb'):
        return '' if (folder/name).exists() else f'no file {name}'
    there = site.get(name) if name else page
    if there is None:
        return f'no page {name}'
    return '' if not anchor or anchor in there.anchors else f'{there.name} has no anchor {anchor}'


def broken_links(page: Page, site: dict, host: str, folder: Path) -> list:
    "Links of a page that lead nowhere"
    targets = [t for text in page.texts for t in LINK.findall(plain(text))]
    found = [(t, of_link(page, t, site, host, folder)) for t in targets]
    return [f'{page.name}: link to {t}: {said}' for t, said in found if said]


def unresolved(page: Page, keys: set) -> list:
    "Citations without an entry of the bibliography, cross-references without what they refer to"
    res = []
    for text in page.texts:
        bare = re.sub(r'\$\$?[^$]*\$\$?', '', re.sub(r'\]\([^)]*\)', ']', plain(text)))
        for key in KEY.findall(bare):
            key = key.rstrip('.,:;?')
            known = page.anchors if key.split('-')[0] in KINDS and '-' in key else keys
            if key not in known:
                res.append(f'{page.name}: @{key} refers to nothing')
    return res


def pictures(page: Page, folder: Path) -> list:
    "Pictures that are missing, or for which nothing stands where they cannot be seen"
    res = []
    for text in page.texts:
        bare = plain(text)
        for alternative, file in PICTURE.findall(bare):
            if not alternative.strip() and 'fig-alt' not in bare:
                res.append(f'{page.name}: no alternative for {file}')
            if not re.match(r'[a-z]+:', file) and not (folder/file).exists():
                res.append(f'{page.name}: no picture {file}')
        res += [where(page, f'no alternative: {tag}') for tag in TAG.findall(bare) if 'alt=' not in tag]
    for text, cell in page.codes:
        if pages.has_picture(cell) and not re.search(r'^#\|\s*fig-alt:\s*\S', text, re.M):
            res.append(where(page, f'no alternative for the picture of: {text}'))
        html = ''.join(''.join(o.get('data', {}).get('text/html', '')) for o in cell.get('outputs', []))
        res += [where(page, f'no alternative: {tag}') for tag in TAG.findall(html) if 'alt=' not in tag]
    return res


def texts_of(output: dict) -> str:
    "What an output shows as plain text, '' if it shows something better"
    data = output.get('data', {})
    if any(kind in data for kind in ('text/html', 'image/png', 'image/svg+xml', 'text/markdown')):
        return ''
    return ''.join(output.get('text', '') or data.get('text/plain', ''))


def wide(page: Page) -> list:
    "Lines of code and of plain outputs that no screen holds; options of a cell are not shown"
    res = []
    for text, cell in page.codes:
        lines = [line for line in text.splitlines() if not line.startswith('#|')]
        lines += [line for o in cell.get('outputs', []) for line in texts_of(o).splitlines()]
        res += [where(page, f'{len(line)} characters: {line}') for line in lines if len(line) > WIDE]
    return res


def dead(page: Page) -> list:
    "Bars and widgets of the run that made the outputs, and errors"
    res = []
    for text, cell in page.codes:
        for o in cell.get('outputs', []):
            if any('widget' in kind for kind in o.get('data', {})):
                res.append(where(page, f'a widget without its kernel: {text}'))
            if re.search(r'\d%\|.*(it/s|s/it)', texts_of(o)):
                res.append(where(page, f'a progress bar: {text}'))
            if o['output_type'] == 'error':
                res.append(where(page, f'an error: {text}'))
    return res


def rebuilding(root: Path) -> set:
    "Notebooks that pyproject.toml excepts from the rules, since they are not rebuilt yet"
    settings = tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))['tool']['ruff']
    return {Path(name).name for name in settings.get('extend-exclude', []) if name.endswith('.ipynb')}


def complaints(root: Path, host: str) -> list:
    "All that is wrong with the pages in `_proc`, which is what Quarto would be given"
    folder, excepted = root/'_proc', rebuilding(root)
    site = {p.name: Page.of(p) for p in sorted(folder.glob('*.ipynb'))}
    bib = folder/'references.bib'
    keys = set(re.findall(r'^@\w+\{([^,\s]+),', bib.read_text(encoding='utf-8'), re.M)) if bib.exists() else set()
    res = []
    for page in site.values():
        res += unresolved(page, keys) + pictures(page, folder) + dead(page)
        if page.name not in excepted:
            res += broken_links(page, site, host, folder) + wide(page)
    # a notebook that is being rebuilt may be linked to under the name that it is going to have
    coming = tuple(f'no page {Path(name).stem}.' for name in excepted)
    return [said for said in res if not any(name in said for name in coming)]
