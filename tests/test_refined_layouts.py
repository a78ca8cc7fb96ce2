"A refined model of each family, LoRA merged: saved, loaded, saved and loaded again it says the same, bit for bit"
import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import BertConfig, CLIPConfig, CLIPModel

from cxr_weakloc.core import FINDINGS
from cxr_weakloc.models import (
    ALBEF, BioViLImage, CXRBert, FusionReader, ResNetShape, VLMConfig, biovil_reader, build_tokenizer, clip_reader,
    load_reader, save_reader,
)
from cxr_weakloc.refine import RefineConfig, RefineData, refine

WORDS = build_tokenizer([p for f in FINDINGS.values() for p in f.prompts]*2, cleans=True)
SIDE = 32


def clip(family):
    "A CLIP, to be saved as a Hugging Face folder or under OpenAI's keys"
    shape = dict(hidden_size=16, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)
    text = shape | dict(vocab_size=len(WORDS), max_position_embeddings=32)
    text |= dict(eos_token_id=3, bos_token_id=2, pad_token_id=0)
    vision = shape | dict(image_size=SIDE, patch_size=8)
    for part in (text, vision):
        part |= dict(hidden_act='quick_gelu', layer_norm_eps=1e-5)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    return clip_reader(model, WORDS, SIDE, manifest=dict(family=family))


def albef():
    "An ALBEF that reads texts as Salesforce's does"
    shape = VLMConfig(image_size=SIDE, patch=8, dim=16, heads=2, vision_layers=2, vision_heads=2, text_layers=1,
                      fusion_layers=2, embed_dim=8, vocab=len(WORDS), caption='albef', sep=False, map_score='match')
    return FusionReader(ALBEF(shape, WORDS), manifest=dict(family='albef'))


def biovil():
    "A small ResNet and CXR-BERT"
    net = ResNetShape((1, 1, 1, 1), (8, 8, 16, 16), (1, 2, 1, 1), False).build()
    bert = BertConfig(vocab_size=len(WORDS), hidden_size=16, num_attention_heads=2, num_hidden_layers=1,
                      intermediate_size=32, hidden_dropout_prob=0., attention_probs_dropout_prob=0.)
    return biovil_reader(BioViLImage(net, 16, 8), CXRBert(bert, 8), WORDS, SIDE, SIDE)


FAMILIES = {   # name -> a reader, the layout, the file of weights
    'CLIP': (lambda: clip('clip'), 'own', 'model.safetensors'),
    'CheXzero': (lambda: clip('chexzero'), 'own', 'weights.pth'),
    'ALBEF': (albef, 'own', 'model.safetensors'),
    "ALBEF, Salesforce's keys": (albef, 'salesforce', 'weights.pth'),
    'BioViL': (biovil, 'own', 'weights.pth'),
}


def lesson():
    "Films whose heart is a disc"
    row, column = torch.meshgrid(torch.arange(float(SIDE)), torch.arange(float(SIDE)), indexing='ij')
    centre = torch.rand(8, 2)*8 + 12
    heart = ((row - centre[:, :1, None])**2 + (column - centre[:, 1:, None])**2 < 36).float()
    films = ((.2 + .5*heart + .1*torch.rand(8, SIDE, SIDE))*255).byte()[:, None]
    left, right = (side.expand(8, -1, -1).float() for side in (column > 20, column < 12))
    truth = torch.stack([heart > 0, torch.zeros_like(heart) > 0], 1)
    labels = torch.tensor([[1, 0]]).expand(8, -1)
    return RefineData(films, torch.stack([heart, left, right], 1), truth=truth, labels=labels)


def scores(reader):
    "Of two films and two prompts"
    x = torch.rand(2, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return reader.score(reader.trunk(x), reader.text(['the heart is enlarged', 'no effusion']))


def tensors(file):
    "Of a file of weights"
    found = load_file(file) if file.suffix == '.safetensors' else torch.load(file, weights_only=True)
    return found.get('model', found)


def check(name, tune, d):
    "There and back, for one family and one choice of what learns"
    make, layout, file = FAMILIES[name]
    torch.manual_seed(0)
    save_reader(make(), d/'given', layout=layout)
    given = load_reader(d/'given')      # as somebody has it
    cfg = RefineConfig(arm='TrueMasks + Pull + Keep', tune=tune, epochs=1, bs=4, grid=SIDE, lr=3e-2, amp=False)
    student = refine(given, lesson(), cfg, progress=False)
    assert not torch.equal(scores(student), scores(given)), 'nothing was learned'
    before = scores(student)
    for folder in ('once', 'twice'):
        save_reader(student, d/folder, layout=layout)
        student = load_reader(d/folder)
        assert torch.equal(scores(student), before), f'{name}, {tune}: {folder}'
    a, b = tensors(d/'given'/file), tensors(d/'twice'/file)
    assert {k: v.shape for k, v in a.items()} == {k: v.shape for k, v in b.items()}, f'{name}: other keys'
    assert student.manifest['refine']['tune'] == tune and student.family == given.family


def test_layouts():
    warnings.simplefilter('ignore')
    for name in FAMILIES:
        for tune in ('all', 'lora:2'):
            with tempfile.TemporaryDirectory() as d:
                check(name, tune, Path(d))
            print(f'{name}, {tune}: the same bits')


if __name__ == '__main__':
    test_layouts()
