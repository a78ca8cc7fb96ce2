"""Checks of what is in the repository. Each takes a copy of it in which all that is generated was made anew,
and returns a list of complaints"""
import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import packages_distributions
from pathlib import Path

import rooms
import style
import yaml
from test_nbs import ENV, NBS, ROOT, _ansi, cells, notebooks, source

LIB = ROOT/'cxr_weakloc'


def fresh() -> Path:
    "A copy of the repository in which all that is generated has been generated anew"
    folder = Path(tempfile.mkdtemp(prefix='cxr_weakloc_'))
    hidden = shutil.ignore_patterns('.*', '_*', 'index_files')
    shutil.copytree(NBS, folder/'nbs', ignore=hidden)
    shutil.copytree(ROOT/'.ci', folder/'.ci', ignore=shutil.ignore_patterns('__pycache__'))
    (folder/LIB.name).mkdir()
    for name in ('settings.ini', 'pyproject.toml', '_quarto.yml', f'{LIB.name}/__init__.py'):
        shutil.copy(ROOT/name, folder/name)
    (folder/'nbs/_quarto.yml').symlink_to('../_quarto.yml')
    done = subprocess.run([sys.executable, '.ci/export.py'], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'the export failed:\n{done.stdout}{done.stderr}')
    subprocess.run([Path(sys.executable).parent/'nbdev_clean'], cwd=folder, check=True, capture_output=True)
    return folder


def differs(new: Path, globs, mend) -> list:
    "Files under `globs` that are not the same, byte for byte, in `new` as here"
    names = sorted({p.relative_to(root).as_posix() for root in (ROOT, new) for g in globs for p in root.glob(g)})

    def state(name):
        if not (new/name).exists():
            return 'is made by no notebook'
        if not (ROOT/name).exists():
            return 'is missing'
        return None if (new/name).read_bytes() == (ROOT/name).read_bytes() else 'is out of step'
    return [f'{name} {said}: {mend}' for name in names if (said := state(name))]


def package(new):
    return differs(new, [f'{LIB.name}/**/*.py'], 'run make export, or delete what is left over')


def readme(new):
    return differs(new, ['README.md', 'index_files/*'], 'run make export')


def site(new):
    return differs(new, ['nbs/sidebar.yml', 'nbs/nbdev.yml', 'nbs/landing.png'], 'run make export')


def clean(new):
    return differs(new, ['nbs/*.ipynb'], 'run nbdev_clean')


def docs(new):
    "Every notebook can be prepared for the site: all that `make docs` does before Quarto. And the pages hold together"
    done = subprocess.run([sys.executable, '.ci/docs.py', '--check'], cwd=new, env={**os.environ, **ENV},
                          capture_output=True, text=True)
    return [] if done.returncode == 0 else _ansi.sub('', done.stdout + done.stderr).splitlines()


def paper(new):
    "The thesis can be printed: every citation, reference and label resolves, or Typst says what does not"
    import thesis
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        try:
            said = thesis.write(ROOT, Path(folder)/'thesis.pdf')
        except Exception as e:
            return [f'{type(e).__name__}: {e}']
        return said + ([] if (Path(folder)/'thesis.pdf').stat().st_size > 1e5 else ['the PDF is empty'])


def outputs(new):
    "Every notebook was committed with its outputs, and none of them is an error"
    res = []
    for notebook in notebooks():
        found = [output for cell in cells(notebook) for output in cell['outputs']]
        if not found and cells(notebook):
            res.append(f'{notebook.name} has no outputs: run it and keep them')
        res += [f"{notebook.name} shows an error: {o['ename']}: {o['evalue']}"
                for o in found if o['output_type'] == 'error']
    return res


def names(new):
    "No two modules export the same name: all.py would keep only the last"
    seen, res = {}, []
    for room, modules in rooms.modules().items():
        for module in modules or ['']:
            file = LIB/room/f'{module}.py' if module else LIB/f'{room}.py'
            for name in rooms.exports(file) if file.exists() else ():
                if name in seen:
                    res.append(f'{name} is exported by both {seen[name]} and {file.relative_to(LIB)}')
                seen[name] = file.relative_to(LIB)
    return res


def house(new):
    "A room imports only rooms above it in the table of pyproject.toml"
    return rooms.misplaced()


def imports(code: str) -> dict:
    "Packages that `code` imports: name -> True if some of it does so when it is loaded, not only inside a function"
    res = {}

    def walk(node, eager):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            eager = False
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = [node.module]
        for name in found:
            top = name.split('.')[0]
            res[top] = res.get(top, False) or eager
        for child in ast.iter_child_nodes(node):
            walk(child, eager)
    walk(ast.parse(code), True)
    return {k: v for k, v in res.items() if k not in sys.stdlib_module_names and k != LIB.name}


def python_of(notebook: Path) -> str:
    "A notebook's code; a shell line or magic is no Python"
    codes = [source(c) for c in cells(notebook) if not source(c).startswith('%%')]
    return '\n'.join(re.sub(r'^\s*[%!].*', 'pass', code, flags=re.M) for code in codes)


def requirements(new):
    "settings.ini asks for all that is imported; what only a function or a notebook needs may be for dev or an extra"
    config = configparser.ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini')
    settings = config['DEFAULT']

    def normal(name):
        return re.sub(r'[-_.]+', '-', name).lower()

    def asked(key):
        return {normal(re.split(r'[<>=!~\[]', item)[0]) for item in settings[key].split()}
    always = asked('requirements')
    sometimes = always | asked('dev_requirements') | {'ipython'}
    for key in settings:
        if key.startswith('extra_'):
            sometimes |= asked(key)
    installed = packages_distributions()
    found = {str(f.relative_to(ROOT)): imports(f.read_text(encoding='utf-8')) for f in LIB.rglob('*.py')}
    found |= {f.name: dict.fromkeys(imports(python_of(f)), False) for f in notebooks()}
    res = []
    for file, packages in found.items():
        for name, eager in packages.items():
            allowed = always if eager else sometimes
            if name in installed and not allowed & set(map(normal, installed[name])):
                res.append(f'{file} imports {name}: add {installed[name][0]} to settings.ini')
    return res


def links(new):
    "What the README links to in this repository is there"
    found = re.findall(r'\]\(([^)\s#]+)', (ROOT/'README.md').read_text(encoding='utf-8'))
    return [f'README.md links to {link}, which is not there' for link in found
            if not re.match('[a-z]+:', link) and not (ROOT/link).exists()]


def citation(new):
    "CITATION.cff has what its format asks for, and the version of settings.ini"
    cited = yaml.safe_load((ROOT/'CITATION.cff').read_text(encoding='utf-8'))
    config = configparser.ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini')
    version = config['DEFAULT']['version']
    res = [f'CITATION.cff lacks {key}' for key in ('cff-version', 'message', 'title', 'authors') if not cited.get(key)]
    if cited.get('version') != version:
        res.append(f'CITATION.cff cites version {cited.get("version")}, settings.ini has {version}')
    return res


def workplace(new):
    "No file names a folder of the machine it was written on"
    pattern = r'/(home|Users)/[a-z]|(^|[^[:alnum:]_.-])/(work|root)/'
    done = subprocess.run(['git', 'grep', '-nIE', pattern, '--', '.', ':!.ci/checks.py'], cwd=ROOT,
                          capture_output=True, text=True)
    return [line[:160] for line in done.stdout.splitlines()]


CHECKS = {
    'package in step with the notebooks': package,
    'README in step with index.ipynb': readme,
    'sidebar in step': site,
    'pages of the site: links, citations, pictures, widths': docs,
    'the thesis as PDF': paper,
    'notebooks clean': clean,
    'notebooks keep their outputs': outputs,
    'no name exported twice': names,
    'rooms import only rooms above them': house,
    'imports are declared': requirements,
    'links of the README lead somewhere': links,
    'CITATION.cff in step': citation,
    'no path of this machine': workplace,
    'ruff: lines, names, complexity': style.ruff,
    'lines as in the table of the design': style.density,
    'every exported name is documented': style.documented,
}
