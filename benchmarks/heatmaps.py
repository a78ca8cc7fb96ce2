"""Heatmap engines side by side: benchmarks/results/heatmaps.csv

Columns: model, batch, prompts, engine, seconds, peak_mb, ratio_to_floor. Grad-CAM of a ViT-B/16 and a DenseNet-121
with random weights at 224 px, for 1 and 14 prompts (classes), by this package, torchcam, captum and pytorch-grad-cam,
against a plain forward pass and the floor:

- ViT: the trunk once without gradient, the last block for the class token's query only, one small vector-Jacobian
  product per prompt;
- DenseNet: one plain forward pass (its gradient is the weight of the linear layer), so that `floor` and `forward` are
  the same call, timed twice.

Engines take turns within each round, so that a busy machine slows all of them alike; `seconds` is the median over
rounds. An engine takes part in as many rounds as fit into `--budget` seconds, at least two, at most `--rounds`; one
that needs more than `--slow` seconds is timed once. `peak_mb` is the largest sum of tensors alive during one call
beyond those alive before it (weights, films); of a slow engine it is that of its first prompt, since all three peers
work through prompts one after the other. About eleven minutes on two cores. On a GPU the same table, with the device in
the model's name, and throughput under bfloat16.
"""
import os

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
for _name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ.setdefault(_name, str(THREADS))   # before anything imports numpy
os.environ.setdefault('KINETO_LOG_LEVEL', '9')

import argparse
import time
import warnings
from pathlib import Path
from statistics import median

import pandas as pd
import torch
import torch.nn.functional as F
import torchvision

from cxr_weakloc.core import atomic
from cxr_weakloc.heatmaps import explain_batch
from cxr_weakloc.models import Classifier, TowerClassifier, torchvision_tower

KEYS = ['model', 'batch', 'prompts', 'engine']
COLUMNS = [*KEYS, 'seconds', 'peak_mb', 'ratio_to_floor']
CLASSES, SIDE, OURS = 14, 224, 'cxr_weakloc'


# Two networks with random weights


def vit(device):
    "ViT-B/16; its head, which torchvision starts at zero, is random, too"
    torch.manual_seed(0)
    model = torchvision.models.vit_b_16(weights=None, num_classes=CLASSES).eval()
    torch.nn.init.normal_(model.heads.head.weight, std=.02)
    return model.to(device)


def densenet(device):
    "DenseNet-121"
    torch.manual_seed(0)
    return torchvision.models.densenet121(weights=None, num_classes=CLASSES).eval().to(device)


# Engines: f(films, classes) -> maps


def vit_floor(model, x, classes):
    "Grad-CAM by hand, for this one network"
    tower, blocks = torchvision_tower(model), model.encoder.layers
    with torch.no_grad():
        tokens = tower.run(tower.embed(x), len(blocks) - 1)
    block = blocks[-1]
    attention = block.self_attention
    normed = block.ln_1(tokens).detach().requires_grad_()
    width = normed.shape[-1]
    weight, bias = attention.in_proj_weight.detach(), attention.in_proj_bias.detach()

    def by_heads(y):
        return y.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)

    k, v = (by_heads(o) for o in F.linear(normed, weight[width:], bias[width:]).chunk(2, -1))
    q = by_heads(F.linear(normed[:, :1], weight[:width], bias[:width]))
    fetched = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    y = tokens[:, :1] + attention.out_proj(fetched)
    y = y + block.mlp(block.ln_2(y))
    scores = model.heads(model.encoder.ln(y)[:, 0])
    weights = [torch.autograd.grad(scores[:, i].sum(), normed, retain_graph=True)[0][:, 1:].mean(1) for i in classes]
    maps = torch.stack(weights, 1) @ normed.detach()[:, 1:].transpose(1, 2)
    return maps.unflatten(-1, tower.grid(*x.shape[-2:]))


def forward(model):
    "No map at all: one forward pass"
    def run(x, classes):
        with torch.no_grad():
            return model(x)
    return run


def ours(reader):
    "This package"
    return lambda x, classes: explain_batch(reader, x, reader.text(classes), 'gradcam')[0]


def in_torchcam(model, layer, reshape=None):
    "torchcam"
    from torchcam.methods import GradCAM
    options = {} if reshape is None else dict(reshape_transform=reshape)

    def run(x, classes):
        last, maps = len(classes) - 1, []
        with GradCAM(model, layer, **options) as cam:
            y = model(x)
            for i, k in enumerate(classes):
                maps.append(cam(k, y, normalized=False, retain_graph=i < last)[0])
        return torch.stack(maps, 1)
    return run


def in_captum(model, layer, tokens=False):
    "captum; its LayerGradCam averages over what would be the channels of a token layout"
    from captum.attr import LayerGradCam, LayerGradientXActivation
    explainer = (LayerGradientXActivation if tokens else LayerGradCam)(model, layer)

    def one(x, k):
        found = explainer.attribute(x, k).detach()
        return found.sum(-1)[:, 1:] if tokens else found[:, 0]

    return lambda x, classes: torch.stack([one(x, k) for k in classes], 1)


def in_pytorch_grad_cam(model, layer, reshape=None):
    "pytorch-grad-cam"
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def run(x, classes):
        with GradCAM(model, [layer], reshape_transform=reshape) as cam:
            return [cam(x, [ClassifierOutputTarget(k)]*len(x)) for k in classes]
    return run


def vit_engines(device):
    "Engines of the ViT, and its reader"
    model = vit(device)
    reader = TowerClassifier(model, torchvision_tower(model), SIDE, range(CLASSES)).to(device).eval()
    name, layer = 'encoder.layers.encoder_layer_11.ln_1', model.encoder.layers[-1].ln_1

    def grid(tokens):
        return tokens[:, 1:].transpose(1, 2).unflatten(-1, (14, 14))

    return {'forward': forward(model), 'floor': lambda x, classes: vit_floor(model, x, classes), OURS: ours(reader),
            'torchcam': in_torchcam(model, name, grid), 'captum': in_captum(model, layer, True),
            'pytorch-grad-cam': in_pytorch_grad_cam(model, layer, grid)}, reader


def densenet_engines(device):
    "Engines of the DenseNet, and its reader"
    model = densenet(device)
    reader = Classifier(model, model.features, range(CLASSES), SIDE).to(device).eval()
    return {'forward': forward(model), 'floor': forward(model), OURS: ours(reader),
            'torchcam': in_torchcam(model, 'features'), 'captum': in_captum(model, model.features),
            'pytorch-grad-cam': in_pytorch_grad_cam(model, model.features)}, reader


MODELS = {'ViT-B/16': vit_engines, 'DenseNet-121': densenet_engines}


# Measuring


def peak_mb(f, device):
    "The largest sum of live tensors during one call, beyond what was there"
    if device == 'cuda':
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        f()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before)/2**20
    from torch.profiler import ProfilerActivity, profile
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as p:
        f()
    events = [e for e in p.profiler.kineto_results.events() if e.name() == '[memory]']
    now = top = 0
    for e in sorted(events, key=lambda e: e.start_ns()):
        now += e.nbytes()
        top = max(top, now)
    return top/2**20


def timed(f, device):
    "Seconds of one call"
    if device == 'cuda':
        torch.cuda.synchronize()
    start = time.perf_counter()
    f()
    if device == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - start


def in_turns(calls, a):
    "{engine: seconds of its rounds}, and the engines that are timed once"
    seconds, turns = {name: [] for name in calls}, {}
    for name, f in calls.items():                       # warm-up; a slow engine's only round
        took = timed(f, a.device)
        turns[name] = max(min(2, a.rounds), min(a.rounds, int(a.budget/took)))
        if took > a.slow:
            turns[name] = 0
            seconds[name].append(took)
    for i in range(a.rounds):
        for name, f in calls.items():
            if i < turns[name]:
                seconds[name].append(timed(f, a.device))
    return seconds, {name for name, n in turns.items() if not n}


def compare(engines, label, batch, prompts, a):
    "Rows of the table for one batch and one number of prompts"
    x, classes = torch.rand(batch, 3, SIDE, SIDE, device=a.device), list(range(prompts))
    calls = {name: (lambda f=f: f(x, classes)) for name, f in engines.items()}
    seconds, slow = in_turns(calls, a)
    floor, rows = median(seconds['floor']), []
    for name, f in calls.items():
        first = engines[name]
        peak = peak_mb((lambda: first(x, classes[:1])) if name in slow else f, a.device)
        took = median(seconds[name])
        rows.append((label, batch, prompts, name, round(took, 5), round(peak, 1), round(took/floor, 3)))
        print(*rows[-1], sep='  ', flush=True)
    if batch == 1 and 'torchcam' in calls and not label.startswith('DenseNet'):
        mine, theirs = calls[OURS]().clamp(min=0), calls['torchcam']()
        apart = ((mine - theirs).abs().max()/theirs.abs().max()).item()
        print(f'  largest difference from torchcam, relative to the largest value: {apart:.1e}', flush=True)
    return rows


def throughput(engines, reader, label, a):
    "Rows of bfloat16 on a GPU: films per second, and what share of the pure forward rate that is"
    said = reader.text(list(range(CLASSES)))
    rows, best = [], dict(forward=0., maps=0.)
    for batch in (64, 128, 256):
        x = torch.rand(batch, 3, SIDE, SIDE, device=a.device)

        def plain():
            with torch.autocast('cuda', torch.bfloat16):
                engines['forward'](x, None)

        def mapped():
            explain_batch(reader, x, said, 'gradcam', True)

        for f in (plain, plain, mapped, mapped):
            f()
        times = [(timed(plain, a.device), timed(mapped, a.device)) for _ in range(max(10, a.rounds))]
        without, within = (median(t) for t in zip(*times))
        for name, f, took in (('forward bfloat16', plain, without), (f'{OURS} bfloat16', mapped, within)):
            peak = round(peak_mb(f, a.device), 1)
            rows.append((label, batch, CLASSES, name, round(took, 5), peak, round(took/without, 3)))
        best = dict(forward=max(best['forward'], batch/without), maps=max(best['maps'], batch/within))
    print(f"{label}, bfloat16, {CLASSES} prompts: {best['maps']:.0f} images per second, "
          f"{best['maps']/best['forward']:.2f} of the pure forward rate ({best['forward']:.0f})", flush=True)
    return rows


def in_words(table):
    "The figures against the goals"
    for (model, batch, prompts), g in table.set_index(KEYS).groupby(level=[0, 1, 2], sort=False):
        g = g.droplevel([0, 1, 2])
        if OURS not in g.index or 'floor' not in g.index:
            continue
        mine, floor = g.loc[OURS], g.loc['floor']
        others = [f'{name} {g.seconds[name]/mine.seconds:.1f} x' for name in g.index
                  if name not in ('forward', 'floor', OURS)]
        print(f"{model}, batch {batch}, {prompts} prompts: {mine.ratio_to_floor:.2f} x the floor's time, "
              f"{mine.peak_mb/floor.peak_mb:.2f} x its memory; faster than {', '.join(others)}")


def settings():
    "What the command line says"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default=Path(__file__).parent/'results'/'heatmaps.csv', type=Path)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--batches', default='1,16')
    parser.add_argument('--prompts', default='1,14')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--models', default=','.join(MODELS))
    parser.add_argument('--engines', default='', help='only these, and the floor')
    parser.add_argument('--slow', type=float, default=15, help='an engine that takes more seconds is timed once')
    parser.add_argument('--budget', type=float, default=10, help='seconds for the rounds of one engine')
    return parser.parse_args()


def main():
    "Measure, print, write"
    warnings.filterwarnings('ignore')
    a, began, rows = settings(), time.perf_counter(), []
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
    card = torch.cuda.get_device_name() if a.device == 'cuda' else ''
    print(f'{a.device} {card}, {torch.get_num_threads()} threads, torch {torch.__version__}')
    for name in a.models.split(','):
        engines, reader = MODELS[name](a.device)
        if a.engines:
            engines = {k: f for k, f in engines.items() if k in ('forward', 'floor', *a.engines.split(','))}
        label = f'{name} ({card})' if card else name
        for batch in map(int, a.batches.split(',')):
            for prompts in map(int, a.prompts.split(',')):
                rows += compare(engines, label, batch, prompts, a)
        if a.device == 'cuda':
            rows += throughput(engines, reader, label, a)
    table = pd.DataFrame(rows, columns=COLUMNS)
    in_words(table)
    with atomic(a.out) as part:
        table.to_csv(part, index=False)
    print(f'{a.out}: {len(rows)} rows in {time.perf_counter() - began:.0f} s')


if __name__ == '__main__':
    main()
