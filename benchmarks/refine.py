"""One step of refinement beside a plain step of fine-tuning: benchmarks/results/refine.csv

Columns: model, map, tune, engine, seconds, peak_mb, ratio_to_plain. The model is a CLIP with ViT-B/16 and random
weights at 224 px, batch 4, two prompts a finding, float32. A step of refinement has its views, teacher, target, losses
and optimizer. The plain step beside it, in the same process, is contrastive fine-tuning of the same model with the same
prompts: scores, cross-entropy, the same optimizer. `engine` says how the map is made and what the teacher does:

- closed form: the map of the last block is an ordinary forward computation;
- double backward: the same map by automatic differentiation of a gradient, as AMC makes it;
- moving: the average of the student looks at each weak view; frozen: the pretrained model's maps are kept.

`seconds` are CPU seconds of the process and its threads (on a busy machine the only ones to compare), of the fastest
step after the first; `peak_mb` is the largest sum of tensors alive during a step beyond those before it.
"""
import argparse
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from fastai.basics import Callback
from transformers import CLIPConfig, CLIPModel

from cxr_weakloc.core import FINDINGS, atomic
from cxr_weakloc.heatmaps import HEATMAPS
from cxr_weakloc.models import Backward, build_tokenizer, clip_reader, leaf_of, plain_attention
from cxr_weakloc.refine import RefineConfig, RefineData, prepare_refinement, refine, step_prompts
from heatmaps import peak_mb

MOVING, FROZEN = 'map', 'still'     # arms
TOP = r'vision.*layers\.1[01]\..*(q_proj|v_proj)'   # attention of the last two blocks
CASES = (                           # map, tune, engine, settings
    ('gradcam', 'all', 'closed form, moving', dict(arm=MOVING)),
    ('gradcam', 'all', 'double backward, moving', dict(arm=MOVING, method='double backward')),
    ('gradcam', 'all', 'closed form, frozen', dict(arm=FROZEN)),
    ('similarity', 'all', 'closed form, moving', dict(arm=MOVING)),
    ('similarity', 'all', 'closed form, frozen', dict(arm=FROZEN)),
    ('gradcam', 'blocks:2', 'closed form, frozen', dict(arm=FROZEN, tune='blocks:2')),
    ('gradcam', 'lora:8', 'closed form, frozen', dict(arm=FROZEN, tune='lora:8')),
    ('gradcam', 'lora:8, last two blocks', 'closed form, frozen', dict(arm=FROZEN, tune='lora:8', targets=TOP)),
)


@HEATMAPS.add('double backward', needs='seen', models='vision transformers')
def double_backward(reader, seen, said):
    "Grad-CAM of the last block by automatic differentiation: what the closed form replaces"
    tower, last = reader.tower, reader.tower.blocks[-1]
    grad = torch.is_grad_enabled()
    with torch.enable_grad(), plain_attention(True):
        leaf = leaf_of(last.norm1(seen.x), grad)
        scores = reader.scored(last(seen.x, leaf), said)
        found = Backward(leaf, scores, seen.grid, lambda y: y[:, tower.prefix:], grad)
        maps = found.mean_grad() @ found.A.transpose(1, 2)
    return maps.unflatten(-1, seen.grid), found.scores


def clip(layers, width, size):
    "A CLIP of this size with random weights"
    torch.manual_seed(0)
    words = build_tokenizer([p for f in FINDINGS.values() for p in f.prompts]*2)
    heads, depth = max(1, width//64), dict(num_hidden_layers=layers)
    text = depth | dict(hidden_size=width*2//3, intermediate_size=width*8//3, num_attention_heads=max(1, heads*2//3))
    text |= dict(vocab_size=len(words), max_position_embeddings=77, eos_token_id=3, bos_token_id=2, pad_token_id=0)
    vision = depth | dict(hidden_size=width, intermediate_size=4*width, num_attention_heads=heads)
    vision |= dict(image_size=size, patch_size=16)
    shape = CLIPConfig(text_config=text, vision_config=vision, projection_dim=width*2//3)
    return clip_reader(CLIPModel(shape), words, size)


def films(n, size):
    "Random films, and regions"
    torch.manual_seed(1)
    regions = (F.interpolate(torch.rand(n, 3, 4, 4), (size, size), mode='bilinear') > .5).float()
    return RefineData((torch.rand(n, 1, size, size)*255).byte(), regions)


class Clock(Callback):
    "CPU seconds of each step; the memory of the last one"
    order = -100

    def __init__(self):
        self.seconds, self.peak = [], 0.

    def before_batch(self):
        "Begin"
        self.began = time.process_time()

    def after_batch(self):
        "Before anything else that comes after a step"
        self.seconds.append(time.process_time() - self.began)


class Memory(Callback):
    "Measure the peak of one step by running it under the profiler"
    def __init__(self):
        self.peak = 0.

    def before_fit(self):
        "Wrap the learner's step"
        step, first = self.learn._do_one_batch, []

        def watched():
            if first or self.peak:
                return step()
            first.append(True)
            self.peak = peak_mb(step, 'cpu')

        self.learn._do_one_batch = watched


def plain_steps(reader, data, bs, steps):
    "CPU seconds of the fastest step of contrastive fine-tuning after the first; its peak"
    model, prompts = reader.train(), step_prompts(tuple(FINDINGS), 0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    x, wanted = data.films[:bs], torch.arange(bs) % len(prompts)

    def step():
        scores = model.score(model.trunk(x, grad=True), model.text(prompts, grad=True))
        F.cross_entropy(scores, wanted).backward()
        optimizer.step()
        optimizer.zero_grad()

    seconds = []
    for _ in range(steps):
        began = time.process_time()
        step()
        seconds.append(time.process_time() - began)
    return min(seconds[1:]), peak_mb(step, 'cpu')


def refined_steps(reader, data, cfg, steps):
    "CPU seconds of the fastest step of refinement after the first; its peak"
    known = prepare_refinement(reader, data, cfg, progress=False)
    known = replace(known, prob=torch.ones_like(known.prob))      # every film has a target
    clock, memory = Clock(), Memory()
    short = RefineData(data.films[:cfg.bs], data.regions[:cfg.bs])
    few = replace(known, logits=known.logits[:cfg.bs], prob=known.prob[:cfg.bs],
                  layers={k: v[:cfg.bs] for k, v in known.layers.items()})
    refine(reader, data, cfg, progress=False, known=known, cbs=[clock])
    refine(reader, short, cfg, progress=False, known=few, cbs=[memory])
    return min(clock.seconds[1:]), memory.peak


def main():
    "Measure, print, write"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default=Path(__file__).parent/'results'/'refine.csv', type=Path)
    parser.add_argument('--layers', type=int, default=12, help='of both towers')
    parser.add_argument('--width', type=int, default=768, help='of the image tower')
    parser.add_argument('--size', type=int, default=224, help='of the films, pixels')
    parser.add_argument('--steps', type=int, default=3, help='of each case; the first does not count')
    parser.add_argument('--bs', type=int, default=4)
    a = parser.parse_args()
    warnings.simplefilter('ignore')
    name = 'CLIP ViT-B/16' if (a.layers, a.width, a.size) == (12, 768, 224) else f'CLIP {a.layers}x{a.width}'
    data, rows = films(a.bs*a.steps, a.size), []
    plain, plain_mb = plain_steps(clip(a.layers, a.width, a.size), data, a.bs, a.steps)
    rows.append((name, '', 'all', 'plain', plain, plain_mb, 1.))
    print(*rows[-1], sep='  ', flush=True)
    for method, tune, engine, settings in CASES:
        settings = dict(method=method, epochs=1, bs=a.bs, amp=False, grid=56) | settings
        seconds, peak = refined_steps(clip(a.layers, a.width, a.size), data, RefineConfig(**settings), a.steps)
        rows.append((name, method, tune, engine, seconds, peak, seconds/plain))
        print(*rows[-1], sep='  ', flush=True)
    columns = ['model', 'map', 'tune', 'engine', 'seconds', 'peak_mb', 'ratio_to_plain']
    with atomic(a.out) as part:
        pd.DataFrame(rows, columns=columns).round(3).to_csv(part, index=False)
    print(a.out)


if __name__ == '__main__':
    main()
