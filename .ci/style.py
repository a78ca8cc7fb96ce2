"How the package reads: lines, statements, functions, and whether every exported name says what it does"
import ast
import importlib
import subprocess
import sys
import tokenize
import tomllib
from dataclasses import dataclass
from pathlib import Path

import rooms

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
LIB = ROOT/'cxr_weakloc'
LONG, LONGEST, FUNCTION = 120, 160, 60   # characters, characters, lines


def files() -> list:
    "Modules that are made from notebooks"
    return [f for f in sorted(LIB.rglob('*.py')) if f.name not in ('__init__.py', '_modidx.py', 'all.py')]


def rebuilding() -> dict:
    "Modules of pyproject.toml that are not rebuilt yet, and what is to become of them"
    return tomllib.loads((ROOT/'pyproject.toml').read_text(encoding='utf-8'))['tool']['rebuilding']


def rebuilt() -> list:
    "Modules that are held to the rules"
    names = set(rebuilding())
    return [f for f in files() if '.'.join(f.relative_to(LIB).with_suffix('').parts) not in names]


@dataclass
class Density:
    "One row of the design's table, of non-empty lines"
    lines: int
    over_120: float     # share
    over_160: float     # share
    longest: int        # characters
    joined: float       # share of lines with two statements

    def __str__(self):
        return (f'{self.lines} lines, {self.over_120:.1%} over {LONG}, {self.over_160:.1%} over {LONGEST}, '
                f'longest {self.longest}, {self.joined:.1%} joined with ;')


def semicolons(file: Path) -> int:
    "Statements joined with `;`: those in strings are prose"
    with open(file, 'rb') as f:
        return sum(token.string == ';' for token in tokenize.tokenize(f.readline))


def measure(paths) -> Density:
    "Of any package's files"
    lines = [line.rstrip() for f in paths for line in f.read_text(errors='replace').splitlines() if line.strip()]
    n = max(1, len(lines))
    joined = sum(semicolons(f) for f in paths)
    widths = [len(line) for line in lines] or [0]
    over = [sum(w > limit for w in widths)/n for limit in (LONG, LONGEST)]
    return Density(len(lines), *over, max(widths), joined/n)


def functions(file: Path):
    "(name, node) of every function and method of a module"
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node


def density(new=None) -> list:
    "At most 1 % of lines over 120, none over 160, at most 1 % joined; no function over 60 lines"
    d = measure(rebuilt())
    res = []
    if d.over_120 > .01 or d.over_160 > 0 or d.joined > .01:
        res.append(f'the package reads too densely: {d}')
    for file in rebuilt():
        for name, node in functions(file):
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION:
                res.append(f'{file.relative_to(ROOT)}: {name} has {length} lines')
    return res


def ruff(new=None) -> list:
    "What ruff complains of in notebooks and scripts"
    program = Path(sys.executable).parent/'ruff'
    command = [program, 'check', '--output-format', 'concise', 'nbs', 'tests', 'benchmarks', '.ci']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


def parameters(node) -> list:
    "Its parameters, without self and cls"
    args = node.args
    found = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return [a for a in found if a.arg not in ('self', 'cls')]


def undocumented(lines: list, node) -> list:
    "Parameters of a function that share a line or have no comment"
    found = parameters(node)
    at = [a.lineno for a in found]
    return [a.arg for a in found if '#' not in lines[a.lineno - 1] or at.count(a.lineno) > 1]


def silent(file: Path, node) -> list:
    "Public methods of a class that have no docstring and override none"
    bare = [m.name for m in node.body
            if isinstance(m, ast.FunctionDef) and m.name[0] != '_' and not ast.get_docstring(m)]
    if not bare:
        return []
    module = '.'.join(file.relative_to(ROOT).with_suffix('').parts)
    bare = [name for name in bare if not name.startswith(('before_', 'after_'))]   # fastai's events
    bases = getattr(importlib.import_module(module), node.name).__mro__[1:]
    return [name for name in bare if not any(hasattr(base, name) for base in bases)]


def documented(new=None) -> list:
    "Every exported name has a docstring (an overriding method inherits it), every parameter its own line and comment"
    res = []
    for file in rebuilt():
        text = file.read_text(encoding='utf-8')
        lines = text.splitlines()
        where = file.relative_to(ROOT)
        exported = set(rooms.exports(file))
        for node in ast.parse(text).body:
            if getattr(node, 'name', None) not in exported:
                continue
            if not ast.get_docstring(node):
                res.append(f'{where}: {node.name} has no docstring')
            if isinstance(node, ast.FunctionDef):
                bare = undocumented(lines, node)
                if bare:
                    res.append(f"{where}: {node.name}: no comment of their own for {', '.join(bare)}")
            elif isinstance(node, ast.ClassDef):
                res += [f'{where}: {node.name}.{name} has no docstring' for name in silent(file, node)]
    return res


if __name__ == '__main__':
    print(f'all: {measure(files())}\nrebuilt: {measure(rebuilt())}')
    for check in (density, documented):
        print('\n'.join(check()))
