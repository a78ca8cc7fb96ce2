"The site: nbdev's pages with the blocks of pages.py in place of its own. With --check, all of it but Quarto's part"
import os
import shutil
import sys
from pathlib import Path

import nbdev.processors as processors
from nbdev.frontmatter import FrontmatterProc
from nbdev.quarto import nbdev_docs
from nbdev.serve import proc_nbs

root = Path(__file__).resolve().parent.parent
os.chdir(root)
sys.path.insert(0, str(root/'.ci'))

import pages   # noqa: E402  (after the folder is set)


def page_processors(self):
    "What makes a page of a notebook; nothing is run"
    p = processors
    return [FrontmatterProc, p.populate_language, pages.add_alternatives, pages.add_blocks, p.insert_warning,
            p.strip_ansi, p.hide_line, p.filter_stream_, p.rm_header_dash, pages.fold_cells, p.rm_export,
            p.clean_magics, p.hide_, p.add_links, p.strip_hidden_metadata]


processors.FilterDefaults.base_procs = page_processors
MISSING = 'make docs needs Quarto 1.7 on the path: https://quarto.org/docs/get-started'

if __name__ == '__main__':   # in this process (n_workers=0): others would not see the change
    if '--check' in sys.argv:
        proc_nbs(n_workers=0, force=True)
    elif shutil.which('quarto') is None:
        raise SystemExit(MISSING)
    else:
        (root/'README.md').touch()   # nbdev_docs makes one of its own if index.ipynb is newer: keep ours
        nbdev_docs.__wrapped__(n_workers=0)
