"One process, two of this machine, two ranks of a launcher, and a run that was killed: the same store, byte for byte"
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).parent.parent
ENV = {k: v for k, v in os.environ.items() if k not in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK')}
ENV |= dict(OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT))


def films(folder, n=7):
    "A folder of noise"
    folder.mkdir()
    g = np.random.default_rng(0)
    for i in range(n):
        Image.fromarray(g.integers(0, 256, (40, 48), dtype=np.uint8)).save(folder/f'film{i}.png')
    return folder


def same(a, b) -> bool:
    "Do two stores hold the same bytes?"
    chunks = all((a/'chunks'/p.name).read_bytes() == p.read_bytes() for p in (b/'chunks').iterdir())
    return chunks and (a/'probabilities.csv').read_bytes() == (b/'probabilities.csv').read_bytes()


def here(folder, out, chunk, bs, devices=None):
    "The store of a folder, by this process"
    from cxr_weakloc.data import load_folder
    from cxr_weakloc.heatmaps import MapJob, StoreRun, heatmaps_command
    from cxr_weakloc.models import Model
    warnings.filterwarnings('ignore')
    torch.set_num_threads(1)
    job, run = MapJob('cross_gradcam', chunk=chunk), StoreRun(bs, workers=0, devices=devices, quiet=True)
    return heatmaps_command(load_folder(folder), out, Model('phantom'), job, run)


def words(folder, out, chunk, bs) -> list:
    "The same as a command line"
    return ['heatmaps', str(folder), '--weights', 'phantom', '--method', 'cross_gradcam', '--chunk', str(chunk),
            '--bs', str(bs), '--workers', '0', '--out', str(out)]


def module(*args):
    "Run a module of Python and wait for it"
    command = [sys.executable, '-m', *args]
    return subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=900)


def half_written(chunks, pid):
    "What a process that was killed while writing leaves"
    (chunks/f'.00001.safetensors.{pid}.part').write_bytes(b'half')


def test_two_local_processes():
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        films(d/'films')
        here(d/'films', d/'one', 2, 2)
        two = here(d/'films', d/'two', 2, 2, ('cpu', 'cpu'))
        assert not two.missing() and same(d/'one', d/'two')
        dead = subprocess.Popen([sys.executable, '-c', ''])
        dead.wait()
        (d/'two'/'chunks'/'00001.safetensors').unlink()
        half_written(d/'two'/'chunks', dead.pid)
        here(d/'films', d/'two', 2, 2)
        assert same(d/'one', d/'two')


def test_two_ranks_of_the_command():
    "The line that the chapter on the store names for several machines, with two CPU ranks instead"
    launch = '--cpu --num_processes 2 --num_machines 1 --machine_rank 0 --main_process_port 0 --mixed_precision no'
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        films(d/'films')
        here(d/'films', d/'one', 2, 2)
        two = module('accelerate.commands.launch', *launch.split(), '--dynamo_backend', 'no', '-m', 'cxr_weakloc.cli',
                     *words(d/'films', d/'two', 2, 2))
        assert two.returncode == 0, two.stderr[-3000:]
        assert len(list((d/'two'/'chunks').iterdir())) == 4 and same(d/'one', d/'two')


def killed_half_way(command, chunks) -> dict:
    "Start the command, kill it when it has written a chunk; (process id, name of a chunk -> when it was written)"
    p = subprocess.Popen(command, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.time() + 300
    while not list(chunks.glob('[0-9]*')) and p.poll() is None and time.time() < end:
        time.sleep(.01)
    p.send_signal(signal.SIGKILL)
    p.wait()
    return p.pid, {f.name: f.stat().st_mtime_ns for f in chunks.glob('[0-9]*')}


def test_killed():
    "SIGKILL in the middle of a run; the same command goes on, computes what is missing, and ends with the same bytes"
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        films(d/'films', 24)
        line, chunks = words(d/'films', d/'two', 1, 1), d/'two'/'chunks'
        pid, before = killed_half_way([sys.executable, '-m', 'cxr_weakloc.cli', *line], chunks)
        assert 0 < len(before) < 24 and not (d/'two'/'probabilities.csv').exists(), before
        half_written(chunks, pid)
        again = module('cxr_weakloc.cli', *line)
        assert again.returncode == 0, again.stderr[-2000:]
        here(d/'films', d/'one', 1, 1)
        assert same(d/'one', d/'two')
        assert {k: (chunks/k).stat().st_mtime_ns for k in before} == before and not list(chunks.glob('.*'))
