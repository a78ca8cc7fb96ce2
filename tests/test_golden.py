"""What version 0.1.0 said of fixed inputs, said again: scores and published protocols, phantom films, priors and gates,
heatmaps of the embedded model. `tests/golden/README.md` tells how the values were made; inputs lie beside them."""
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cxr_weakloc.anatomy import GATE_MODES, gate, prior
from cxr_weakloc.core import FINDINGS
from cxr_weakloc.evaluation import (COLUMNS, PUBLISHED, Evaluation, Predictions, Thresholds, Truth, controls, evaluate,
                                    gaussian_map, mean_box_map, tune, with_zeroshot)
from cxr_weakloc.heatmaps import HEATMAPS, explain
from cxr_weakloc.models import load_reader, phrases, zero_shot, zero_shot_scores
from cxr_weakloc.phantom import Population, condition, make_study, report

HERE = Path(__file__).resolve().parent/'golden'
sys.path.insert(0, str(HERE))
from common import boxes_of, load, load_csv   # noqa: E402  (how the values are packed)

FIGURE = COLUMNS[:6]
PROMPTS = ['cardiomegaly is present', 'no cardiomegaly', 'there is a left pleural effusion']
OPTIONS = dict(rise=dict(n=16, seed=3), occlusion=dict(window=4, stride=4), scorecam=dict(top=4))


def truth_of(z, finding, split):
    "A stored `Truth`"
    at = f'in/{finding}/{split}/'
    return Truth(
        z[at + 'ids'], z[at + 'patients'], z[at + 'labels'], torch.tensor(z[at + 'masks']), boxes_of(z, at + 'boxes'),
        torch.tensor(z[at + 'anatomy']).float(), None, finding, 'matched', 'golden', 64, split, z[at + 'mm'])


def said_of(z, finding, split):
    "The stored `Predictions` about it, in their order"
    at = f'in/{finding}/{split}/'
    res = []
    for name in z:
        if not name.startswith(at + 'maps/'):
            continue
        key = name.removeprefix(at + 'maps/')
        system, seed, gate_name = key.split('|')
        prob = z.get(f'{at}prob/{key}')
        maps = torch.tensor(z[name]).float()
        res.append(Predictions(system, gate_name, int(seed) if seed else None, maps, prob, z[at + 'ids']))
    return res


def same_table(new, old, keys, tolerance=1e-6):
    "Two tables hold the same rows, and the same figures in them"
    new, old = new.copy(), old.copy()
    for table in (new, old):
        for key in keys:
            table[key] = table[key].astype(object).where(table[key].notna(), '').astype(str)
    both = new.merge(old, on=keys, how='outer', suffixes=('_new', '_old'), indicator=True)
    lost = both[both._merge != 'both']
    assert lost.empty, lost[[*keys, '_merge']].head()
    shared = [c for c in old if c not in keys and c in new and pd.api.types.is_numeric_dtype(old[c])]
    assert shared
    for column in shared:
        a, b = both[f'{column}_new'].to_numpy(float), both[f'{column}_old'].to_numpy(float)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=column)


def judged(protocols_too=False):
    "(evaluations, thresholds) of both stored findings, by our own metrics or by the published protocols"
    z, thresholds, res = load('scores.npz'), Thresholds(), []
    for finding in FINDINGS:
        valid, test = truth_of(z, finding, 'validation'), truth_of(z, finding, 'test')
        box = mean_box_map(valid)
        other = (gaussian_map(64, .3)*256).round().div(256).expand(24, 64, 64)
        made = {t.split: said_of(z, finding, t.split) for t in (valid, test)}
        extra = {t.split: controls(t, box, other, made[t.split][0], 0) for t in (valid, test)}
        if not protocols_too:
            tune(made['validation'] + extra['validation'], valid, thresholds)
            res.append(evaluate(made['test'] + extra['test'], test, thresholds, n_boot=200))
            continue
        tune(made['validation'] + extra['validation'][:3], valid, thresholds, PUBLISHED)
        gated = [replace(p, gate=with_zeroshot(p.gate)) for p in made['test'][:4]]
        res.append(evaluate([*made['test'], *gated, *extra['test'][:2]], test, thresholds, PUBLISHED, 100, 0))
        boxes_only = evaluate(made['test'][:3], replace(test, masks=None), thresholds, 'vindr', 100, 0, 'bca')
        named = {k: getattr(boxes_only, k).assign(protocol='vindr boxes only bca')
                 for k in ('results', 'left_out', 'images')}
        res.append(Evaluation(**named))
    return Evaluation.join(res), thresholds


def saved(thresholds, file):
    "As they are written, read back"
    thresholds.save(file)
    return json.loads(Path(file).read_text())


def test_our_own_scores():
    "Thresholds equal; every film's values, and the table with its intervals, to 1e-6"
    import tempfile
    evaluation, thresholds = judged()
    with tempfile.TemporaryDirectory() as d:
        assert saved(thresholds, Path(d)/'t.json') == json.loads((HERE/'scores'/'thresholds.json').read_text())
    films = ['dataset', 'condition', 'finding', 'system', 'seed', 'gate', 'image_id']
    images, old = evaluation.images.copy(), load_csv('scores/score_all.csv.gz')
    for table in (images, old):
        table['seed'] = table.seed.fillna(-1).astype(int)
    same_table(images, old, films)
    results, old = evaluation.results, load_csv('scores/results_table.csv.gz')
    known = old.merge(results[FIGURE].drop_duplicates(), on=FIGURE)
    assert len(known) == len(old), 'a figure of 0.1.0 is gone'
    same_table(results.merge(old[FIGURE], on=FIGURE), old, FIGURE)


def test_published_protocols():
    """Every figure of all five protocols, with its interval. A BCa limit counts resamples that equal the figure: there
    the last bit of a sum decides, and of 100 resamples one more moves it by some thousandths"""
    new, _ = judged(True)
    new, old, keys = new.results, load_csv('scores/evaluate_results.csv.gz'), ['protocol', *FIGURE]
    exact = new.protocol != 'vindr boxes only bca', old.protocol != 'vindr boxes only bca'
    same_table(new[exact[0]], old[exact[1]], keys)
    same_table(new[~exact[0]].drop(columns=['ci_low', 'ci_high']), old[~exact[1]], keys)
    same_table(new[~exact[0]], old[~exact[1]], keys, tolerance=5e-3)


def test_phantom():
    "Films, masks, ratios and reports of the plain population, bit for bit"
    z, told = load('phantom.npz'), json.loads((HERE/'phantom.json').read_text())
    cases = [('default', Population(), k) for k in (0, 1, 2)]
    cases.append(('shifted', condition(Population(seed=4), 'shifted'), 7))
    for name, population, patient in cases:
        study, key = make_study(population, patient), f'{name}-{patient}'
        film = np.round(study['film']*65535).astype(np.uint16)
        assert (film[::3, ::3] == z[f'{key}/film']).all()
        assert (np.array(film.shape) == z[f'{key}/shape']).all()
        for mask in ('heart', 'left_lung', 'right_lung', 'left_projected', 'right_projected'):
            assert (np.packbits(study['masks'][mask], -1) == z[f'{key}/masks/{mask}']).all(), mask
        assert study['ctr'] == told[key]['ctr']
        assert report(study) == told[key]['report']


def test_priors_and_gates():
    "Of stored regions and maps"
    z = load('anatomy.npz')
    regions = torch.tensor(z['in/regions']).float()/255
    for name in ('heart', 'heart_vindr_box', 'lower_pleural_space'):
        found = prior(name, regions)
        np.testing.assert_allclose(found[:, ::4, ::4], z[f'prior/{name}'], atol=1e-6)
    allowed = torch.stack([prior(f, regions) for f in FINDINGS], 1)
    for mode in GATE_MODES:
        found = gate(torch.tensor(z['in/maps']), allowed, mode)
        np.testing.assert_allclose(found, z[f'gate/{mode}'], rtol=1e-5, atol=1e-7)


def test_maps_of_the_embedded_model():
    "Zero-shot scores, and the maps of every method that 0.1.0 had for it"
    z, films = load('methods.npz'), torch.tensor(load('films.npz')['films'])
    reader = load_reader('phantom')
    np.testing.assert_allclose(zero_shot(reader, films[:4]), z['zero_shot'], atol=1e-5)
    for style in ('report', 'chexzero', 'biovil', 'gloria'):
        scores = zero_shot_scores(reader, films[:4], [phrases(f, style) for f in FINDINGS])
        np.testing.assert_allclose(scores, z[f'zero_shot_scores/{style}'], rtol=1e-4, atol=1e-4)
    checked = 0
    for method in HEATMAPS:
        if f'embedded/albef/{method}/maps' not in z:
            continue
        maps, scores = explain(reader, films[:2], PROMPTS, method, strict=False, **OPTIONS.get(method, {}))
        old = z[f'embedded/albef/{method}/maps']
        np.testing.assert_allclose(maps, old, rtol=1e-4, atol=1e-5*float(np.nanmax(np.abs(old))), err_msg=method)
        checked += 1
    assert checked == sum(name.startswith('embedded/albef/') and name.endswith('/maps') for name in z)
