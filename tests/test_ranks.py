"One process, two processes of this machine, and a run that was killed: the same store, byte for byte. (Two ranks of a launcher: nbs/05c_store.ipynb)"
import subprocess, sys, tempfile, warnings
from pathlib import Path
import numpy as np, torch
from PIL import Image

def films(d, n=7):
    d.mkdir(); g = np.random.default_rng(0)
    for i in range(n): Image.fromarray(g.integers(0, 256, (40, 48), dtype=np.uint8)).save(d/f'film{i}.png')
    return d

def same(a, b): return all((a/'chunks'/p.name).read_bytes() == p.read_bytes() for p in (b/'chunks').iterdir()) and (a/'probabilities.csv').read_bytes() == (b/'probabilities.csv').read_bytes()

def test_two_local_processes():
    from cxr_weakloc.store import MapJob, write_store
    from cxr_weakloc.sets import load_folder
    warnings.filterwarnings('ignore'); torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as d:
        d = Path(d); s,job,kw = load_folder(films(d/'films')), MapJob(method='cross_gradcam', chunk=2), dict(bs=2, quiet=True, progress=False)
        write_store(s, d/'one', job=job, **kw); two = write_store(s, d/'two', job=job, devices=['cpu', 'cpu'], **kw)
        assert not two.missing() and same(d/'one', d/'two')
        dead = subprocess.Popen([sys.executable, '-c', '']); dead.wait()
        (d/'two'/'chunks'/'00001.safetensors').unlink(); (d/'two'/'chunks'/f'.00001.safetensors.{dead.pid}.part').write_bytes(b'half')   # as a killed process leaves it
        write_store(s, d/'two', job=job, **kw); assert same(d/'one', d/'two')
