"Every command that a document shows is one that the parser takes; every help says what the command reads and writes"
import contextlib
import io
import json
import os
import re
import tempfile
from pathlib import Path

from cxr_weakloc.cli import COMMANDS, help_text, load_commands, parse
from cxr_weakloc.core import BadInput

ROOT = Path(__file__).resolve().parent.parent
SHOWN = re.compile(r"""(?:cxr-weakloc|-m cxr_weakloc\.cli) +([a-z]+)((?: +[^\s`;|>#'"]+)*)""")
OPTIONS = re.compile(r'`([a-z]+) (--[^`]*)`')     # of prose: `run --config thesis.toml`


@contextlib.contextmanager
def elsewhere():
    "A folder with the file of settings that documents speak of"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, 'thesis.toml').write_text('out = "results"\n')
        before = os.getcwd()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def documents():
    "(name, text) of what speaks of commands"
    for name in ('README.md', 'CONTRIBUTING.md', 'Makefile', 'thesis.toml'):
        yield name, (ROOT/name).read_text(encoding='utf-8').replace('$(ARGS)', '')
    for file in sorted((ROOT/'cxr_weakloc').rglob('*.py')):
        yield file.name, file.read_text(encoding='utf-8')
    for file in sorted((ROOT/'nbs').glob('*.ipynb')):
        for cell in json.loads(file.read_text(encoding='utf-8'))['cells']:
            if cell['cell_type'] == 'markdown':
                yield file.name, ''.join(cell['source'])


def commands_in(text):
    "Words of the commands that a text shows"
    joined = text.replace('\\\\\n', ' ').replace('\\\n', ' ')
    for found in [*SHOWN.finditer(joined), *OPTIONS.finditer(joined)]:
        if '...' in found[2] or found[1] not in COMMANDS:
            continue
        yield [found[1], *found[2].rstrip('.,:)').split()]


def test_documented_commands():
    load_commands()
    bad, seen = [], 0
    with elsewhere():
        for name, text in documents():
            for words in commands_in(text):
                if len(words) == 1 or '--help' in words:     # its name alone
                    continue
                seen += 1
                try:
                    parse(words)
                except BadInput as e:
                    if ' wants ' in e.what and '--out' not in words:     # prose names an option, not the whole line
                        continue
                    bad.append(f"{name}: {' '.join(words)}: {e}")
    assert not bad, '\n'.join(bad)
    assert seen > 10, seen


def test_help_of_all_commands():
    load_commands()
    for name in COMMANDS:
        text = help_text(name)
        assert text.startswith(f'usage: cxr-weakloc {name} ') and '\nexample:\n' in text, name
        assert re.search(r'^(reads|writes) ', text, re.M), name
        assert f'  cxr-weakloc {name}' in text, name


def test_reference_is_in_step():
    "The page of all commands says what the parser says"
    load_commands()
    cells = json.loads((ROOT/'nbs/98z_cli.__main__.ipynb').read_text(encoding='utf-8'))['cells']
    shown = ''.join(''.join(o.get('data', {}).get('text/markdown', '')) for c in cells for o in c.get('outputs', []))
    for name in COMMANDS:
        assert help_text(name, 100) in shown, f'run nbs/98z_cli.__main__.ipynb: the help of {name} has changed'


def test_thesis_toml():
    "The file of settings in the repository is the one that `run --example` prints"
    load_commands()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        parse(['run', '--example']).run('', 0)
    here = (ROOT/'thesis.toml').read_text(encoding='utf-8')
    assert here == printed.getvalue(), 'cxr-weakloc run --example > thesis.toml'
