"""What a step of refinement of the embedded model costs: `python benchmarks/refine.py [--arms best,map]`.

Each row is one arm and one choice of what is tuned: seconds of a step (views, teacher, targets, losses and optimizer
included; the smallest mean over an epoch of some), what a run of `RefineConfig.steps` steps takes at that rate, and the
ratio to a plain step: the same student and loss `Keep` alone, without teacher, prior or target. All rows are measured
in turn in one process, so that a busy machine slows all of them.
"""
import argparse
import time
import warnings

import pandas as pd
import torch

from cxr_weakloc.anatomy import load_segmenter, region_soft, segment
from cxr_weakloc.films import Geometry
from cxr_weakloc.models import load_reader
from cxr_weakloc.phantom import Population, make_study
from cxr_weakloc.refine import RefineConfig, RefineData, prepare_refinement, refine

PLAIN = ('Prior + Keep', 'all')   # what the others are compared with


def phantoms(n: int, size: int) -> RefineData:
    "Films of n phantoms with the segmenter's regions"
    films = []
    for patient in range(n):
        study = make_study(Population(seed=73), patient)
        films.append(Geometry(*study['film'].shape, size).image(torch.as_tensor(study['film']))[None])
    films = (torch.stack(films)*255).round().byte()
    return RefineData(films, region_soft(segment(load_segmenter(), films)))


def seconds(reader, data: RefineData, cfg: RefineConfig, known, rounds: int) -> float:
    "Of a step, the best of some rounds"
    best = float('inf')
    for _ in range(rounds):
        start = time.perf_counter()
        refine(reader, data, cfg, progress=False, known=known)
        best = min(best, (time.perf_counter() - start)/(len(data)//cfg.bs*cfg.epochs))
    return best


def main():
    "Measure, print, write"
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--arms', default='best,map,organ,ceiling,margins', help='arms, separated by commas')
    ap.add_argument('--tunes', default='all,blocks:1,fusion,lora:4', help='choices of what learns, for the first arm')
    ap.add_argument('--films', type=int, default=160, help='phantoms; an epoch has a sixteenth of them as steps')
    ap.add_argument('--rounds', type=int, default=2, help='epochs of which the fastest counts')
    ap.add_argument('--out', help='csv to write')
    a = ap.parse_args()
    warnings.simplefilter('ignore')
    reader = load_reader('phantom')
    data = phantoms(a.films, reader.size[0])
    data.truth = torch.stack([data.regions[:, 0] > .5, data.regions[:, 1] > .5], 1)
    data.labels = torch.ones(len(data), 2)
    arms = a.arms.split(',')
    cases = [PLAIN, *((arm, 'all') for arm in arms), *((arms[0], tune) for tune in a.tunes.split(',') if tune != 'all')]
    rows = []
    for arm, tune in cases:
        cfg = RefineConfig(arm=arm, tune=tune, epochs=1)
        known = prepare_refinement(reader, data, cfg, progress=False)
        took = seconds(reader, data, cfg, known, a.rounds)
        rows.append(dict(model='phantom', arm=arm, tune=tune, seconds=took, minutes_a_run=took*cfg.steps/60,
                         ratio_to_plain=took/(rows[0]['seconds'] if rows else took)))
        print(f"{arm:12s} {tune:10s} {took:.3f} s a step, {rows[-1]['minutes_a_run']:.1f} minutes a run", flush=True)
    table = pd.DataFrame(rows).round(3)
    if a.out:
        table.to_csv(a.out, index=False)
    print(table.to_string(index=False))


if __name__ == '__main__':
    main()
