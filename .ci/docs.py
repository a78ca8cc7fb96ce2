"The site: nbdev's pages with the blocks of pages.py in place of its own. With --check, all of it but Quarto's part"
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbdev.processors as processors
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

root = Path(__file__).resolve().parent.parent
os.chdir(root)
sys.path.insert(0, str(root/'.ci'))

import links   # noqa: E402  (after the folder is set)
import pages   # noqa: E402
import thesis   # noqa: E402
from nbdev.config import get_config   # noqa: E402


def page_processors(self):
    "What makes a page of a notebook; nothing is run"
    p = processors
    return [pages.front, p.populate_language, pages.add_alternatives, pages.add_blocks, p.insert_warning, p.strip_ansi,
            p.hide_line, p.filter_stream_, p.rm_header_dash, pages.fold_cells, p.rm_export, p.clean_magics, p.hide_,
            p.add_links, pages.settle_links, pages.wrap_outputs, p.strip_hidden_metadata, pages.drop_widgets]


processors.FilterDefaults.base_procs = page_processors
MISSING = '''make docs needs Quarto 1.7 or later on the path: https://quarto.org/docs/get-started
On Linux: curl -LO https://github.com/quarto-dev/quarto-cli/releases/download/v1.7.34/quarto-1.7.34-linux-amd64.deb
          sudo apt-get install ./quarto-1.7.34-linux-amd64.deb
Without it: make docs ARGS=--check prepares every page and checks links, anchors, pictures, citations and widths.'''



def check() -> list:
    "What is wrong with the pages as Quarto would get them"
    proc_nbs(n_workers=0, force=True)
    missing = [f'{p.name} was not prepared' for p in sorted((root/'nbs').glob('[!_.]*.ipynb'))
               if not (root/'_proc'/p.name).exists()]
    return missing + links.complaints(root, get_config().doc_host + get_config().doc_baseurl)


def build():
    "Pages, the thesis on paper, and Quarto over both; a warning of Quarto's is an error"
    refresh_quarto_yml()
    cache, config = proc_nbs(n_workers=0, force=True), get_config()
    thesis.write(root, cache/'thesis.pdf')
    command = ['quarto', 'render', '--no-cache']
    warnings = []
    with subprocess.Popen(command, cwd=cache, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as quarto:
        for line in quarto.stdout:
            print(line, end='', flush=True)
            warnings += [line.strip()] if re.search(r'\bWARN(ING)?\b', line) else []
    if quarto.returncode or warnings:
        raise SystemExit('\n'.join(['the site was not built:', *warnings]))
    shutil.rmtree(config.doc_path, ignore_errors=True)
    shutil.move(cache/config.doc_path.name, root)


if __name__ == '__main__':   # in this process (n_workers=0): others would not see the change
    if '--check' in sys.argv:
        found = check()
        print('\n'.join(found))
        sys.exit(len(found) > 0)
    elif shutil.which('quarto') is None:
        raise SystemExit(MISSING)
    build()
