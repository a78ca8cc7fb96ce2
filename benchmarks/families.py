"""The embedded families and their best training-free maps: benchmarks/results/families.csv

For each family and finding: zero-shot AUC on held-out phantoms; the map that does best on validation positives
(mask IoU at its best threshold), without a gate and behind the soft one, among all methods, each with and without the
maps of the prompts that deny the finding subtracted (all but RISE and Score-CAM, which take too long here). On the
test split: its pointing, CNR and mask IoU, and their
paired differences, with 95 % intervals over patients, to smooth noise, gated noise, a centred Gaussian and the anatomy
alone. Every threshold is chosen on validation. Positives of the test split only, except for the AUC.

Run: python benchmarks/families.py [--population plain] [--families phantom,phantom:cnn]"""
import argparse
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cxr_weakloc.anatomy import gate
from cxr_weakloc.core import FINDINGS, BadInput, atomic
from cxr_weakloc.data import CheXmask, MaskTable, load_films, load_vindr
from cxr_weakloc.evaluation import controls, truth_of
from cxr_weakloc.heatmaps import HEATMAPS, explain, finding_maps
from cxr_weakloc.models import EMBEDDED, flat_phrases, load_reader, phrases, zero_shot_auc
from cxr_weakloc.phantom import population, write_vindr
from cxr_weakloc.scores import cnr, iou_curve, mask_iou, minmax, on_grid, paired, pointing
from cxr_weakloc.scores.maps import GRID

HERE = Path(__file__).resolve().parent
FEWER = dict(rise=dict(n=150), occlusion=dict(stride=2), scorecam=dict(top=32))   # looks at each film
RIVALS = ('random', 'gated-noise', 'gaussian')
SIZE = 128


def films_of(root, split):
    "One split with its exact masks; heart and lungs come from the phantom's truth"
    films = load_films(load_vindr(root, split), SIZE, progress=False).with_truth(MaskTable(root/'truth'/'masks.csv'))
    masks = CheXmask(root/'masks'/'chexmask.csv', ids=films.ids)
    regions = [g.mask(masks.get(i, (g.height, g.width))) for i, g in zip(films.ids, films.geometries)]
    return replace(films, regions=torch.stack(regions).byte()*255)


def positives(films):
    "Truth of each finding's positives, and where they are"
    truth = {}
    for name in FINDINGS:
        at = np.flatnonzero(films.studies.labels[name].to_numpy() == 1)
        truth[name] = truth_of(films, name, at, SIZE), at
    return truth


def maps_by(reader, films, truth, methods):
    "(method, contrast) -> finding -> (n,h,w) maps of its positives; what the model cannot answer is left out"
    every, found = np.unique(np.concatenate([at for _, at in truth.values()])), {}
    prompts, columns = flat_phrases([phrases(f) for f in FINDINGS])
    for method in methods:
        try:
            maps, _ = explain(reader, films.images[every], prompts, method, strict=False, **FEWER.get(method, {}))
        except BadInput:
            continue
        silent = maps.isnan().flatten(2).all(-1)
        for contrast in (False, True):
            of_findings = finding_maps(maps.nan_to_num(), silent, columns, contrast).nan_to_num()
            at = {f: np.searchsorted(every, truth[f][1]) for f in FINDINGS}
            found[method, contrast] = {f: of_findings[at[f], k] for k, f in enumerate(FINDINGS)}
        print(method, end=' ', flush=True)
    return found


def behind(maps, truth):
    "Maps behind the soft gate"
    return gate(maps[:, None].float(), truth.anatomy[:, None].float())[:, 0]


def best_iou(maps, truth):
    "(mean IoU at the best threshold, threshold)"
    curve = iou_curve(minmax(on_grid(maps, SIZE)), truth.masks).nanmean(0)
    return float(curve.max()), float(GRID[int(curve.argmax())])


def figures(maps, truth, threshold):
    "Of each film"
    x = on_grid(maps, SIZE)
    overlap = mask_iou(minmax(x), truth.masks, threshold)
    return dict(pointing=pointing(x, truth.masks), cnr=cnr(x, truth.masks), mask_iou=overlap)


def rows_of(name, auc, chosen, valid, test):
    "Lines of the table for one finding: `chosen` maps (validation, test), with and without a gate"
    patients = test.patient_ids
    rivals = {}
    for a, b in zip(*(controls(t, names=('anatomy', *RIVALS), grid=(16, 16)) for t in (valid, test))):
        rivals[a.system.removeprefix('control:')] = figures(b.maps, test, best_iou(a.maps, valid)[1])
    for gated, (method, on_valid, on_test) in chosen.items():
        own = figures(on_test, test, best_iou(on_valid, valid)[1])
        for metric, values in own.items():
            for rival, theirs in rivals.items():
                d = paired(values, theirs[metric], patients)
                yield dict(finding=name, auc=auc, gate='soft' if gated else 'none', map=method, metric=metric,
                           value=float(values.nanmean()), against=rival, theirs=float(theirs[metric].nanmean()),
                           difference=d.value, low=d.ci_low, high=d.ci_high, n=len(test))


def table_of(weights, valid, test, without):
    "All lines of one family"
    reader = load_reader(weights)
    auc = zero_shot_auc(reader, test.images, test.studies.labels)
    on_valid, on_test = positives(valid), positives(test)
    tried = maps_by(reader, valid, on_valid, [m for m in HEATMAPS if m not in without])
    for name in FINDINGS:
        truth = on_valid[name][0]
        def overlap(key, gated):
            maps = tried[key][name]
            return best_iou(behind(maps, truth) if gated else maps, truth)[0]
        scores = {(key, g): overlap(key, g) for key in tried for g in (False, True)}
        keys = {g: max((k for k in scores if k[1] == g), key=scores.get)[0] for g in (False, True)}
        final = maps_by(reader, test, on_test, list(dict.fromkeys(method for method, _ in keys.values())))
        chosen = {}
        for g, key in keys.items():
            pair = [tried[key][name], final[key][name]]
            if g: pair = [behind(m, t[name][0]) for m, t in zip(pair, (on_valid, on_test))]
            chosen[g] = (key[0] + ' - denied'*key[1], *pair)
        yield from rows_of(name, round(auc[name], 4), chosen, truth, on_test[name][0])
    print()


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--families', default=','.join(EMBEDDED))
    p.add_argument('--population', default='plain')
    p.add_argument('--validation', type=int, default=120)
    p.add_argument('--test', type=int, default=240)
    p.add_argument('--without', default='rise,scorecam', help='methods that are not tried: they take an hour')
    p.add_argument('--data', help='folder of the phantoms; made where there is none')
    p.add_argument('--out', default=str(HERE/'results'/'families.csv'))
    a = p.parse_args()
    warnings.filterwarnings('ignore', category=UserWarning)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as d:
        root = Path(a.data or d)/'vindr'
        if not root.exists():
            write_vindr(root, population(a.population, seed=77), a.validation, a.test, workers=1)
        valid, test = (films_of(root, s) for s in ('train', 'test'))
        rows = []
        for weights in a.families.split(','):
            print(weights, end=' ', flush=True)
            found = table_of(weights, valid, test, a.without.split(','))
            rows += [dict(weights=weights, population=a.population) | row for row in found]
    table = pd.DataFrame(rows)
    out = Path(a.out)
    if out.exists():   # other families and populations keep their lines
        old = pd.read_csv(out)
        done = set(zip(table.weights, table.population))
        table = pd.concat([old[[k not in done for k in zip(old.weights, old.population)]], table])
    with atomic(out) as part: table.round(4).to_csv(part, index=False)
    print(table.round(3).to_string(index=False))


if __name__ == '__main__': sys.exit(main())
