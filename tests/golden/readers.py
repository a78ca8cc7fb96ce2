"""Tiny readers on weights that do not depend on the order in which modules are built.
`parts()` uses transformers, tokenizers and torchvision only; `old_readers()` wraps them as the package did at the time."""
import hashlib
import numpy as np, torch, torch.nn as nn, torchvision
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, CLIPConfig, CLIPModel, PreTrainedTokenizerFast, SiglipConfig, SiglipModel

PROMPTS = ('the heart is enlarged', 'no effusion', 'there is a left pleural effusion')
WORDS = ('[PAD]','[UNK]','[CLS]','[SEP]','[MASK]','a','effusion','enlarged','heart','is','left','no','pleural','the','there')

def tokenizer(max_len=32):
    t = Tokenizer(models.WordLevel({w: i for i,w in enumerate(WORDS)}, unk_token='[UNK]')); t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    t.post_processor = processors.TemplateProcessing('[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    return PreTrainedTokenizerFast(tokenizer_object=t, pad_token='[PAD]', unk_token='[UNK]', cls_token='[CLS]', sep_token='[SEP]', mask_token='[MASK]', model_max_length=max_len)

def value(name, shape, seed, scale=1., now=0.): # what stands in a parameter or statistic of that name
    r = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], 'little')]); x = r.normal(size=tuple(shape))
    if name.endswith('running_var'): x = 1 + .2*np.abs(x)
    elif len(shape) == 1 and name.endswith('weight'): x = 1 + .2*x
    elif len(shape) < 2: x = .1*x if len(shape) else x*0 + now           # single numbers (temperatures) stay as they are
    else: x = x*scale/np.sqrt(np.prod(shape[1:]))
    return torch.as_tensor(np.asarray(x, dtype=np.float32))

def shapes(m): return {k: list(v.shape) for k,v in [*m.named_parameters(), *m.named_buffers()] if v.is_floating_point()}   # tied weights under their first name
def made(shapes, seed, scale=1.): return {k: value(k, s, seed, scale) for k,s in shapes.items() if len(s)}   # the weights again, from the names alone

@torch.no_grad()
def fill(m, seed, scale=1.): # every parameter and statistic from its name: weights N(0, 1/fan_in), norms about 1, biases N(0, .1)
    for k,v in [*m.named_parameters(), *m.named_buffers()]:
        if v.is_floating_point(): v.copy_(value(k, v.shape, seed, scale, float(v) if not v.ndim else 0.))
    return m.eval()

SIZE = dict(hidden_size=24, intermediate_size=32, num_hidden_layers=3, num_attention_heads=4)
TEXT = SIZE | dict(vocab_size=len(WORDS), max_position_embeddings=12, eos_token_id=3, bos_token_id=2, pad_token_id=0)
def bert(): return BertModel(BertConfig(vocab_size=len(WORDS), hidden_size=24, num_hidden_layers=4, num_attention_heads=4, intermediate_size=32, max_position_embeddings=32, hidden_dropout_prob=0., attention_probs_dropout_prob=0.), add_pooling_layer=False)
def resnet(): return torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, (1,1,1,1))
def densenet(): return torchvision.models.DenseNet(growth_rate=4, block_config=(2,2,2,2), num_init_features=8, bn_size=2, num_classes=3)

def clip(): return fill(CLIPModel(CLIPConfig(text_config=TEXT, vision_config=SIZE | dict(image_size=32, patch_size=8), projection_dim=16)), 1, 1.5)
def siglip(): return fill(SiglipModel(SiglipConfig(text_config=TEXT, vision_config=SIZE | dict(image_size=32, patch_size=8))), 2, 1.5)
def vit(): return fill(torchvision.models.VisionTransformer(32, 8, 3, 4, 24, 48, num_classes=3), 3)
CLASSES = ('Cardiomegaly', 'Pleural effusion', 'Nodule/Mass')
ALBEF_CONFIG = dict(image_size=32, patch=8, dim=24, heads=4, vision_layers=3, vision_heads=4, text_layers=2, fusion_layers=3, embed_dim=16, vocab=len(WORDS), max_len=16, mean=.5, std=.25, cam_layer=1)

def old_readers():
    from cxr_weakloc.models import (BioViLImage, CXRBert, Classifier, ConvContrastive, FusionReader, GloriaText, TowerClassifier, biovil_reader, clip_reader, hf_vit_tower, itc_reader, resnet_features, siglip_reader, torchvision_tower)
    from cxr_weakloc.vlm import ALBEF, VLMConfig
    T = tokenizer(); albef = fill(ALBEF(VLMConfig(**ALBEF_CONFIG), tokenizer(16)), 4, 1.5)
    out = dict(albef=FusionReader(albef).eval(), itc=itc_reader(albef), clip=clip_reader(clip(), T, 32), siglip=siglip_reader(siglip(), T, 32))
    out['clip-2'] = type(out['clip'])(out['clip'].model, out['clip'].tower, 32, out['clip'].encode, T, 12, out['clip'].scale, layer=-2, mean=out['clip'].mean.flatten().tolist(), std=out['clip'].std.flatten().tolist()).eval()   # one block deeper
    net,c = resnet(),BertConfig(vocab_size=len(WORDS), hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32, max_position_embeddings=32, hidden_dropout_prob=0., attention_probs_dropout_prob=0.)
    out['biovil'] = biovil_reader(fill(BioViLImage(net, 512, 16), 5), fill(CXRBert(c, 16), 6), T, 160, 128)
    out['biovil-t'] = biovil_reader(fill(BioViLImage(resnet(), 512, 16, temporal=True, inner=32, heads=4), 7), fill(CXRBert(c, 16), 6), T, 160, 128)
    parts = nn.ModuleDict(dict(net=resnet(), image=nn.Linear(512, 24), place=nn.Conv2d(256, 24, 1, bias=False), text=GloriaText(bert(), T, 16))); fill(parts, 8)
    out['gloria'] = ConvContrastive(parts, resnet_features(parts['net'], early=True), parts['text'], T, 12, 128, project=parts['image'], words=parts['place'], mean=.5, std=.5).eval()
    out['densenet'] = Classifier(fill(densenet(), 9), classes=CLASSES, size=64); out['resnet'] = Classifier(fill(resnet(), 10), 'layer3', classes=range(1000), size=64); out['vit'] = TowerClassifier(vit(), torchvision_tower(vit()), 32, CLASSES).eval()
    return out
