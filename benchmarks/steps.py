"What the steps cost on this machine: CPU seconds on one thread, the median of a few runs"
import os
import sys
import time
from statistics import median

for _name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ[_name] = '1'   # before anything imports numpy

STEPS = {}


def step(what, per):
    "Register a step: its function prepares, and returns what is to be timed and how many items one call deals with"
    def register(prepare):
        STEPS[what] = prepare, per
        return prepare
    return register


@step('phantom: make a study', 'study')
def _():
    from cxr_weakloc.phantom import Population, make_study
    patients = iter(range(1000))
    population = Population()
    return lambda: make_study(population, next(patients)), 1


@step('films: read a DICOM', 'film')
def _():
    from pydicom.data import get_testdata_file

    from cxr_weakloc.films import read_film
    name = get_testdata_file('RG1_UNCR.dcm')
    return lambda: read_film(name), 1


@step('films: to model grid and back', 'film')
def _():
    import torch

    from cxr_weakloc.films import Geometry
    geometry = Geometry(2048, 2048, 224)
    film, maps = torch.rand(1, 2048, 2048), torch.rand(2, 14, 14)
    return lambda: (geometry.image(film), geometry.map_back(maps)), 1


@step('models: zero-shot, both findings', 'film')
def _():
    import torch

    from cxr_weakloc.models import load_reader, zero_shot
    reader = load_reader('phantom')
    films = torch.rand(16, 1, *reader.size)
    return lambda: zero_shot(reader, films), 16


@step('scores: mask IoU on a 256 grid, 19 thresholds', 'map')
def _():
    import torch

    from cxr_weakloc.scores import iou_curve, minmax, on_grid
    maps = torch.rand(64, 14, 14)
    masks = torch.rand(64, 256, 256) > .7
    return lambda: iou_curve(minmax(on_grid(maps, 256)), masks), 64


@step('scores: bootstrap, 500 patients, 2000 resamples', 'call')
def _():
    import numpy as np

    from cxr_weakloc.scores import bootstrap
    values, patients = np.random.default_rng(0).random(500), np.arange(500)
    return lambda: bootstrap(values, patients), 1


def main(only='', runs=5):
    "Print the cost of every step whose name contains `only`"
    import torch
    torch.set_num_threads(1)
    for what, (prepare, per) in STEPS.items():
        if only not in what:
            continue
        call, items = prepare()
        call()
        costs = []
        for _run in range(runs):
            start = time.process_time()
            call()
            costs.append((time.process_time() - start)/items)
        print(f'{what:<50} {median(costs)*1e3:9.2f} ms per {per}', flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:2])
