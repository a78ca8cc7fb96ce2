"Nothing in the package can be tuned on a test split: every function that chooses something from data is found by its name and offered one"
import importlib, inspect, pkgutil, re, tempfile, warnings
from dataclasses import replace
from pathlib import Path
import numpy as np, pandas as pd, torch
import cxr_weakloc
from cxr_weakloc.core import BadInput

NAMES = re.compile(r'^(tune|fit|choose|calibrate|select|pick|best)(_|$)|^operating_point$|_cuts$')
NOT_TUNING = {'choose_panels': 'chooses studies to show, no number', 'tuning_split': 'the guard itself', 'choose_on_test': 'the word that takes the guard away'}
BY_MARK = ('choose_baseline', 'calibrate_command')       # ask the loader's mark of the studies, not the split's name

def found(): # every public function whose name says that it chooses
    out = {}
    for m in pkgutil.iter_modules(cxr_weakloc.__path__):
        if m.name == 'all': continue
        mod = importlib.import_module(f'cxr_weakloc.{m.name}')
        for n in getattr(mod, '__all__', ()):
            f = getattr(mod, n)
            if NAMES.search(n) and inspect.isfunction(f) and f.__module__ == mod.__name__ and n not in NOT_TUNING: out[n] = f
    return out

def offers(split): # name -> a call with sound data of this split
    from cxr_weakloc.scores.boxes import tune_boxes
    from cxr_weakloc.scores.conventions import tune_chexlocalize
    from cxr_weakloc.evaluation.truth import toy, tune
    from cxr_weakloc.evaluation.learned import size_cuts
    from cxr_weakloc.scores.maps import operating_point, tune_box_threshold, tune_threshold
    from cxr_weakloc.models.prompts import calibrate, phrases
    from cxr_weakloc.evaluation.protocols import tune_protocols
    from cxr_weakloc.scores.stats import fit_platt
    t,p = toy(24, split='validation')[0]; t = replace(t, split=split); i = np.flatnonzero(t.positive); maps,masks,boxes = p[0].maps[i],t.masks[i],[t.boxes[k] for k in i]; prob,y = p[0].prob,t.labels
    return dict(tune_threshold=lambda: tune_threshold(maps, masks, split), tune_box_threshold=lambda: tune_box_threshold(maps, boxes, t.size, split), operating_point=lambda: operating_point(prob, y, split),
                tune_boxes=lambda: tune_boxes(maps, boxes, t.size, split), tune_chexlocalize=lambda: tune_chexlocalize(maps, masks, split), fit_platt=lambda: fit_platt(prob, y, split), size_cuts=lambda: size_cuts(t),
                tune=lambda: tune(p[:1], t), tune_protocols=lambda: tune_protocols(p[:1], t), calibrate=lambda: calibrate(np.log(prob/(1-prob))[:,None], y[:,None], [phrases('Cardiomegaly')], split=split),
                choose_baseline=lambda: baseline(split), calibrate_command=lambda: command(split))

def marked(split): # studies as a loader marks them
    from cxr_weakloc.data.schema import Studies
    return Studies('toy', '.', pd.DataFrame(dict(study_id=['a'], patient_id=['a'], split=[split], view=['PA'], path=['x']), index=pd.Index(['a'], name='image_id')), pd.DataFrame({'Cardiomegaly': [1.]}, index=['a']),
                pd.DataFrame(columns=['image_id']), guard='the official test split' if split == 'test' else '')

def command(split):
    from cxr_weakloc.heatmaps.store import calibrate_command
    return calibrate_command(marked(split), 'nowhere.json', findings=('Cardiomegaly',), workers=0, quiet=True)

def baseline(split): # the study's own choice: of a heatmap and a gate
    from cxr_weakloc.study.road import Films, choose_baseline
    return choose_baseline(None, Films(marked(split), torch.zeros(1, 1, 8, 8, dtype=torch.uint8), []), (), 8, None, None, methods=('gradcam',), modes=('soft',), fixed=('gradcam','soft'))

def test_every_function_that_chooses_is_known_here():
    assert set(found()) == set(offers('validation')), f'not offered a test split: {set(found()) - set(offers("validation"))}; gone: {set(offers("validation")) - set(found())}'

def test_validation_is_accepted():
    for n,f in offers('validation').items():
        if n not in BY_MARK: f()

def test_a_test_split_is_refused():
    for name in ('test', 'Test'):
        for n,f in offers(name).items():
            if n in BY_MARK and name != 'test': continue
            try: f()
            except BadInput as e: assert 'test split' in str(e), (n, str(e))
            else: raise AssertionError(f'{n} chose on {name}')

def test_a_split_without_a_name_is_refused():
    for n,f in offers('').items():
        if n in ('calibrate', *BY_MARK): continue
        try: f()
        except BadInput as e: assert 'needs to know which split' in str(e), (n, str(e))
        else: raise AssertionError(f'{n} chose on a split without a name')

def test_judging_cannot_choose():
    "What judges test films has no argument that could make it choose, refuses films whose patients chose, and has no thresholds of its own"
    from cxr_weakloc.evaluation.truth import Thresholds, score_all, score_maps, toy, tune
    from cxr_weakloc.evaluation.protocols import evaluate, tune_protocols
    for f in (evaluate, score_maps, score_all): assert inspect.signature(f).parameters['thresholds'].default is inspect.Parameter.empty
    t,p = toy(24, split='validation')[0]; th = tune_protocols(p[:1], t); disguised = replace(t, split='test')     # the films that chose, under another name
    for f in (lambda: evaluate(p[0], disguised, th), lambda: score_maps(p[0], disguised, th), lambda: score_all(p[:1], disguised, th)):
        try: f()
        except BadInput as e: assert 'were used to choose' in str(e)
        else: raise AssertionError('judged films that had chosen')

def test_the_loaders_mark_reaches_the_thresholds():
    "From a tree on the disk: the official test split is marked by its loader, the truth made of it carries the mark, and tuning and refining refuse it"
    from cxr_weakloc.core import FINDINGS
    from cxr_weakloc.evaluation.truth import Predictions, tune
    from cxr_weakloc.study.road import Work, load_films, make_phantom, open_studies, refine_on, truth_of
    from cxr_weakloc.data.vindr import load_vindr
    warnings.filterwarnings('ignore'); f = list(FINDINGS)[0]
    with tempfile.TemporaryDirectory() as d:
        d = Path(d); src = make_phantom(d/'p', train=4, test=4, seed=1, workers=0, conditions=('matched',))
        with Work(d/'w', quiet=True) as w:
            x = load_films(load_vindr(src.train, 'test'), w, tuple(FINDINGS), 32, 'phantom', workers=0); t = truth_of(x, f, np.arange(len(x)), 32, maps=False); assert t.split == 'test'
            try: tune([Predictions('baseline', maps=torch.zeros(len(x), 4, 4), prob=np.linspace(0, 1, len(x)))], t)
            except BadInput as e: assert 'is a test split' in str(e)
            else: raise AssertionError('tuned on the official test split')
        try: refine_on(open_studies(src.train, 'test'), d/'m', validation=0, quiet=True)
        except BadInput as e: assert 'test split' in str(e)
        else: raise AssertionError('refined on the official test split')

if __name__ == '__main__':
    for k,v in list(globals().items()):
        if k.startswith('test_'): v(); print(k)
