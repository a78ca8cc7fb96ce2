"""`cxr-weakloc prepare`, killed at random moments by a signal that cannot be caught, and resumed with the same command:
all that it leaves (shards, index, settings, the look, the list of what was set aside) must be byte for byte that of an
undisturbed run.

    python benchmarks/kill_prepare.py [TIMES] [SEED] [WORKERS]     default 20 0 2

Every other time the kill takes the whole group, as a scheduler or a machine that goes down does; else the command
alone, and its workers must end by themselves. Some runs are killed again while they resume. A kill that came too late,
when the command had ended, does not count and is done again. Ends with 1 if anything differs, or is left over."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ[name] = '1'   # before anything imports numpy
os.environ['MPLBACKEND'] = 'agg'

import numpy as np   # noqa: E402

from cxr_weakloc.films import save_dicom   # noqa: E402

CODE = 'import sys; from cxr_weakloc.cli import main; sys.exit(main(sys.argv[1:]))'
FILMS = 400


def state(folder):
    "Name -> bytes of all files; hidden ones too, for nothing half-written may stay"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


def make_set(d, n, g):
    "A folder of films with a table, some of them no films, one missing"
    for i in range(n):
        save_dicom(d/'films'/f'{i:04}.dcm', g.integers(0, 4096, (512, 512)), monochrome1=i % 7 == 3)
    (d/'films'/'0007.dcm').write_text('no film')
    half = (d/'films'/'0090.dcm').read_bytes()
    (d/'films'/'0090.dcm').write_bytes(half[:len(half)//2])
    films = [f'{i:04},p{i//2},train,PA,{i % 2}' for i in range(n + 1)]
    boxes = [f'{i:04},Cardiomegaly,{50 + i % 9},60,300,{400 + i % 9},R{i % 3}' for i in range(1, n, 2)]
    tables = dict(labels=['image_id,patient_id,split,view,Cardiomegaly', *films],
                  boxes=['image_id,class_name,x_min,y_min,x_max,y_max,rad_id', *boxes])
    for name, lines in tables.items():
        (d/f'{name}.csv').write_text('\n'.join(lines) + '\n')


class Prepare:
    "The command, over the set in `d`"
    def __init__(self, d, workers):
        self.d, self.workers = d, workers

    def start(self, out):
        "The process, once it has said how many films there are"
        options = dict(table=self.d/'labels.csv', boxes=self.d/'boxes.csv', out=out, size=224, workers=self.workers)
        words = [str(w) for name, value in options.items() for w in (f'--{name}', value)]
        process = subprocess.Popen(
            [sys.executable, '-c', CODE, 'prepare', str(self.d/'films'), *words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        first = process.stdout.readline()
        assert str(FILMS) in first, first
        return process

    def run(self, out):
        "To its end; seconds"
        process, start = self.start(out), time.perf_counter()
        process.stdout.read()
        assert process.wait() == 0
        return time.perf_counter() - start

    def killed(self, out, after, group):
        "Killed so many seconds after its first line; False if it had ended by then"
        process = self.start(out)
        try:
            process.wait(after)
            early = False
        except subprocess.TimeoutExpired:
            early = True
        if early and group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        process.stdout.close()
        return early


class Trial:
    "Kills and resumptions, and what they left"
    def __init__(self, prepare, g, most):
        self.prepare, self.g, self.most, self.seen = prepare, g, most, Counter()
        out = prepare.d/'clean'
        self.seconds = prepare.run(out)
        self.clean = state(out)
        prepare.run(prepare.d/'clean2')
        assert state(prepare.d/'clean2') == self.clean, 'two undisturbed runs differ: nothing could be concluded'

    def kill(self, k):
        "Trial `k`: killed one, two or three times, then resumed to the end"
        out, group, kills = self.prepare.d/f'k{k}', k % 2 == 0, 0
        while kills < 1 + k % 3 and self.seen['late'] < self.most:
            early = self.prepare.killed(out, float(self.g.uniform(0, self.seconds)), group)
            kills += early
            self.seen['hit' if early else 'late'] += 1
            if not early:
                shutil.rmtree(out)   # it was done: from the start
        names = [p.name for p in out.rglob('*') if p.is_file()]
        shards = sum(name.startswith('shard-') for name in names)
        self.seen['half written'] += any(name.endswith('.part') for name in names)
        self.seen['begun'] += shards > 0
        self.prepare.run(out)
        time.sleep(.6)   # workers whose parent is gone have ended by then
        same = state(out) == self.clean
        self.seen['same'] += same
        whom, result = 'the group' if group else 'the command', 'identical' if same else 'DIFFERENT'
        print(f'killed {k + 1}: {kills} kills of {whom}, {shards} shards were there: {result}', flush=True)


def main(times=20, seed=0, workers=2):
    g = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        d = Path(folder)
        make_set(d, FILMS, g)
        trial = Trial(Prepare(d, workers), g, 10*times)
        kinds = ', '.join(sorted({Path(name).name.split('-0')[0] for name in trial.clean}))
        print(f'undisturbed_s {trial.seconds:.2f}\nfiles {len(trial.clean)}: {kinds}', flush=True)
        for k in range(times):
            trial.kill(k)
        seen = trial.seen
        print(f"killed_while_at_work {seen['hit']}\ncame_too_late {seen['late']}\n"
              f"left_half_written {seen['half written']}\nwith_work_to_keep {seen['begun']}\n"
              f"identical {seen['same']} of {times}")
        return int(seen['same'] < times or seen['hit'] < times or not seen['begun'])


if __name__ == '__main__':
    if sys.argv[1:2] in (['-h'], ['--help']):
        sys.exit(print(__doc__))
    sys.exit(main(*map(int, sys.argv[1:4])))
