"The site: nbdev's pages with the blocks of pages.py in place of its own. With --check, all of it but Quarto's part"
import os
import shutil
import sys
from pathlib import Path

import nbdev.processors as processors
from nbdev.quarto import nbdev_docs
from nbdev.serve import proc_nbs

root = Path(__file__).resolve().parent.parent
os.chdir(root)
sys.path.insert(0, str(root/'.ci'))

import links   # noqa: E402  (after the folder is set)
import pages   # noqa: E402
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

if __name__ == '__main__':   # in this process (n_workers=0): others would not see the change
    if '--check' in sys.argv:
        proc_nbs(n_workers=0, force=True)
        host = get_config().doc_host + get_config().doc_baseurl
        found = [f'{p.name} was not prepared' for p in sorted((root/'nbs').glob('[!_.]*.ipynb'))
                 if not (root/'_proc'/p.name).exists()] + links.complaints(root, host)
        print('\n'.join(found))
        sys.exit(len(found) > 0)
    elif shutil.which('quarto') is None:
        raise SystemExit(MISSING)
    else:
        (root/'README.md').touch()   # nbdev_docs makes one of its own if index.ipynb is newer: keep ours
        nbdev_docs.__wrapped__(n_workers=0)
