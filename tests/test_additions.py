"""How many modules a newcomer edits. A copy of the package gets one addition of each kind, each in one file of it,
and a process of its own uses them all through the package's doors: loaders, engine, refinement, scores, commands"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ADDED = {   # what is added -> (the one file of the package, what is written into it)
    'a finding': ('core/findings.py', '''
add_finding(Finding(
    'Pneumothorax', 'Pneumothorax', 'Pneumothorax',
    positive=('there is a left pneumothorax', 'there is a right pneumothorax'),
    negative=('there is no pneumothorax', 'no pneumothorax'),
    prior='lower_pleural_space', rises=True, brighter=False))
'''),
    'a prior': ('anatomy/priors.py', '''
@PRIORS.add()
def left_of_the_film(regions):
    "The left half, whatever lies there"
    out = torch.zeros_like(regions[:, 0])
    out[..., :out.shape[-1]//2] = 1
    return out
'''),
    'a heatmap': ('heatmaps/methods.py', '''
@HEATMAPS.add('bright_hirescam', paper='this test')
def bright_hirescam(ev):
    "HiResCAM of what stands out in its channel"
    above = (ev.A - ev.A.mean(1, keepdim=True)).relu()
    return as_grid(torch.stack([(g*above).sum(-1) for g in ev.grads()], 1), ev.grid)
'''),
    'a loss': ('refine/losses.py', '''
@PIECES.add()
class Sparse(Loss):
    "Maps that mark little"
    weight = 'sparse'

    def value(self):
        return self.maps.clamp(min=0).mean()
'''),
    'a teacher': ('refine/targets.py', '''
@PIECES.add()
class Brightest(Target):
    "The brightest quarter of where the finding can be"
    def target(self):
        grey = self.weak.films*self.weak.prior
        return (grey > grey.flatten(2).quantile(.75, -1)[..., None, None]).float()*self.weak.prior
'''),
    'a model family': ('models/checkpoints.py', '''
@families.add('tiny', knows=lambda keys: 'seer.weight' in keys)
def tiny_reader(src):
    "One convolution for films, one row of a table for a word"
    from torch import nn
    from .contrastive import FilmsWanted
    from .conv import ConvContrastive, ConvTower
    from .reader import TextTower

    class Lookup(nn.Module):
        "The mean of a sentence's word vectors"
        def __init__(self, n, d):
            super().__init__()
            self.table = nn.Embedding(n, d)

        def forward(self, input_ids, attention_mask):
            return (self.table(input_ids)*attention_mask[..., None]).sum(1)
    kernel, table = src.tensors['seer.weight'], src.tensors['sayer.table.weight']
    m = nn.ModuleDict(dict(seer=nn.Conv2d(1, len(kernel), 8, 8), sayer=Lookup(*table.shape)))
    fill_model(m, src.tensors, src.path)
    words = TextTower(m['sayer'], src.tokenizer, 32, lambda text: text)
    tower = ConvTower(m['seer'], project=nn.Identity())
    return ConvContrastive(m, tower, words, FilmsWanted(src.image_size or 64, 1), family='tiny').eval()
'''),
    'a data set': ('data/sets.py', '''
@data_sets.add('Our hospital', marks=('readings.csv',), splits=('2019', 'test'), learn='2019', choose='', judge='test')
def load_hospital(root, split=None, findings=None, progress=True):
    "Films of 2019 to learn from, those of 2020 to be judged on"
    t = pd.read_csv(Path(root)/'readings.csv', dtype={'image_id': str}).set_index('image_id')
    films = pd.DataFrame(dict(study_id=t.index, patient_id=t.patient, split=t.split.astype(str), view='PA',
                              path=t.index + '.png'), index=t.index)
    labels = pd.DataFrame({'Cardiomegaly': t.large_heart.astype('float32')}, index=t.index)
    studies = Studies('Our hospital', Path(root), films, labels, None, guard='a set with the films of 2020 in it')
    return only_split(studies, split) if split else studies
'''),
    'a metric': ('scores/maps.py', '''
@metrics.add(label='Precision', tables=('study',), asks=('scaled', 'truth', 'mask_threshold'))
def pixel_precision(scaled, truth, threshold):
    """Share of the lit pixels that lie in the truth

    Source: this test
    Ties: a pixel at the threshold is dark (strict `>`)
    Empty: no truth: NaN; nothing lit: 0
    Boxes: several lesions are one mask, their union
    Unit: share, 0 to 1
    """
    lit = scaled > threshold
    share = (lit & truth).sum((-2, -1))/lit.sum((-2, -1)).clamp_min(1)
    return torch.where(truth.flatten(1).any(1), share, torch.nan)
'''),
    'a command': ('cli/counting.py', '''
from dataclasses import dataclass
from pathlib import Path
from tyro.conf import Positional
from .commands import COMMANDS

@COMMANDS.add('count')
@dataclass(frozen=True)
class CountOptions:
    """Count the films of a folder

    reads   FILMS
    """
    films: Positional[Path]   # folder of films, or a data set's tree

    def run(self, command, started):
        from cxr_weakloc.data import open_studies
        print(len(open_studies(self.films)), 'films')
'''),
}

USED = '''
import sys, warnings
from pathlib import Path
import torch
warnings.filterwarnings('ignore')
torch.set_num_threads(1)
d = Path(sys.argv[1])

import cxr_weakloc
assert str(cxr_weakloc.__file__).startswith(sys.argv[2]), cxr_weakloc.__file__
from cxr_weakloc.core import FINDINGS
from cxr_weakloc.anatomy import prior
from cxr_weakloc.cli import main, parse
from cxr_weakloc.data import open_studies, set_of
from cxr_weakloc.heatmaps import MapJob, explain, trainable_methods
from cxr_weakloc.models import load_reader, phrases
from cxr_weakloc.refine import RefineConfig, RefineData, refine
from cxr_weakloc.scores import map_scores, metric_guide, metrics
from cxr_weakloc.study import StudyConfig

# a finding: asked for, placed, opened, studied
assert 'Pneumothorax' in FINDINGS and 'Pneumothorax' in StudyConfig('out').findings
assert phrases('Pneumothorax').positive[0] == 'there is a left pneumothorax'
regions = torch.zeros(1, 3, 64, 64)
regions[:, 1, 10:54, 34:58] = regions[:, 2, 10:54, 6:30] = 1
assert prior('Pneumothorax', regions).shape == (1, 64, 64)

# a prior, by its name
assert prior('left_of_the_film', regions)[0, :, :32].min() == 1

# a data set: recognised, divided, counted by a command that is new itself
assert set_of(d/'hospital') == 'Our hospital' and len(open_studies(d/'hospital', 'judge')) == 2
assert main(['count', str(d/'hospital')]) == 0

# a heatmap, through the command, and one that can be trained on
assert 'bright_hirescam' in trainable_methods()
films = str(d/'hospital')
assert main(['heatmaps', films, '--weights', 'phantom', '--method', 'bright_hirescam', '--out', str(d/'maps'),
             '--workers', '0', '--quiet']) == 0

# a model family: recognised by its file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
tok = Tokenizer(models.WordLevel({'[UNK]': 0, '[PAD]': 1, 'heart': 2, 'no': 3}, unk_token='[UNK]'))
tok.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=tok, pad_token='[PAD]', unk_token='[UNK]').save_pretrained(d/'tok')
tensors = {'seer.weight': torch.randn(6, 1, 8, 8), 'seer.bias': torch.zeros(6), 'sayer.table.weight': torch.randn(4, 6)}
torch.save(tensors, d/'tiny.pth')
assert load_reader(d/'tiny.pth', d/'tok').family == 'tiny'
assert main(['heatmaps', films, '--weights', str(d/'tiny.pth'), '--tokenizer', str(d/'tok'), '--out', str(d/'maps2'),
             '--workers', '0', '--quiet']) == 0

# a loss and a teacher: an arm names them
typed = parse(['refine', films, '--out', str(d/'refined'), '--weights', 'phantom', '--arm',
               'Brightest + Pull + Sparse + Keep', '--steps', '2', '--bs', '4', '--at', '-9', '--no-amp'])
reader = load_reader('phantom')
n, side = 8, reader.size[0]
data = RefineData((torch.rand(n, 1, side, side)*255).byte(), torch.nn.functional.interpolate(regions, (side, side))
                  .expand(n, -1, -1, -1))
history = refine(reader, data, typed.refine, progress=False).manifest['refine']['history']
assert {'pull', 'sparse', 'keep'} <= set(history[-1]), history

# a metric: scored with the others, and explained
maps, truth = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8, dtype=torch.bool)
truth[:, :4, :4] = True
maps[0, :4, :8] = 1.
assert map_scores(maps, truth, [[[0, 0, 4, 4]]], size=8)['pixel_precision'][0] == .5
assert metrics['pixel_precision'].label == 'Precision' and len(metric_guide(['pixel_precision'])) == 1
print('all used')
'''


def with_hospital(folder):
    "Six films of a hospital, and what was read in them"
    import numpy as np
    from PIL import Image
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ['image_id,patient,split,large_heart']
    for k in range(6):
        Image.fromarray(rng.integers(0, 256, (64, 64), dtype=np.uint8)).save(folder/f'a{k}.png')
        rows.append(f"a{k},p{k},{'2019' if k < 4 else 'test'},{k % 2}")
    (folder/'readings.csv').write_text('\n'.join(rows) + '\n')


def with_additions(package):
    "Write each addition into its one file"
    for file, text in ADDED.values():
        path = package/file
        before = path.read_text(encoding='utf-8') if path.exists() else ''
        path.write_text(before + '\n\n' + text, encoding='utf-8')


def test_one_module_for_each_addition():
    "Each of them is in one file, and everybody finds it"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder).resolve()
        shutil.copytree(ROOT/'cxr_weakloc', folder/'cxr_weakloc', ignore=shutil.ignore_patterns('__pycache__'))
        with_additions(folder/'cxr_weakloc')
        with_hospital(folder/'hospital')
        (folder/'use.py').write_text(USED)
        environment = {**os.environ, 'PYTHONPATH': str(folder)}
        done = subprocess.run([sys.executable, folder/'use.py', folder, folder], cwd=folder, env=environment,
                              capture_output=True, text=True)
        assert done.returncode == 0 and 'all used' in done.stdout, done.stdout[-1000:] + done.stderr[-3000:]


def test_table_of_contributing():
    "CONTRIBUTING's table names the same files"
    text = (ROOT/'CONTRIBUTING.md').read_text(encoding='utf-8')
    for kind, (file, _) in ADDED.items():
        room, module = file.removesuffix('.py').split('/')
        row = re.search(rf'^\| {kind}\b.*$', text, re.M)
        assert row, f'CONTRIBUTING has no row for {kind}'
        if kind != 'a command':
            assert f'{room}.{module}' in row[0], row[0]
