"""What a step of refinement costs each family at its real size: benchmarks/results/cost.csv

Columns: family, shape, map, tune, millions (of parameters), learn (millions of them that learn), gflop_a_step,
cpu_seconds_a_step, gb_weights, gb_activations, gb_a_step, hours_cpu_core, hours_h100, how. Random weights of the real
shape; a step is 16 films, two prompts a finding.

`how` says it in a row. One film, then two are put through the student (forward and backward, the map of the family in
its trainable form) and a moving teacher (forward), in float32 on one thread. *Measured* there are CPU seconds of the
process, floating point operations that PyTorch counts (matrix products and convolutions), and bytes of the tensors that
autograd keeps (activations). *Computed* from them: a step of `--bs` films is the first film and bs - 1 times what the
second one added; gb_weights is 4 bytes x (weights and the teacher's copy, and for what learns gradient and two moments
of Adam); hours are one pass over VinDr-CXR's 15,000 training films, and the maps of its 3,000 test films at a third of
a step each: on one core from the measured seconds, on an H100 from the operations at 40 % of 989 TFLOP/s (bfloat16),
a customary share that was not measured. The teacher is counted, prompts' encoding too; loading of films is not.
"""
import argparse
import time
import warnings
from pathlib import Path

import pandas as pd
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

from cxr_weakloc.core import FINDINGS, atomic
from cxr_weakloc.models import (
    ALBEF, BioViLImage, CXRBert, Classifier, FusionReader, VLMConfig, biovil_reader, build_tokenizer, clip_reader,
    siglip_reader,
)
from cxr_weakloc.refine import Student, own_map, set_tuned, step_prompts

TRAIN, TEST, H100 = 15_000, 3_000, .4*989e12
HOW = 'seconds, operations, activations measured with 1 and 2 films, scaled to {}; weights, hours, H100 computed'
WORDS = build_tokenizer([p for f in FINDINGS.values() for p in f.prompts]*2)
SPECIAL = dict(eos_token_id=3, bos_token_id=2, pad_token_id=0)


def albef(size):
    "Salesforce's: ViT-B/16, 6 text and 6 fusion layers; 256 px in pretraining, 384 px in grounding"
    shape = VLMConfig(image_size=size, patch=16, channels=3, dim=768, heads=12, vision_layers=12, vision_heads=12,
                      text_layers=6, fusion_layers=6, embed_dim=256, vocab=30_522, cam_layer=2)
    return FusionReader(ALBEF(shape, WORDS))


def clip(patch):
    "OpenAI's ViT-B at 224 px; with patches of 32 CheXzero's"
    text = dict(vocab_size=49_408, max_position_embeddings=77, **SPECIAL)
    vision = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12)
    vision |= dict(image_size=224, patch_size=patch)
    return clip_reader(CLIPModel(CLIPConfig(text_config=text, vision_config=vision)), WORDS, 224)


def siglip():
    "SigLIP ViT-B/16 at 224 px"
    text = dict(vocab_size=32_000, max_position_embeddings=64, **SPECIAL)
    return siglip_reader(SiglipModel(SiglipConfig(text_config=text, vision_config=dict(image_size=224))), WORDS, 224)


def biovil():
    "ResNet-50 at 480 of 512 px, CXR-BERT of BERT-base's shape"
    bert = BertConfig(vocab_size=30_522)
    return biovil_reader(BioViLImage(torchvision.models.resnet50()), CXRBert(bert), WORDS, 512, 480)


def densenet():
    "DenseNet-121 at 224 px, a classifier: the control that is no VLM"
    names = (*FINDINGS, *(f'other {i}' for i in range(14 - len(FINDINGS))))
    return Classifier(torchvision.models.densenet121(num_classes=len(names)), classes=names, films=224)


FAMILIES = {
    'ALBEF': ('ViT-B/16, 256 px', lambda: albef(256)), 'ALBEF, grounding': ('ViT-B/16, 384 px', lambda: albef(384)),
    'CLIP': ('ViT-B/16, 224 px', lambda: clip(16)), 'CheXzero': ('ViT-B/32, 224 px', lambda: clip(32)),
    'SigLIP': ('ViT-B/16, 224 px', siglip), 'BioViL': ('ResNet-50, 480 px', biovil),
    'classifier': ('DenseNet-121, 224 px', densenet),
}


class Kept:
    "Counts the bytes of tensors that autograd keeps, parameters left out, each storage once"
    def __init__(self, model):
        self.seen = {p.untyped_storage().data_ptr() for p in model.parameters()}
        self.bytes = 0

    def keep(self, x):
        "A tensor is kept"
        storage = x.untyped_storage()
        if storage.data_ptr() not in self.seen:
            self.seen.add(storage.data_ptr())
            self.bytes += storage.nbytes()
        return x


def step(student, films, prompts):
    "Teacher, then student with its gradient"
    student(films, prompts[::2], grad=False)
    looked = student(films, prompts)
    (looked.maps.square().mean() + looked.logits.mean()).backward()
    student.zero_grad()


def counted(student, n):
    "Floating point operations, bytes kept, and CPU seconds of a step of n films"
    films, prompts = torch.rand(n, 1, *student.reader.size), step_prompts(tuple(FINDINGS), 0)
    kept = Kept(student)
    with torch.autograd.graph.saved_tensors_hooks(kept.keep, lambda x: x), FlopCounterMode(display=False) as counter:
        step(student, films, prompts)
    began = time.process_time()
    step(student, films, prompts)
    return counter.get_total_flops(), kept.bytes, time.process_time() - began


def cost(make, tune, bs):
    "The figures of one family and one choice of what learns"
    torch.manual_seed(0)
    reader = set_tuned(make(), tune)
    for dropout in (m for m in reader.modules() if isinstance(m, torch.nn.Dropout)):
        dropout.p = 0.
    method = 'cam' if reader.family == 'classifier' else 'similarity' if reader.family == 'biovil' else own_map(reader)
    student = Student(reader.eval(), method)    # a map by backward passes is not counted by PyTorch's counter
    one, two = counted(student, 1), counted(student, 2)
    flops, kept, seconds = (a + (bs - 1)*max(b - a, 0) for a, b in zip(one, two))
    total = sum(p.numel() for p in student.parameters())
    learn = sum(p.numel() for p in student.parameters() if p.requires_grad)
    steps = (TRAIN + TEST/3)/bs
    return dict(map=student.method, tune=tune, millions=total/1e6, learn=learn/1e6, gflop_a_step=flops/1e9,
                cpu_seconds_a_step=seconds, gb_weights=4*(2*total + 3*learn)/2**30, gb_activations=kept/2**30,
                gb_a_step=4*(2*total + 3*learn)/2**30 + kept/2**30, hours_cpu_core=steps*seconds/3600,
                hours_h100=steps*flops/H100/3600, how=HOW.format(bs))


def main():
    "Measure, compute, write"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default=Path(__file__).parent/'results'/'cost.csv', type=Path)
    parser.add_argument('--families', nargs='*', default=list(FAMILIES))
    parser.add_argument('--bs', type=int, default=16)
    a = parser.parse_args()
    warnings.simplefilter('ignore')
    torch.set_num_threads(1)
    rows = []
    for family in a.families:
        shape, make = FAMILIES[family]
        for tune in ('all',) if family == 'classifier' else ('all', 'lora:8'):   # it has no attention
            rows.append(dict(family=family, shape=shape) | cost(make, tune, a.bs))
            print(' '.join(f'{k} {v:.4g}' if isinstance(v, float) else str(v) for k, v in rows[-1].items()), flush=True)
        with atomic(a.out) as part:
            pd.DataFrame(rows).to_csv(part, index=False, float_format='%.4g')
    print(a.out)


if __name__ == '__main__':
    main()
