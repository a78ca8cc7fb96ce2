"Run notebooks from top to bottom and keep their outputs: python .ci/run_nb.py nbs/10_films.geometry.ipynb ..."
import os
import re
import sys
import time
from pathlib import Path

from execnb.nbio import read_nb, write_nb
from execnb.shell import CaptureShell
from nbdev.clean import process_write, clean_nb

ROOT = Path(__file__).resolve().parent.parent


def skipped(cell) -> bool:
    "Is this cell not to be run?"
    return cell.cell_type != 'code' or re.search(r'^#\|\s*eval:\s*false', cell.source, re.M) is not None


def run(path: Path):
    "Execute the notebook at `path` in place; the first error ends it, and the file stays as it was"
    nb = read_nb(path)
    shell = CaptureShell(mpl_format='png')
    shell.run_cell('import sys; sys.path.insert(0, %r)' % str(ROOT))
    start = time.time()
    for cell in nb.cells:
        if skipped(cell):
            continue
        cell.outputs = shell.run(cell.source)
        if shell.exc:
            raise SystemExit(f'{path.name}: a cell failed\n{cell.source}\n{shell.exc}')
    write_nb(nb, path)
    process_write(warn_msg='cannot be cleaned', proc_nb=clean_nb, f_in=path)
    print(f'{path.name}: {time.time() - start:.1f} s')


if __name__ == '__main__':
    files = [Path(name).resolve() for name in sys.argv[1:]]
    os.chdir(ROOT/'nbs')
    for file in files:
        run(file)
