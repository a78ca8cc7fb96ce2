"Nothing in the package can be tuned on a test split: every function that chooses is found by its name and offered one"
import importlib
import inspect
import pkgutil
import re
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

import cxr_weakloc
from cxr_weakloc.core import BadInput

NAMES = re.compile(r'^(tune|fit|choose|calibrate|select|pick|best)(_|$)|^operating_point$|_cuts$')
NOT_TUNING = {
    'choose_panels': 'chooses studies to show, no number',
    'best_places': 'a smooth maximum over places, no number that is kept',
    'tuning_split': 'the guard itself',
    'choose_on_test': 'the word that takes the guard away',
}
# these ask the loader's mark of the studies, not the split's name
BY_MARK = ('best_maps', 'choose_baseline', 'calibrate_command')


def found() -> dict:
    "Every public function whose name says that it chooses, in whatever module of the package"
    out = {}
    for info in pkgutil.walk_packages(cxr_weakloc.__path__, 'cxr_weakloc.'):
        if info.ispkg or info.name == 'cxr_weakloc.all':
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, '__all__', ()):
            f = getattr(module, name)
            mine = inspect.isfunction(f) and f.__module__ == module.__name__
            if mine and NAMES.search(name) and name not in NOT_TUNING:
                out[name] = f
    return out


def offers(split: str) -> dict:
    "name -> a call with sound data of this split"
    from cxr_weakloc.evaluation import PUBLISHED, choose_map, size_cuts, subset_truth, toy, tune, tune_case
    from cxr_weakloc.models import calibrate, phrases
    from cxr_weakloc.scores import fit_platt, operating_point, tune_box_threshold, tune_boxes, tune_chexlocalize
    from cxr_weakloc.scores import tune_threshold
    truth, said = toy(24, split='validation')[0]
    truth = replace(truth, split=split)
    pred = said[0]
    i = np.flatnonzero(truth.positive)
    maps, masks, boxes = pred.maps[i], truth.masks[i], [truth.boxes[k] for k in i]
    prob, labels = pred.prob, truth.labels
    logits = np.log(prob/(1 - prob))[:, None]
    # a case whose truth is already there
    case = SimpleNamespace(truth=lambda idx=None: truth, labels=lambda: truth, positives=i,
                           predictions=lambda part: [pred])
    prompts = [phrases('Cardiomegaly')]
    return dict(
        tune_threshold=lambda: tune_threshold(maps, masks, split),
        tune_box_threshold=lambda: tune_box_threshold(maps, boxes, truth.size, split),
        operating_point=lambda: operating_point(prob, labels, split),
        tune_boxes=lambda: tune_boxes(maps, boxes, truth.size, split),
        tune_chexlocalize=lambda: tune_chexlocalize(maps, masks, split),
        fit_platt=lambda: fit_platt(prob, labels, split),
        size_cuts=lambda: size_cuts(truth),
        tune=lambda: tune([pred], truth, protocols=('study', *PUBLISHED)),
        tune_case=lambda: tune_case(case),
        choose_map=lambda: choose_map({'gradcam': maps}, subset_truth(truth, i)),
        calibrate=lambda: calibrate(logits, labels[:, None], prompts, split=split),
        choose_baseline=lambda: baseline(split),
        best_maps=lambda: best_map(split),
        calibrate_command=lambda: command(split),
    )


def marked(split: str):
    "Studies as a loader marks them"
    from cxr_weakloc.data import Studies
    films = pd.DataFrame(dict(study_id=['a'], patient_id=['a'], split=[split], view=['PA'], path=['x']),
                         index=pd.Index(['a'], name='image_id'))
    labels = pd.DataFrame({'Cardiomegaly': [1.]}, index=['a'])
    guard = 'the official test split' if split == 'test' else ''
    return Studies('toy', '.', films, labels, pd.DataFrame(columns=['image_id']), guard=guard)


def command(split: str):
    "The command that calibrates, on marked studies"
    from cxr_weakloc.heatmaps import MapJob, StoreRun, calibrate_command
    from cxr_weakloc.models import Model
    return calibrate_command(marked(split), 'nowhere.json', Model('phantom'), MapJob(findings=('Cardiomegaly',)),
                             run=StoreRun(workers=0, quiet=True))


def baseline(split: str):
    "The study's own choice, of a heatmap and a gate"
    from cxr_weakloc.data import Films
    from cxr_weakloc.study import choose_baseline
    films = Films(marked(split), torch.zeros(1, 1, 8, 8, dtype=torch.uint8), [])
    return choose_baseline(films, {'gradcam': None}, (), ('soft',))


def best_map(split: str):
    "The best training-free map of a study of arms"
    from cxr_weakloc.study import best_maps
    valid = SimpleNamespace(studies=marked(split))
    return best_maps(SimpleNamespace(findings=('Cardiomegaly',), sets=SimpleNamespace(valid=valid)), 'Cardiomegaly')


def refused(call, says: str, what: str):
    "Does the call end in a `BadInput` that says so?"
    try:
        call()
    except BadInput as e:
        assert says in str(e), (what, str(e))
    else:
        raise AssertionError(f'{what} was allowed')


def test_every_function_that_chooses_is_known_here():
    known, there = set(offers('validation')), set(found())
    assert there == known, f'not offered a test split: {there - known}; gone: {known - there}'


def test_validation_is_accepted():
    for name, call in offers('validation').items():
        if name not in BY_MARK:
            call()


def test_a_test_split_is_refused():
    for split in ('test', 'Test'):
        for name, call in offers(split).items():
            if name not in BY_MARK or split == 'test':
                refused(call, 'test split', f'{name} on {split}')


def test_a_split_without_a_name_is_refused():
    for name, call in offers('').items():
        if name not in ('calibrate', *BY_MARK):
            refused(call, 'needs to know which split', f'{name} on a split without a name')


def test_every_tuning_is_refused():
    "What protocols tune, each by itself"
    from cxr_weakloc.evaluation import PROTOCOLS, TUNINGS, toy
    truth, said = toy(24, split='test')[0]
    for name, tuning in TUNINGS.items():
        refused(lambda tuning=tuning: tuning(said[0], truth), 'test split', name)
    assert {tuning for protocol in PROTOCOLS.values() for tuning in protocol.tunes} == set(TUNINGS)


def test_judging_cannot_choose():
    "`evaluate` has no default for thresholds, and refuses films whose patients chose, under every protocol"
    from cxr_weakloc.evaluation import PROTOCOLS, PUBLISHED, evaluate, toy, tune
    assert inspect.signature(evaluate).parameters['thresholds'].default is inspect.Parameter.empty
    truth, said = toy(24, split='validation')[0]
    thresholds = tune(said[:1], truth, protocols=PUBLISHED)
    disguised = replace(truth, split='test')     # the films that chose, under another name
    for protocol in PROTOCOLS:
        refused(lambda protocol=protocol: evaluate(said[0], disguised, thresholds, protocol),
                'were used to choose', protocol)


def test_the_loaders_mark_reaches_the_thresholds():
    "From a tree on the disk: the loader marks the test split, the truth carries it, tuning and refining refuse it"
    from cxr_weakloc.core import FINDINGS
    from cxr_weakloc.data import load_films, open_studies
    from cxr_weakloc.evaluation import Predictions, truth_of, tune
    from cxr_weakloc.study import Phantoms, RefineCommand, make_phantoms, refine_on
    warnings.filterwarnings('ignore')
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        few = Phantoms(train=4, test=4, seed=1, conditions=('matched',))
        tree = make_phantoms(d/'p', few, workers=0)['matched']
        films = load_films(open_studies(tree, 'test', progress=False), 32)
        n = len(films)
        truth = truth_of(films, list(FINDINGS)[0], np.arange(n), 32, maps=False)
        assert truth.split == 'test'
        pred = Predictions('baseline', maps=torch.zeros(n, 4, 4), prob=np.linspace(0, 1, n))
        refused(lambda: tune([pred], truth), 'is a test split', 'tuning on the official test split')
        refused(lambda: refine_on(open_studies(tree, 'test'), d/'m', RefineCommand(validation=0), quiet=True),
                'test split', 'refining on the official test split')


if __name__ == '__main__':
    for key, value in list(globals().items()):
        if key.startswith('test_'):
            value()
            print(key)
