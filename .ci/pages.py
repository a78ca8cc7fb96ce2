"""How a notebook becomes a page of the site: a documentation block for every exported name, made from its source alone,
so that nothing is run; imports and tests folded; an alternative text for every picture"""
import ast
import functools
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import rooms
import sidebar
from nbdev.config import get_config
from nbdev.doclinks import NbdevLookup
from nbdev.frontmatter import FrontmatterProc
from nbdev.process import Processor
from nbdev.processors import cell_lang
from execnb.nbio import mk_cell

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class Parameter:
    "A parameter of a function, or a field of a dataclass"
    name: str
    kind: str = ''      # its annotation
    default: str = ''   # as written; '' if there is none
    says: str = ''      # the comment beside it


def unparsed(node) -> str:
    return '' if node is None else ast.unparse(node)


def comment_of(line: str) -> str:
    "The comment at a line's end; a # inside a string does not count, which the parser decides"
    for at in (m.start() for m in re.finditer('#', line)):
        head = line[:at]
        if head.count("'") % 2 == 0 and head.count('"') % 2 == 0:
            return line[at + 1:].strip()
    return ''


def comment_below(lines: list, number: int) -> str:
    "The comment beside line `number`, counted from 1, and of lines below that hold nothing else"
    parts = [comment_of(lines[number - 1])]
    for line in lines[number:]:
        if not line.strip().startswith('#') or not parts[0]:
            break
        parts.append(line.strip()[1:].strip())
    return ' '.join(part for part in parts if part)


def parameters(node, lines: list) -> list:
    "Of a function, without self and cls"
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None]*(len(plain) - len(args.defaults)) + list(args.defaults)
    starred = [('*', args.vararg)] if args.vararg else []
    pairs = [('', a, d) for a, d in zip(plain, defaults)]
    pairs += [(stars, a, None) for stars, a in starred]
    pairs += [('', a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults)]
    pairs += [('**', args.kwarg, None)] if args.kwarg else []
    return [Parameter(stars + a.arg, unparsed(a.annotation), unparsed(d), comment_below(lines, a.lineno))
            for stars, a, d in pairs if a.arg not in ('self', 'cls')]


def returned(node, lines: list) -> Parameter | None:
    "What a function returns, if the line of its arrow says so"
    if node.returns is None:
        return None
    return Parameter('', unparsed(node.returns), '', comment_of(lines[node.returns.end_lineno - 1]))


def fields_of(node, lines: list) -> list:
    "Annotated fields of a class"
    return [Parameter(unparsed(f.target), unparsed(f.annotation), unparsed(f.value), comment_below(lines, f.lineno))
            for f in node.body if isinstance(f, ast.AnnAssign)]


def cell_text(text: str) -> str:
    "Text that a table's cell can hold"
    return text.replace('|', '\\|').replace('\n', ' ')


def code(text: str) -> str:
    return f'`{cell_text(text)}`' if text else ''


def table(rows: list, result: Parameter | None = None) -> str:
    "Parameters as a table"
    if not rows and result is None:
        return ''
    lines = ['| | type | default | |', '|---|---|---|---|']
    lines += [f'| **{cell_text(r.name)}** | {code(r.kind)} | {code(r.default)} | {cell_text(r.says)} |' for r in rows]
    if result is not None:
        lines.append(f'| *returns* | {code(result.kind)} | | {cell_text(result.says)} |')
    return '\n'.join(lines) + '\n\n: {.docments tbl-colwidths="[18,22,15,45]"}\n'


def signature(name: str, rows: list, result: Parameter | None = None) -> str:
    "How it is called, one parameter a line where it would be long"
    parts = [row.name + (f'={row.default}' if row.default else '') for row in rows]
    line = f"{name}({', '.join(parts)})"
    if len(line) > 78:
        line = f'{name}(\n' + ''.join(f'    {part},\n' for part in parts) + ')'
    arrow = f' -> {result.kind}' if result is not None else ''
    return f'```python\n{line}{arrow}\n```'


def is_dataclass(node) -> bool:
    return any('dataclass' in unparsed(d) for d in node.decorator_list)


def paragraphs(node) -> str:
    "Its docstring; `Raises` and `Source` stand in paragraphs of their own already"
    return (ast.get_docstring(node) or '').strip()


def methods(node, lines: list) -> str:
    "Public methods and properties of a class, a line each, which links can point at"
    rows = []
    for f in node.body:
        if isinstance(f, ast.FunctionDef) and f.name[0] != '_':
            names = ', '.join(p.name for p in parameters(f, lines))
            prop = any(unparsed(d) in ('property', 'cached_property') for d in f.decorator_list)
            shown = f.name if prop else f'{f.name}({names})'
            anchor = f'{{#{node.name.lower()}.{f.name.lower()}}}'
            rows.append(f'| [{code(shown)}]{anchor} | {cell_text(" ".join(paragraphs(f).split()))} |')
    return '\n'.join(['| method | |', '|---|---|', *rows, '']) if rows else ''


def of_class(node, lines: list, name: str) -> list:
    "The block of a class"
    init = next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == '__init__'), None)
    rows = parameters(init, lines) if init is not None else fields_of(node, lines) if is_dataclass(node) else []
    bases = [unparsed(b) for b in node.bases]
    head = signature(name, rows)
    return [head, f"Bases: {', '.join(map(code, bases))}" if bases else '', paragraphs(node), table(rows),
            methods(node, lines)]


def of_function(node, lines: list, name: str) -> list:
    "The block of a function"
    rows, result = parameters(node, lines), returned(node, lines)
    return [signature(name, rows, result), paragraphs(node), table(rows, result)]


def patched(node) -> str:
    "`Class.name` of a function that is patched into a class, else its name"
    if isinstance(node, ast.ClassDef) or not any('patch' in unparsed(d) for d in node.decorator_list):
        return node.name
    first = node.args.args[0].annotation if node.args.args else None
    return f'{unparsed(first)}.{node.name}' if first is not None else node.name


def blocks(source: str, lookup=None) -> list:
    "Markdown for every public name that a cell defines, in its order"
    lines = source.splitlines()
    res = []
    for node in ast.parse(source).body:
        if not isinstance(node, DEFINITIONS) or node.name[0] == '_':
            continue
        name = patched(node)
        link = lookup.code(name) if lookup is not None else None
        head = f'[source]({link}){{.source}}\n\n' if link else ''
        head += f'### {name} {{#{name.lower()}}}'
        make = of_class if isinstance(node, ast.ClassDef) else of_function
        res.append('\n\n'.join(part for part in ['---', head, *make(node, lines, name)] if part))
    return res


def directives(cell) -> set:
    return set(cell.directives_) if cell.directives_ else set()


def folded(source: str):
    "A cell that shows the source of its block to whoever opens it"
    body = re.sub(r'^#\|.*\n?', '', source, flags=re.M).strip()
    cell = mk_cell(f'#| code-fold: true\n#| code-summary: "Source"\n{body}', 'code')
    cell.outputs, cell.execution_count, cell.directives_ = [], None, {}
    return cell


class add_blocks(Processor):
    "Behind every exported cell its documentation, in the order of the source, and the source itself, folded"
    def begin(self):
        lookup = NbdevLookup()
        cells = []
        for cell in self.nb.cells:
            cells.append(cell)
            shown = cell.cell_type == 'code' and cell.source and directives(cell) & {'export', 'exports'}
            if shown and cell_lang(cell) == 'python' and 'hide' not in directives(cell):
                cells += [mk_cell(block, 'markdown') for block in blocks(cell.source, lookup)]
                if 'exports' not in directives(cell) and kind_of(cell) != 'imports':
                    cells.append(folded(cell.source))
        self.nb.cells[:] = cells


def statements(cell) -> list:
    try:
        return ast.parse(re.sub(r'^\s*[%!].*', 'pass', cell.source, flags=re.M)).body
    except SyntaxError:
        return []


TEST = re.compile(r'\b(test_\w+|assert|refused|test_fail)\b')


def kind_of(cell) -> str:
    "'imports', 'tests' or '' of a code cell that is not exported"
    nodes = statements(cell)
    if nodes and all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in nodes):
        return 'imports'
    silent = not any(o.output_type != 'error' for o in cell.get('outputs', []))
    return 'tests' if silent and TEST.search(cell.source) else ''


class fold_cells(Processor):
    "Imports are left out; a cell that only tests and shows nothing is folded"
    def cell(self, cell):
        if cell.cell_type != 'code' or not cell.source or directives(cell) & {'export', 'exports', 'exporti', 'hide'}:
            return
        kind = kind_of(cell)
        if kind == 'imports':
            del cell['source']
        elif kind == 'tests' and 'code-fold' not in cell.source:
            cell.source = f'#| code-fold: true\n#| code-summary: "Tests"\n{cell.source}'


def has_picture(cell) -> bool:
    return any('image/png' in o.get('data', {}) or 'image/svg+xml' in o.get('data', {})
               for o in cell.get('outputs', []))


def sentence(text: str) -> str:
    "The last sentence of a piece of markdown that says something in words, as plain text"
    plain = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', text)
    plain = re.sub(r'\$\$.*?\$\$|\$[^$]*\$|^#+ ', ' ', plain, flags=re.S | re.M)
    plain = re.sub(r'[`*_>\\]|\{[^}]*\}', '', plain)
    found = re.findall(r'[^.:!?]+[.:!?]+', ' '.join(plain.split())) or [' '.join(plain.split())]
    said = [s.strip().rstrip(':.') for s in found if len(re.findall(r'[A-Za-z]{2,}', s)) > 2]
    return said[-1] if said else ''


class add_alternatives(Processor):
    "A picture without `fig-alt` is described by the sentence before it, or the heading that it stands under"
    def begin(self):
        said = ''
        for cell in self.nb.cells:
            if cell.cell_type == 'markdown':
                headings = re.findall(r'^#+\s+(.+?)\s*(?:\{.*)?$', cell.source, re.M)
                said = sentence(cell.source) or (f'Figure: {headings[-1]}' if headings else said)
            elif has_picture(cell) and 'fig-alt' not in cell.source and said:
                cell.source = f'#| fig-alt: "{said.replace(chr(34), chr(39))}"\n{cell.source}'


WIDE = 120   # characters of a line


class wrap_outputs(Processor):
    "Lines of plain outputs that no screen holds go on below, set in"
    def _wrapped(self, text):
        def fitted(line):
            if len(line) <= WIDE:
                return line
            return textwrap.fill(line, WIDE - 10, subsequent_indent='    ', break_on_hyphens=False)
        return '\n'.join(map(fitted, text.split('\n')))

    def cell(self, cell):
        for o in cell.get('outputs', []) if cell.cell_type == 'code' else []:
            if 'text' in o:
                o['text'] = self._wrapped(''.join(o['text']))
            elif 'text/plain' in o.get('data', {}):
                o['data']['text/plain'] = self._wrapped(''.join(o['data']['text/plain']))


@functools.cache
def documented() -> set:
    "PAGE#NAME, in lower case, of everything that has a block or a line in one"
    lib, res = get_config().lib_path, set()
    for file in lib.rglob('*.py'):
        page = '.'.join(file.relative_to(lib).with_suffix('').parts)
        exported = set(rooms.exports(file))
        for node in ast.parse(file.read_text(encoding='utf-8')).body:
            if not isinstance(node, DEFINITIONS) or node.name[0] == '_':
                continue
            if node.name in exported or '.' in patched(node):
                res.add(f'{page}.html#{patched(node).lower()}')
                if isinstance(node, ast.ClassDef):
                    res |= {f'{page}.html#{node.name.lower()}.{f.name.lower()}' for f in node.body
                            if isinstance(f, ast.FunctionDef) and f.name[0] != '_'}
    return res


class settle_links(Processor):
    """nbdev links every name that it knows: one that no page documents stays as it was. What lies outside the folder of
    the notebooks is not on the site, but in the repository"""
    def begin(self):
        config = get_config()
        host = f'{config.doc_host}{config.doc_baseurl}/'
        self.repository = f'](https://github.com/{config.user}/{config.repo}/blob/{config.branch}/'
        self.link = re.compile(r'\[(`[^`]*`)\]\(' + re.escape(host) + r'([^)#\s]*#[^)\s]*)\)')

    def cell(self, cell):
        if cell.cell_type == 'markdown' and cell.source:
            settled = self.link.sub(lambda m: m[0] if m[2].lower() in documented() else m[1], cell.source)
            cell.source = settled.replace('](../', self.repository)


class front(FrontmatterProc):
    "What a page says of itself before it begins: a chapter of the thesis has its number, and says how it is cited"
    def end(self):
        name = Path(self.nb.path_).stem
        if name in sidebar.THESIS:
            chapter = sidebar.THESIS.index(name) + 1
            title = f"{chapter}  {self.fm.get('title', name)}"
            self.fm.update({'title': title, 'author': get_config().author, 'citation': True,
                            'number-sections': True, 'number-offset': [chapter, 0]})
        super().end()


class drop_widgets(Processor):
    "Progress bars of the run that made the outputs are dead on a page: no widget, and no manager for it"
    def begin(self):
        self.nb.metadata.pop('widgets', None)

    def cell(self, cell):
        if cell.cell_type == 'code':
            cell.outputs = [o for o in cell.get('outputs', [])
                            if not any('widget' in kind for kind in o.get('data', {}))]
