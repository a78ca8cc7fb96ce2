"One process, two of this machine, two ranks of a launcher, and a run that was killed: the same store, byte for byte"
import os, signal, subprocess, sys, tempfile, time, warnings
from pathlib import Path
import numpy as np, torch
from PIL import Image

def films(d, n=7):
    d.mkdir(); g = np.random.default_rng(0)
    for i in range(n): Image.fromarray(g.integers(0, 256, (40, 48), dtype=np.uint8)).save(d/f'film{i}.png')
    return d

def same(a, b): return all((a/'chunks'/p.name).read_bytes() == p.read_bytes() for p in (b/'chunks').iterdir()) and (a/'probabilities.csv').read_bytes() == (b/'probabilities.csv').read_bytes()

def test_two_local_processes():
    from cxr_weakloc.heatmaps.store import MapJob, write_store
    from cxr_weakloc.data import load_folder
    warnings.filterwarnings('ignore'); torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as d:
        d = Path(d); s,job,kw = load_folder(films(d/'films')), MapJob(method='cross_gradcam', chunk=2), dict(bs=2, quiet=True, progress=False)
        write_store(s, d/'one', job=job, **kw); two = write_store(s, d/'two', job=job, devices=['cpu', 'cpu'], **kw)
        assert not two.missing() and same(d/'one', d/'two')
        dead = subprocess.Popen([sys.executable, '-c', '']); dead.wait()
        (d/'two'/'chunks'/'00001.safetensors').unlink(); (d/'two'/'chunks'/f'.00001.safetensors.{dead.pid}.part').write_bytes(b'half')   # as a killed process leaves it
        write_store(s, d/'two', job=job, **kw); assert same(d/'one', d/'two')

ENV = {k: v for k,v in os.environ.items() if k not in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK')} | dict(OMP_NUM_THREADS='1', PYTHONPATH=str(Path(__file__).parent.parent))

def here(folder, out, **kw): # the same in this process
    from cxr_weakloc.data import load_folder
    from cxr_weakloc.heatmaps.store import heatmaps_command
    warnings.filterwarnings('ignore'); torch.set_num_threads(1); return heatmaps_command(load_folder(folder), out, workers=0, quiet=True, **kw)

def test_two_ranks_of_the_command():
    "The line that chapter 5c and `cxr-weakloc heatmaps --help` name for several machines, with two CPU ranks instead"
    with tempfile.TemporaryDirectory() as d:
        d = Path(d); films(d/'films'); words = ['heatmaps', str(d/'films'), '--method', 'cross_gradcam', '--chunk', '2', '--bs', '2', '--workers', '0', '--out']
        here(d/'films', d/'one', method='cross_gradcam', chunk=2, bs=2); run = lambda *a: subprocess.run([sys.executable, '-m', *a], env=ENV, capture_output=True, text=True, timeout=900)
        two = run('accelerate.commands.launch', '--cpu', '--num_processes', '2', '--num_machines', '1', '--machine_rank', '0', '--main_process_port', '0', '--mixed_precision', 'no', '--dynamo_backend', 'no', '-m', 'cxr_weakloc.cli', *words, str(d/'two')); assert two.returncode == 0, two.stderr[-3000:]
        assert len(list((d/'two'/'chunks').iterdir())) == 4 and same(d/'one', d/'two')

def test_killed():
    "SIGKILL in the middle of a run; the same command goes on, computes only what is missing, and ends with the same bytes"
    with tempfile.TemporaryDirectory() as d:
        d = Path(d); films(d/'films', 24); words = [sys.executable, '-m', 'cxr_weakloc.cli', 'heatmaps', str(d/'films'), '--method', 'cross_gradcam', '--chunk', '1', '--bs', '1', '--workers', '0', '--out']
        p = subprocess.Popen([*words, str(d/'two')], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); end = time.time() + 300
        done = lambda: sorted((d/'two'/'chunks').glob('[0-9]*')) if (d/'two'/'chunks').exists() else []
        while not done() and p.poll() is None and time.time() < end: time.sleep(.01)
        p.send_signal(signal.SIGKILL); p.wait(); before = {f.name: f.stat().st_mtime_ns for f in done()}; assert 0 < len(before) < 24 and not (d/'two'/'probabilities.csv').exists(), before
        (d/'two'/'chunks'/f'.00023.safetensors.{p.pid}.part').write_bytes(b'half')          # had it died while writing
        r = subprocess.run([*words, str(d/'two')], env=ENV, capture_output=True, text=True, timeout=900); assert r.returncode == 0, r.stderr[-2000:]
        here(d/'films', d/'one', method='cross_gradcam', chunk=1, bs=1); assert same(d/'one', d/'two') and {k: (d/'two'/'chunks'/k).stat().st_mtime_ns for k in before} == before and not list((d/'two'/'chunks').glob('.*'))
