"""What `prepare` costs, beside bare decoding and resizing of the same files in the same run; how it scales; what it needs of memory; how fast a million-row table is.

    python benchmarks/prepare.py [cost] [scale] [memory] [table]     default: all; on a quiet machine with two cores

The floor decodes with pydicom (its own choice of decoder) or Pillow, turns the pixels into float32 and resizes them with torch's antialiased bilinear filter; nothing else. It applies no LUT or window, checks nothing, hashes nothing, writes
nothing. Both run on one core, by turns, on the real chest film of pydicom-data as it is shipped uncompressed and in JPEG 2000 (as VinDr-CXR and MIMIC-CXR have them) and as a JPEG (as MIMIC-CXR-JPG has it)."""
import json, os, subprocess, sys, tempfile, threading, time
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'): os.environ[k] = '1'
from pathlib import Path
from statistics import median
import numpy as np, pandas as pd, torch, torch.nn.functional as F
from cxr_weakloc.data.cache import prepare_cache
from cxr_weakloc.films.images import read_film, save_dicom
from cxr_weakloc.data.schema import BOX, Studies, load_studies, save_studies
torch.set_num_threads(1)

def studies(root, paths):
    ids = [f'{i:06}' for i in range(len(paths))]; f = pd.DataFrame(dict(study_id=ids, patient_id=ids, split='train', view='PA', path=paths), index=pd.Index(ids, name='image_id'))
    return Studies('Benchmark', root, f, pd.DataFrame(index=f.index), pd.DataFrame(columns=['image_id','finding','reader',*BOX]))

def films(d, n): # {kind: studies} of n films each; copies, so that each file is read anew
    from PIL import Image
    from pydicom.data import get_testdata_file
    out = {}
    for kind,name in (('uncompressed', 'RG1_UNCR.dcm'), ('jpeg2000', 'RG1_J2KR.dcm')):
        b = Path(get_testdata_file(name, download=False)).read_bytes(); k = n if kind != 'jpeg2000' else max(4, n//24)
        for i in range(min(k, 16)): (d/f'{kind}{i}.dcm').write_bytes(b)
        for i in range(16, k): os.link(d/f'{kind}{i%16}.dcm', d/f'{kind}{i}.dcm')
        out[kind] = studies(d, [f'{kind}{i}.dcm' for i in range(k)])
    x = (read_film(get_testdata_file('RG1_UNCR.dcm', download=False)).pixels*255).byte().numpy()
    for i in range(n): Image.fromarray(x).save(d/f'{i}.jpg', quality=95)
    out['jpeg'] = studies(d, [f'{i}.jpg' for i in range(n)]); return out

def floor(s, size): # seconds for decoding and resizing alone
    import pydicom
    from PIL import Image
    t = time.perf_counter()
    for p in s.films.path:
        a = np.asarray(Image.open(s.root/p)) if p.endswith('.jpg') else pydicom.dcmread(s.root/p).pixel_array
        h,w = a.shape; k = size/max(h, w); F.interpolate(torch.from_numpy(a.astype(np.float32))[None,None], (round(h*k), round(w*k)), mode='bilinear', antialias=True)
    return time.perf_counter()-t

def ours(s, size, out, workers=1):
    t = time.perf_counter(); prepare_cache(s, out, size, workers=workers, progress=False); return time.perf_counter()-t

def cost(d, n=96, runs=7, size=224):
    from cxr_weakloc.data.cache import _worker_start
    _worker_start(os.getppid()); os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); total = [0., 0.]      # one core, and memory kept as in a worker, for both
    for kind,s in films(d, n).items():
        floor(s.subset(s.ids[:2]), size); ours(s.subset(s.ids[:2]), size, d/f'w-{kind}'); t = []
        for r in range(runs if kind != 'jpeg2000' else 5):  # by turns, a few films at a time: what else the machine does meets both alike
            one,two = (lambda: floor(s, size)), (lambda: ours(s, size, d/f'c-{kind}-{r}')); a,b = (one(), two()) if r%2 else (two(), one()); t.append((a, b) if r%2 else (b, a))
        a,b = (median(o)/len(s)*1e3 for o in zip(*t)); total[0] += a; total[1] += b; print(f'{kind}_floor_ms {a:.2f}\n{kind}_prepare_ms {b:.2f}\n{kind}_ratio {median(y/x for x,y in t):.3f}', flush=True)
    print(f'all_ratio {total[1]/total[0]:.3f}', flush=True)

def scale(d, n=64, runs=3, size=224):
    s = films(d, n)['jpeg2000']; s = studies(d, list(s.films.path)*(192//len(s))); t = {w: [] for w in (1, 2)}
    for r in range(runs):
        for w in t: t[w].append(ours(s, size, d/f's-{w}-{r}', w))
    a,b = (median(t[w]) for w in (1, 2)); print(f'one_worker_films_per_s {len(s)/a:.1f}\ntwo_workers_films_per_s {len(s)/b:.1f}\nscaling_on_two {a/b:.2f}', flush=True)

def peak(code, d): # MiB of a process and its children together, at most
    p = subprocess.Popen([sys.executable, '-c', code]); top = 0
    def rss(pid): # proportional share: memory that processes share counts once
        try: own = sum(int(l.split()[1]) for l in open(f'/proc/{pid}/smaps_rollup') if l.startswith('Pss:'))
        except OSError: return 0
        try: kids = [int(k) for t in os.listdir(f'/proc/{pid}/task') for k in open(f'/proc/{pid}/task/{t}/children').read().split()]
        except OSError: kids = []
        return own + sum(map(rss, kids))
    while p.poll() is None: top = max(top, rss(p.pid)); time.sleep(.05)
    if p.returncode: raise SystemExit('the run failed')
    return top/1024

def memory(d, counts=(200, 5000)):
    g = np.random.default_rng(0); (d/'m').mkdir(exist_ok=True)
    for i in range(20): save_dicom(d/'m'/f'{i}.dcm', g.integers(0, 4096, (1024, 1024)))
    for n in counts:
        for i in range(n): (d/'m'/f'n{i}.dcm').exists() or os.link(d/'m'/f'{i%20}.dcm', d/'m'/f'n{i}.dcm')
        save_studies(studies(d/'m', [f'n{i}.dcm' for i in range(n)]), d/f'saved{n}')
        print(f'memory_mib_{n}_studies', round(peak(f'from cxr_weakloc.data.cache import prepare_cache; from cxr_weakloc.data.schema import load_studies; prepare_cache(load_studies({str(d/f"saved{n}")!r}), {str(d/"mc")!r}, 224, workers=2, progress=False)', d)), flush=True)

def table(d, n=10**6):
    g = np.random.default_rng(0); ids = [f'{i:032x}' for i in range(n)]; pat = g.integers(0, n//4, n)
    f = pd.DataFrame(dict(study_id=[f's{i//2}' for i in range(n)], patient_id=[f'p{i}' for i in pat], split=g.choice(['train','validate','test'], n), view=g.choice(['PA','AP','LATERAL'], n), path=[f'files/{i}.jpg' for i in range(n)]), index=pd.Index(ids, name='image_id'))
    b = pd.DataFrame(dict(image_id=np.array(ids)[g.integers(0, n, n//5)], finding='Cardiomegaly', reader='R1', x_min=1., y_min=2., x_max=3., y_max=4.))
    save_studies(Studies('Million', d, f, pd.DataFrame({'Cardiomegaly': g.choice([0., 1, -1, np.nan], n)}, index=f.index), b), d/'million'); t = []
    for _ in range(3): a = time.perf_counter(); s = load_studies(d/'million'); c = time.perf_counter(); q = s.where(split='train', view=('PA','AP')); t.append((c-a, time.perf_counter()-c)); assert 0 < len(q) < n and set(q.films['view'].unique()) == {'PA','AP'}
    l,w = (median(o) for o in zip(*t)); print(f'million_rows_load_s {l:.2f}\nmillion_rows_filter_s {w:.2f}\nmillion_rows_total_s {l+w:.2f}', flush=True)

if __name__ == '__main__':
    for name in sys.argv[1:] or ('cost','scale','memory','table'):
        with tempfile.TemporaryDirectory() as o: dict(cost=cost, scale=scale, memory=memory, table=table)[name](Path(o))
