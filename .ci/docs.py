"nbdev_docs, except for the cells that it runs: see `wanted`. With --check, all of it but Quarto's part"
import ast
import os
import sys
from pathlib import Path

import nbdev.processors as processors
from nbdev.quarto import nbdev_docs
from nbdev.serve import proc_nbs

root = Path(__file__).resolve().parent.parent
os.chdir(root)

EXPORTS = {'export', 'exports', 'exporti', 'exec_doc'}
_do_eval = processors._do_eval


def is_import(node) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def wanted(cell):
    """Does `show_doc` need this cell to have run? nbdev thinks so of every cell that imports something, and runs it
    without those before it; a test that begins with its own import would fail there. Leave such a cell out."""
    if cell.cell_type == 'code' and not cell.directives_.keys() & EXPORTS:
        nodes = cell.parsed_() or []
        imports = any(is_import(inner) for node in nodes for inner in ast.walk(node))
        if imports and not all(is_import(node) for node in nodes):
            return False
    return _do_eval(cell)


processors._do_eval = wanted

if __name__ == '__main__':   # in this process (n_workers=0): others would not see the change
    if '--check' in sys.argv:
        proc_nbs(n_workers=0, force=True)
    else:
        (root/'README.md').touch()   # nbdev_docs makes one of its own if index.ipynb is newer: keep ours
        nbdev_docs.__wrapped__(n_workers=0)
