"""Speed and memory of the scores, against the code that they replace, at identical results: benchmarks/results/scores.csv

Each task runs in a process of its own, whose peak memory is the column `peak_mb` (of which about 500 MB are PyTorch and the imports). The peers are the published
algorithms, written down again here: wsolevaluation with its thousand thresholds and OpenCV's contours, COCO's evaluator, and a bootstrap loop. Run: make bench"""
import csv, os, resource, subprocess, sys, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
S = 224

def maps(n, cells=14, seed=0):
    import torch
    return torch.randn(n, cells, cells, generator=torch.Generator().manual_seed(seed))

def scaled(n):
    from cxr_weakloc.scores.conventions import wsol_scale
    return wsol_scale(maps(n), S)

def boxes(n, seed=0):
    import numpy as np
    r = np.random.default_rng(seed); return [np.sort(r.uniform(0, S, (r.integers(1, 3), 2, 2)), 1).reshape(-1, 4) for _ in range(n)]

def masks(n, seed=1):
    import torch, torch.nn.functional as F
    return torch.cat([F.interpolate(o[:, None], (S, S), mode='bilinear')[:, 0] > .5 for o in maps(n, 3, seed).split(64)])

# ---- the peers

def original_boxes(x, thresholds, multi):
    import cv2, numpy as np
    im = (x*255).astype(np.uint8)[..., None]; h,w = x.shape; out,count = [],[]
    for t in thresholds:
        _,b = cv2.threshold(im, int(t*np.max(im)), 255, cv2.THRESH_BINARY); cs = cv2.findContours(b, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
        if not len(cs): out.append([0, 0, 0, 0]); count.append(1); continue
        cs = cs if multi else [max(cs, key=cv2.contourArea)]; count.append(len(cs))
        for c in cs: a,o,p,q = cv2.boundingRect(c); out.append([a, o, min(a+p, w-1), min(o+q, h-1)])
    return np.array(out),count

def original_iou(a, b):
    import numpy as np
    lo,hi = np.maximum(a[:, None, :2], b[None, :, :2]),np.minimum(a[:, None, 2:], b[None, :, 2:]); i = np.maximum(hi-lo+1, 0).prod(-1)
    area = lambda o: (o[:, 2]-o[:, 0]+1)*(o[:, 3]-o[:, 1]+1)
    return i/(area(a)[:, None]+area(b)[None]-i)

def original_maxboxacc(X, B, multi, deltas):
    import numpy as np
    th = list(np.arange(0, 1, .001)); right = np.zeros((len(deltas), len(th)))
    for x,b in zip(X, B):
        p,count = original_boxes(x, th, multi); v = original_iou(p, b.astype(int)).max(1); v = np.maximum.reduceat(v, np.r_[0, np.cumsum(count)[:-1]])
        right += v[None] >= np.array(deltas)[:, None]
    return (right/len(X)).max(1)

def original_pxap(X, M):
    import numpy as np
    e = np.append(np.arange(0, 1, .001), [1., 2., 3.]); t,f = np.zeros(1002),np.zeros(1002)
    for x,m in zip(X, M):
        if np.isnan(x).any() or (x > 1).any() or (x < 0).any(): raise ValueError(x)     # the original checks every map
        t += np.histogram(x[m == 1], bins=e)[0].astype(float); f += np.histogram(x[m == 0], bins=e)[0].astype(float)
    tp,fp = t[::-1].cumsum(),f[::-1].cumsum(); ok = tp+fp != 0
    with np.errstate(invalid='ignore'): p = tp/(tp+fp)
    return (p[1:]*np.diff(tp/t.sum()))[ok[1:]].sum()

# ---- the tasks: (task, engine) -> prepare() -> what is timed, which returns the figures that have to agree

TASKS = {}
def task(name, engine):
    def f(g): TASKS[name, engine] = g; return g
    return f

N = 200
@task(f'wsol MaxBoxAcc, {N} maps', 'cxr_weakloc')
def _():
    from cxr_weakloc.scores.conventions import wsol_levels, wsol_overlaps
    X,B = scaled(N),boxes(N); wsol_overlaps(X[:1], B[:1])
    return lambda: (wsol_overlaps(X, B)[0][:, wsol_levels()] >= .5).mean(0).max()

@task(f'wsol MaxBoxAcc, {N} maps', 'original, 1,000 thresholds')
def _(): X,B = scaled(N).numpy(),boxes(N); return lambda: original_maxboxacc(X, B, False, (.5,))[0]

@task(f'wsol MaxBoxAccV2, {N} maps', 'cxr_weakloc')
def _():
    from cxr_weakloc.scores.conventions import WSOL_IOUS, wsol_levels, wsol_overlaps
    X,B = scaled(N),boxes(N); wsol_overlaps(X[:1], B[:1])
    def f(): v = wsol_overlaps(X, B)[1][:, wsol_levels()]; return sum((v >= d).mean(0).max() for d in WSOL_IOUS)/3
    return f

@task(f'wsol MaxBoxAccV2, {N} maps', 'original, 1,000 thresholds')
def _(): X,B = scaled(N).numpy(),boxes(N); return lambda: sum(original_maxboxacc(X, B, True, (.3, .5, .7)))/3

P = 1000
@task(f'wsol PxAP, {P} maps', 'cxr_weakloc')
def _():
    import numpy as np
    from cxr_weakloc.scores.conventions import pxap_hist, pxap_stat
    X,M = scaled(P),masks(P); pxap_hist(X[:1], M[:1])
    return lambda: pxap_stat(np.ones((1, P)), pxap_hist(X, M).reshape(P, -1))[0, 0]

@task(f'wsol PxAP, {P} maps', 'original, 1,000 thresholds')
def _(): X,M = scaled(P).numpy(),masks(P).numpy(); return lambda: original_pxap(X, M)

def detections(n=1000):
    import numpy as np
    from cxr_weakloc.scores.boxes import Detections
    r = np.random.default_rng(3); t = [b[:r.integers(0, 2)] for b in boxes(n, 3)]; k = [np.concatenate([b+r.normal(0, 6, b.shape), boxes(1, i)[0][:1]]) for i,b in enumerate(t)]
    k = [np.concatenate([o[:, :2], np.maximum(o[:, 2:], o[:, :2]+1)], 1) for o in k]; im = np.repeat(np.arange(n), [len(o) for o in k]); return Detections(im, np.concatenate(k), r.random(len(im)), n), t

@task('COCO AP, 1000 films', 'cxr_weakloc')
def _():
    from cxr_weakloc.scores.detection import average_precision
    d,t = detections(); return lambda: average_precision(d, t).mean()

@task('COCO AP, 1000 films', 'pycocotools')
def _():
    import contextlib, io
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    d,t = detections(); xywh = lambda b: [float(b[0]), float(b[1]), float(b[2]-b[0]), float(b[3]-b[1])]
    def f():
        k = iter(range(1, 10**6)); gt = COCO()
        with contextlib.redirect_stdout(io.StringIO()):
            gt.dataset = dict(info={}, images=[dict(id=i) for i in range(d.n)], categories=[dict(id=1)], annotations=[dict(id=next(k), image_id=i, category_id=1, bbox=xywh(b), area=xywh(b)[2]*xywh(b)[3], iscrowd=0) for i,o in enumerate(t) for b in o]); gt.createIndex()
            e = COCOeval(gt, gt.loadRes([dict(image_id=int(i), category_id=1, bbox=xywh(b), score=float(s)) for i,b,s in zip(d.image, d.boxes, d.scores)]), 'bbox'); e.params.areaRng,e.params.areaRngLbl = [[0, 1e10]],['all']; e.evaluate(); e.accumulate()
        return e.eval['precision'][:, :, 0, 0, -1].mean()
    return f

@task('bootstrap, 3000 films x 10 figures, 2000 resamples', 'cxr_weakloc')
def _():
    import numpy as np
    from cxr_weakloc.scores.stats import Resamples
    from cxr_weakloc.scores.maps import mean_stat
    v = np.random.default_rng(0).random((3000, 10)); return lambda: float(np.ptp(Resamples(np.arange(3000), 2000).interval(mean_stat, v)[0]))

@task('bootstrap, 3000 films x 10 figures, 2000 resamples', 'a loop')
def _():
    import numpy as np
    v = np.random.default_rng(0).random((3000, 10))
    def f(): r = np.random.default_rng(0); np.quantile([v[r.integers(0, 3000, 3000)].mean(0) for _ in range(2000)], [.025, .975], axis=0); return float(np.ptp(v.mean(0)))
    return f

FULL = 'all protocols, 3000 films x 2 findings, 224 px, 2000 resamples'
@task(FULL, 'cxr_weakloc')
def _():
    import numpy as np, torch
    from cxr_weakloc.evaluation import PUBLISHED, Predictions, Truth, evaluate, tune
    def world(n, seed, split, finding, th=None):
        y = np.arange(n) % 2; m = masks(n, seed) & torch.tensor(y == 1)[:, None, None]; b = [o if v else np.zeros((0, 4)) for o,v in zip(boxes(n, seed), y)]
        t = Truth([f'{split}{i}' for i in range(n)], [f'{split}{i//2}' for i in range(n)], y, m, b, masks(n, seed+1), finding=finding, split=split, mm=np.full((n, 2), 1.4))
        x = maps(n, 14, seed+2)*.5; x = x+torch.cat([torch.nn.functional.interpolate(o[:, None].float(), (14, 14), mode='area')[:, 0] for o in m.split(64)]); return t,Predictions('baseline', 'none', None, x, np.clip(.3*y+np.random.default_rng(seed).random(n)*.7, 0, 1))
    th = None; F = ('Cardiomegaly', 'Pleural effusion')
    for k,f in enumerate(F): t,p = world(60, 10*k, 'validate', f); th = tune([p], t, th, PUBLISHED)
    w = world(8, 99, 'test', F[0]); evaluate(w[1], w[0], th, PUBLISHED, n_boot=10)         # compiled and imported
    def go():
        n = 0
        for k,f in enumerate(F):
            t,p = world(3000, 10*k+5, 'test', f)
            n += len(evaluate(p, t, th, PUBLISHED).results)
            del t,p
        return n
    return go

def one(i): # in a process of its own
    g = list(TASKS.values())[i]; f = g(); t = time.perf_counter(); v = f(); t = time.perf_counter()-t
    print(f'{t!r} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/(1024 if sys.platform != "darwin" else 2**20)!r} {float(v)!r}')

def main(only=''):
    rows,seen = [],{}
    for i,(name,engine) in enumerate(TASKS):
        if only not in name: continue
        out = subprocess.run([sys.executable, __file__, '--one', str(i)], capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': os.environ.get('OMP_NUM_THREADS', '2')})
        if out.returncode: print(out.stderr[-3000:], file=sys.stderr); raise SystemExit(f'{name} ({engine}) failed')
        s,mb,v = map(float, out.stdout.split()[-3:]); rows.append((name, engine, round(s, 4), round(mb))); ours = seen.setdefault(name, (s, v))
        if abs(v-ours[1]) > 1e-12: raise SystemExit(f'{name}: {engine} says {v!r}, cxr_weakloc {ours[1]!r}')
        print(f'{name:<66} {engine:<28} {s:9.3f} s {mb:6.0f} MB' + ('' if engine == 'cxr_weakloc' else f'   {s/ours[0]:5.1f} x, same figure'), flush=True)
    if not only:
        p = HERE/'results'/'scores.csv'; p.parent.mkdir(exist_ok=True); tmp = p.with_suffix('.part')
        with tmp.open('w', newline='') as f: w = csv.writer(f); w.writerow(['task', 'engine', 'seconds', 'peak_mb']); w.writerows(rows)
        os.replace(tmp, p); print(p)

if __name__ == '__main__':
    if sys.argv[1:2] == ['--one']: one(int(sys.argv[2]))
    else: main(*sys.argv[1:2])
