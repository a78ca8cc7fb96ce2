"Run every notebook, check that what is made from them is in step, and say how it went: `N passed, N failed`"
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NBS = ROOT/'nbs'
LIMIT = 1800   # seconds for one notebook; the longest takes under a minute, so this only ends what hangs
ENV = dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', TOKENIZERS_PARALLELISM='false',
           HF_HUB_OFFLINE='1', MPLBACKEND='agg', PYTHONUNBUFFERED='1')
_ansi = re.compile(r'\x1b\[[0-9;]*m')


def notebooks(root=ROOT) -> list:
    "The notebooks, in their order"
    return sorted(p for p in (root/'nbs').glob('*.ipynb') if p.name[0] not in '_.')


def cells(notebook: Path, kind='code') -> list:
    "Its cells of one kind"
    found = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    return [cell for cell in found if cell['cell_type'] == kind]


def source(cell) -> str:
    return ''.join(cell['source'])


# ---- in a process of its own: one notebook, or one script of tests/

def run_notebook(path: Path) -> bool:
    "Run the notebook; the error, if any, goes to stderr in full"
    from nbdev.config import get_config
    from nbdev.test import test_nb
    os.chdir(NBS)
    ok, seconds = test_nb(path, skip_flags=get_config().tst_flags.split(), basepath=ROOT)
    if ok and not seconds:
        print('no cell was run: a notebook that does not run is not tested', file=sys.stderr)
        return False
    return ok


def run_script(path: Path) -> bool:
    "Call each function `test_*` of a script in tests/, without arguments"
    import runpy
    sys.path.insert(0, str(ROOT))
    sys.path.insert(0, str(path.parent))
    tests = {k: v for k, v in runpy.run_path(str(path)).items() if k.startswith('test_') and callable(v)}
    if not tests:
        print('no function called test_*', file=sys.stderr)
    failures = 0
    for name, test in tests.items():
        try:
            test()
        except BaseException:
            failures += 1
            print(f'-- {name}\n{traceback.format_exc()}', file=sys.stderr)
    return bool(tests) and not failures


@dataclass
class Outcome:
    "How one notebook, script or check went"
    name: str
    ok: bool
    seconds: float
    said: str   # what it printed


def in_process(path: Path) -> Outcome:
    "Run `path` in a process of its own"
    start = time.time()
    command = [sys.executable, __file__, '--one', str(path)]
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ENV}, timeout=LIMIT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ok, said = done.returncode == 0, done.stdout.decode(errors='replace')
        if done.returncode < 0:
            said += f'\nended by signal {-done.returncode}'
    except subprocess.TimeoutExpired as e:
        ok = False
        said = (e.stdout or b'').decode(errors='replace') + f'\nstill running after {LIMIT} s'
    name = path.relative_to(ROOT).as_posix()
    return Outcome(name, ok, time.time() - start, _ansi.sub('', said).strip())


def run_check(name: str, check, fresh) -> Outcome:
    "One check of what is in the repository: it returns a list of complaints"
    start = time.time()
    try:
        complaints = check(fresh())
    except Exception:
        complaints = traceback.format_exc().splitlines()
    return Outcome(name, not complaints, time.time() - start, '\n'.join(complaints))


def outcomes(only: str):
    "Everything whose name contains `only`, as it ends"
    import checks
    files = [f for f in [*notebooks(), *sorted((ROOT/'tests').glob('test_*.py'))] if only in f.name]
    if not notebooks():
        yield Outcome('notebooks', False, 0, 'there is no notebook in nbs/')
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(in_process, files)
    made = []

    def fresh():
        if not made:
            made.append(checks.fresh())
        return made[0]
    try:
        for name, check in checks.CHECKS.items():
            if only in name:
                yield run_check(name, check, fresh)
    finally:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)


def tell(outcome: Outcome):
    "A line, and what it said if it failed"
    print(f"{'ok    ' if outcome.ok else 'FAILED'} {outcome.name:<44} {outcome.seconds:6.1f} s", flush=True)
    if not outcome.ok:
        print('\n'.join(f'    {line}' for line in outcome.said.splitlines()), flush=True)


def not_run() -> list:
    "Notebooks with cells that no test runs, and how many"
    marked = re.compile(r'^#\|\s*(slow|eval:\s*false)\s*$', re.M)
    counts = {f.name: sum(bool(marked.search(source(cell))) for cell in cells(f)) for f in notebooks()}
    return [f'{name} ({n})' for name, n in counts.items() if n]


def main(only: str = '') -> int:
    "Run everything whose name contains `only`; the exit code"
    start, passed, failed = time.time(), 0, 0
    for outcome in outcomes(only):
        tell(outcome)
        passed += outcome.ok
        failed += not outcome.ok
    if unrun := not_run():
        print(f"cells not run (slow, or eval: false): {', '.join(unrun)}")
    print(f'{time.time() - start:.0f} s\n{passed} passed, {failed} failed', flush=True)
    return int(failed > 0 or passed == 0)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('only', nargs='?', default='', help='run only what has this in its name')
    parser.add_argument('--one', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one = args.one.resolve()
        sys.exit(not (run_notebook if one.suffix == '.ipynb' else run_script)(one))
    sys.exit(main(args.only))
