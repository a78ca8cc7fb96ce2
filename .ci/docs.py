"nbdev_docs, except for the cells that it runs: see `wanted`. With --check, all of it but Quarto's part"
import ast, os, sys
from pathlib import Path
root = Path(__file__).resolve().parent.parent
os.chdir(root)
import nbdev.processors as processors
from nbdev.quarto import nbdev_docs
from nbdev.serve import proc_nbs

_do_eval = processors._do_eval
def wanted(cell):
    """Does `show_doc` need this cell to have run? nbdev thinks so of every cell that imports something, and runs it without
    those before it; a test that begins with its own import would fail there. Its imports are not needed, so leave it out."""
    if cell.cell_type == 'code' and not cell.directives_.keys() & {'export', 'exports', 'exporti', 'exec_doc'}:
        nodes = cell.parsed_() or []
        if any(isinstance(o, (ast.Import, ast.ImportFrom)) for n in nodes for o in ast.walk(n)) and not all(
            isinstance(n, (ast.Import, ast.ImportFrom)) for n in nodes): return False
    return _do_eval(cell)
processors._do_eval = wanted

if __name__ == '__main__':   # in this process (n_workers=0): others would not see the change
    if '--check' in sys.argv: proc_nbs(n_workers=0, force=True)
    else:
        (root/'README.md').touch()   # nbdev_docs makes one of its own if index.ipynb is newer: keep ours
        nbdev_docs.__wrapped__(n_workers=0)
