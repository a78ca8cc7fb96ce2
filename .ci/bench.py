"What the steps cost on this machine: CPU seconds on one thread, the median of a few runs. A step whose module is missing is said to be"
import os, sys, time
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'): os.environ[k] = '1'   # before anything imports numpy
from statistics import median

STEPS = {}
def step(what, per):
    "Register a step: its function prepares, and returns what is to be timed and how many items one call deals with"
    def f(g): STEPS[what] = g, per; return g
    return f

@step('phantom: make a study', 'study')
def _():
    from cxr_weakloc.phantom.patients import Population, make_study
    patient = iter(range(1000)); pop = Population()
    return lambda: make_study(pop, next(patient)), 1

@step('images: read a film (DICOM)', 'film')
def _():
    from pydicom.data import get_testdata_file
    from cxr_weakloc.films.images import read_film
    fn = get_testdata_file('RG1_UNCR.dcm')
    return lambda: read_film(fn), 1

@step('images: film to model grid and back', 'film')
def _():
    import torch
    from cxr_weakloc.films.images import Geometry
    g,x,m = Geometry(2048, 2048, 224), torch.rand(1, 2048, 2048), torch.rand(2, 14, 14)
    return lambda: (g.image(x), g.map_back(m)), 1

@step('vlm: zero-shot, both findings', 'film')
def _():
    import torch
    from cxr_weakloc.models.albef import load_vlm, zero_shot
    model = load_vlm(); x = torch.rand(16, 1, model.cfg.image_size, model.cfg.image_size)
    return lambda: zero_shot(model, x), 16

@step('metrics: mask IoU on a 256 grid, 19 thresholds', 'map')
def _():
    import torch
    from cxr_weakloc.scores.maps import iou_curve, minmax, on_grid
    maps,masks = torch.rand(64, 14, 14), torch.rand(64, 256, 256) > .7
    return lambda: iou_curve(minmax(on_grid(maps, 256)), masks), 64

@step('metrics: bootstrap, 500 patients, 2000 resamples', 'call')
def _():
    import numpy as np
    from cxr_weakloc.scores.maps import bootstrap
    v,p = np.random.default_rng(0).random(500), np.arange(500)
    return lambda: bootstrap(v, p), 1

def main(only='', runs=5):
    import torch
    torch.set_num_threads(1)
    for what,(prepare,per) in STEPS.items():
        if only not in what: continue
        try: f,n = prepare(); f()
        except Exception as e: print(f'{what:<50} not measured: {type(e).__name__}: {e}'); continue
        def once(): t = time.process_time(); f(); return (time.process_time() - t)/n
        print(f'{what:<50} {median(once() for _ in range(runs))*1e3:9.2f} ms per {per}', flush=True)

if __name__ == '__main__': main(*sys.argv[1:2])
