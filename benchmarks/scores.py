"""Speed and memory of the scores beside the code that they replace, at identical results: benchmarks/results/scores.csv

`python benchmarks/scores.py [WORD]`: all tasks, or those whose name contains the word (no file is written then). Each
task runs in a process of its own, whose peak memory is the column `peak_mb` (of which about 500 MB are PyTorch and the
imports). `seconds` is what passed, `cpu_seconds` what the process and its threads worked: the one to compare on a busy
machine. The peers are the published algorithms, written down again here: wsolevaluation with its thousand thresholds
and OpenCV's contours, COCO's evaluator, and a bootstrap loop.
"""
import csv
import os
import resource
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIDE = 224                          # of films and maps, pixels
COLUMNS = ('task', 'engine', 'seconds', 'cpu_seconds', 'peak_mb')
OURS = 'cxr_weakloc'
WSOL = 'original, 1,000 thresholds'

TASKS = {}   # (task, engine) -> prepare() -> what is timed; it returns a figure in which all engines must agree


def task(name, engine):
    "Register a task of one engine"
    def register(prepare):
        TASKS[name, engine] = prepare
        return prepare
    return register


# What is scored: the same random maps, boxes and masks for all engines


def maps(n, cells=14, seed=0):
    "(n,cells,cells) random maps"
    import torch
    return torch.randn(n, cells, cells, generator=torch.Generator().manual_seed(seed))


def scaled(n):
    "(n,SIDE,SIDE) maps as wsolevaluation wants them"
    from cxr_weakloc.scores.conventions import wsol_scale
    return wsol_scale(maps(n), SIDE)


def boxes(n, seed=0):
    "One or two random boxes for each of n films"
    import numpy as np
    r = np.random.default_rng(seed)
    corners = [r.uniform(0, SIDE, (r.integers(1, 3), 2, 2)) for _ in range(n)]
    return [np.sort(c, 1).reshape(-1, 4) for c in corners]


def masks(n, seed=1):
    "(n,SIDE,SIDE) random blobs"
    import torch
    import torch.nn.functional as F
    parts = maps(n, 3, seed)[:, None].split(64)
    return torch.cat([F.interpolate(part, (SIDE, SIDE), mode='bilinear')[:, 0] > .5 for part in parts])


# The peers: wsolevaluation (Choe et al. 2020)


def original_boxes(x, thresholds, multi):
    "Boxes of a map at each threshold, all stacked, and how many each threshold has"
    import cv2
    import numpy as np
    image = (x*255).astype(np.uint8)[..., None]
    h, w = x.shape
    found, counts = [], []
    for t in thresholds:
        _, binary = cv2.threshold(image, int(t*np.max(image)), 255, cv2.THRESH_BINARY)
        contours = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
        if not len(contours):
            found.append([0, 0, 0, 0])
            counts.append(1)
            continue
        if not multi:
            contours = [max(contours, key=cv2.contourArea)]
        counts.append(len(contours))
        for contour in contours:
            left, top, width, height = cv2.boundingRect(contour)
            found.append([left, top, min(left + width, w - 1), min(top + height, h - 1)])
    return np.array(found), counts


def original_iou(a, b):
    "(n,m) IoU of boxes whose last pixel belongs to them"
    import numpy as np
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.maximum(high - low + 1, 0).prod(-1)

    def area(o):
        return (o[:, 2] - o[:, 0] + 1)*(o[:, 3] - o[:, 1] + 1)

    return common/(area(a)[:, None] + area(b)[None] - common)


def original_maxboxacc(X, B, multi, deltas):
    "MaxBoxAcc, or V2 for `multi`, at each IoU of `deltas`"
    import numpy as np
    thresholds = list(np.arange(0, 1, .001))
    right = np.zeros((len(deltas), len(thresholds)))
    for x, b in zip(X, B):
        found, counts = original_boxes(x, thresholds, multi)
        best = original_iou(found, b.astype(int)).max(1)
        best = np.maximum.reduceat(best, np.r_[0, np.cumsum(counts)[:-1]])
        right += best[None] >= np.array(deltas)[:, None]
    return (right/len(X)).max(1)


def original_pxap(X, M):
    "Pixel average precision from histograms of all pixels"
    import numpy as np
    edges = np.append(np.arange(0, 1, .001), [1., 2., 3.])
    true, false = np.zeros(1002), np.zeros(1002)
    for x, m in zip(X, M):
        if np.isnan(x).any() or (x > 1).any() or (x < 0).any():   # the original checks every map
            raise ValueError(x)
        true += np.histogram(x[m == 1], bins=edges)[0].astype(float)
        false += np.histogram(x[m == 0], bins=edges)[0].astype(float)
    tp, fp = true[::-1].cumsum(), false[::-1].cumsum()
    ok = tp + fp != 0
    with np.errstate(invalid='ignore'):
        precision = tp/(tp + fp)
    return (precision[1:]*np.diff(tp/true.sum()))[ok[1:]].sum()


N, P = 200, 1000   # maps of the tasks with boxes, and with pixels


@task(f'wsol MaxBoxAcc, {N} maps', OURS)
def _():
    from cxr_weakloc.scores.conventions import wsol_levels, wsol_overlaps
    X, B = scaled(N), boxes(N)
    wsol_overlaps(X[:1], B[:1])   # compiled
    return lambda: (wsol_overlaps(X, B)[0][:, wsol_levels()] >= .5).mean(0).max()


@task(f'wsol MaxBoxAcc, {N} maps', WSOL)
def _():
    X, B = scaled(N).numpy(), boxes(N)
    return lambda: original_maxboxacc(X, B, False, (.5,))[0]


@task(f'wsol MaxBoxAccV2, {N} maps', OURS)
def _():
    from cxr_weakloc.scores.conventions import WSOL_IOUS, wsol_levels, wsol_overlaps
    X, B = scaled(N), boxes(N)
    wsol_overlaps(X[:1], B[:1])

    def accuracy():
        best = wsol_overlaps(X, B)[1][:, wsol_levels()]
        return sum((best >= iou).mean(0).max() for iou in WSOL_IOUS)/3

    return accuracy


@task(f'wsol MaxBoxAccV2, {N} maps', WSOL)
def _():
    X, B = scaled(N).numpy(), boxes(N)
    return lambda: sum(original_maxboxacc(X, B, True, (.3, .5, .7)))/3


@task(f'wsol PxAP, {P} maps', OURS)
def _():
    import numpy as np

    from cxr_weakloc.scores.conventions import pxap_hist, pxap_stat
    X, M = scaled(P), masks(P)
    pxap_hist(X[:1], M[:1])
    return lambda: pxap_stat(np.ones((1, P)), pxap_hist(X, M).reshape(P, -1))[0, 0]


@task(f'wsol PxAP, {P} maps', WSOL)
def _():
    X, M = scaled(P).numpy(), masks(P).numpy()
    return lambda: original_pxap(X, M)


# COCO's average precision


def detections(n=1000):
    "Marks near the lesions and somewhere else, in n films, half of them without a lesion; and the lesions"
    import numpy as np

    from cxr_weakloc.scores.boxes import Detections
    r = np.random.default_rng(3)
    lesions = [b[:r.integers(0, 2)] for b in boxes(n, 3)]
    marks = [np.concatenate([b + r.normal(0, 6, b.shape), boxes(1, i)[0][:1]]) for i, b in enumerate(lesions)]
    marks = [np.concatenate([o[:, :2], np.maximum(o[:, 2:], o[:, :2] + 1)], 1) for o in marks]
    film = np.repeat(np.arange(n), [len(o) for o in marks])
    return Detections(film, np.concatenate(marks), r.random(len(film)), n), lesions


@task('COCO AP, 1000 films', OURS)
def _():
    from cxr_weakloc.scores.detection import average_precision
    found, lesions = detections()
    return lambda: average_precision(found, lesions).mean()


def coco_tables(found, lesions):
    "Lesions and marks as COCO's dictionaries"
    def xywh(b):
        return [float(b[0]), float(b[1]), float(b[2] - b[0]), float(b[3] - b[1])]

    ids = count(1)
    truth = [dict(id=next(ids), image_id=i, category_id=1, bbox=xywh(b), area=xywh(b)[2]*xywh(b)[3], iscrowd=0)
             for i, each in enumerate(lesions) for b in each]
    marks = [dict(image_id=int(i), category_id=1, bbox=xywh(b), score=float(s))
             for i, b, s in zip(found.image, found.boxes, found.scores)]
    films = [dict(id=i) for i in range(found.n)]
    return dict(info={}, images=films, categories=[dict(id=1)], annotations=truth), marks


@task('COCO AP, 1000 films', 'pycocotools')
def _():
    import contextlib
    import io

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    found, lesions = detections()

    def precision():
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO()
            coco.dataset, marks = coco_tables(found, lesions)
            coco.createIndex()
            judge = COCOeval(coco, coco.loadRes(marks), 'bbox')
            judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ['all']
            judge.evaluate()
            judge.accumulate()
        return judge.eval['precision'][:, :, 0, 0, -1].mean()

    return precision


# Resampling

BOOTSTRAP = 'bootstrap, 3000 films x 10 figures, 2000 resamples'


@task(BOOTSTRAP, OURS)
def _():
    import numpy as np

    from cxr_weakloc.scores.stats import Resamples, mean_stat
    values = np.random.default_rng(0).random((3000, 10))
    return lambda: float(np.ptp(Resamples(np.arange(3000), 2000).interval(mean_stat, values)[0]))


@task(BOOTSTRAP, 'a loop')
def _():
    import numpy as np
    values = np.random.default_rng(0).random((3000, 10))

    def loop():
        r = np.random.default_rng(0)
        means = [values[r.integers(0, 3000, 3000)].mean(0) for _ in range(2000)]
        np.quantile(means, [.025, .975], axis=0)
        return float(np.ptp(values.mean(0)))

    return loop


# All published protocols at VinDr-CXR's size


def world(n, seed, split, finding):
    "Truth and predictions of n films, every other one sick"
    import numpy as np
    import torch
    import torch.nn.functional as F

    from cxr_weakloc.evaluation import Predictions, Truth
    labels = np.arange(n) % 2
    lesions = masks(n, seed) & torch.tensor(labels == 1)[:, None, None]
    marks = [b if sick else np.zeros((0, 4)) for b, sick in zip(boxes(n, seed), labels)]
    ids, patients = [f'{split}{i}' for i in range(n)], [f'{split}{i//2}' for i in range(n)]
    anatomy, mm = masks(n, seed + 1), np.full((n, 2), 1.4)
    truth = Truth(ids, patients, labels, lesions, marks, anatomy, finding=finding, split=split, mm=mm)
    coarse = [F.interpolate(part[:, None].float(), (14, 14), mode='area')[:, 0] for part in lesions.split(64)]
    evidence = maps(n, 14, seed + 2)*.5 + torch.cat(coarse)
    prob = np.clip(.3*labels + np.random.default_rng(seed).random(n)*.7, 0, 1)
    return truth, Predictions('baseline', 'none', None, evidence, prob)


@task('all protocols, 3000 films x 2 findings, 224 px, 2000 resamples', OURS)
def _():
    from cxr_weakloc.evaluation import PUBLISHED, evaluate, tune
    thresholds, findings = None, ('Cardiomegaly', 'Pleural effusion')
    for k, name in enumerate(findings):
        truth, said = world(60, 10*k, 'validate', name)
        thresholds = tune([said], truth, thresholds, PUBLISHED)
    truth, said = world(8, 99, 'test', findings[0])
    evaluate(said, truth, thresholds, PUBLISHED, n_boot=10)         # compiled and imported

    def judge():
        rows = 0
        for k, name in enumerate(findings):
            truth, said = world(3000, 10*k + 5, 'test', name)
            rows += len(evaluate(said, truth, thresholds, PUBLISHED).results)
        return rows

    return judge


# Running them


def work(number):
    "One task, in this process: seconds, CPU seconds, peak MB and the figure, on one line"
    timed = list(TASKS.values())[number]()
    wall, cpu = time.perf_counter(), time.process_time()
    figure = timed()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    unit = 2**20 if sys.platform == 'darwin' else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/unit
    print(*(repr(float(v)) for v in (wall, cpu, peak, figure)))


def measured(number, name, engine):
    "The four figures of a task that runs in a process of its own"
    env = {**os.environ, 'OMP_NUM_THREADS': os.environ.get('OMP_NUM_THREADS', '2')}
    done = subprocess.run([sys.executable, __file__, '--one', str(number)], capture_output=True, text=True, env=env)
    if done.returncode:
        print(done.stderr[-3000:], file=sys.stderr)
        raise SystemExit(f'{name} ({engine}) failed')
    return map(float, done.stdout.split()[-4:])


def write(rows):
    "The table, whole or not at all"
    path = HERE/'results'/'scores.csv'
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix('.part')
    with part.open('w', newline='') as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(rows)
    os.replace(part, path)
    print(path)


def main(only=''):
    "All tasks whose name contains `only`; raises if two engines do not agree"
    rows, first = [], {}
    for number, (name, engine) in enumerate(TASKS):
        if only not in name:
            continue
        wall, cpu, peak, figure = measured(number, name, engine)
        rows.append((name, engine, round(wall, 4), round(cpu, 4), round(peak)))
        our_cpu, our_figure = first.setdefault(name, (cpu, figure))
        if abs(figure - our_figure) > 1e-12:
            raise SystemExit(f'{name}: {engine} says {figure!r}, {OURS} {our_figure!r}')
        beside = '' if engine == OURS else f'   {cpu/our_cpu:5.1f} x, same figure'
        print(f'{name:<66} {engine:<28} {wall:9.3f} s {cpu:9.3f} cpu s {peak:6.0f} MB{beside}', flush=True)
    if not only:
        write(rows)


if __name__ == '__main__':
    if sys.argv[1:2] == ['--one']:
        work(int(sys.argv[2]))
    else:
        main(*sys.argv[1:2])
