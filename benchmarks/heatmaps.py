"""Heatmap engines side by side: benchmarks/results/heatmaps.csv (model, batch, prompts, engine, seconds, peak_mb, ratio_to_floor).

Grad-CAM of a ViT-B/16 and a DenseNet-121 with random weights at 224 px, for 1 and 14 prompts (classes), by this package, torchcam, captum and
pytorch-grad-cam, against a plain forward pass and the floor:

- ViT: the trunk once without gradient, the last block for the class token's query only, one small vector-Jacobian product per prompt;
- DenseNet: one plain forward pass (its gradient is the weight of the linear layer), so that `floor` and `forward` are the same call, timed twice.

Engines take turns within each round, so that a busy machine slows all of them alike; `seconds` is the median over rounds. An engine takes part in as many rounds as fit into
`--budget` seconds, at least two, at most `--rounds`; one that needs more than `--slow` seconds is timed once. `peak_mb` is the largest sum of tensors alive during one call beyond those
alive before it (weights, films); of a slow engine it is that of its first prompt, since all three peers work through prompts one after the other. About eleven minutes on two cores.
On a GPU the same table, with the device in the model's name, and throughput under bfloat16."""
import os, sys
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'): os.environ.setdefault(k, str(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()))
os.environ.setdefault('KINETO_LOG_LEVEL', '9')
import argparse, time, warnings
from pathlib import Path
from statistics import median
import pandas as pd, torch, torch.nn.functional as F, torchvision
warnings.filterwarnings('ignore')
from cxr_weakloc.core import atomic
from cxr_weakloc.heatmaps import explain_batch
from cxr_weakloc.models import Classifier, TowerClassifier, torchvision_tower

COLUMNS = ['model', 'batch', 'prompts', 'engine', 'seconds', 'peak_mb', 'ratio_to_floor']

def vit(dev, n=14):
    torch.manual_seed(0); m = torchvision.models.vit_b_16(weights=None, num_classes=n).eval(); torch.nn.init.normal_(m.heads.head.weight, std=.02); return m.to(dev)   # torchvision's head starts at zero
def densenet(dev, n=14): torch.manual_seed(0); return torchvision.models.densenet121(weights=None, num_classes=n).eval().to(dev)

def vit_floor(m, x, ks): # by hand, for this one network
    t,blocks = torchvision_tower(m), m.encoder.layers
    with torch.no_grad(): h = t.embed(x); h = t.run(h, len(blocks) - 1)
    b = blocks[-1]; a = b.self_attention; n = b.ln_1(h).detach().requires_grad_(); H = a.num_heads; D = n.shape[-1]; W,B = a.in_proj_weight.detach(), a.in_proj_bias.detach()
    sp = lambda y: y.unflatten(-1, (H, -1)).transpose(1, 2)
    k,v = (sp(o) for o in F.linear(n, W[D:], B[D:]).chunk(2, -1)); q = sp(F.linear(n[:,:1], W[:D], B[:D]))
    y = h[:,:1] + a.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)); y = y + b.mlp(b.ln_2(y)); s = m.heads(m.encoder.ln(y)[:,0])
    g = [torch.autograd.grad(s[:,i].sum(), n, retain_graph=True)[0][:,1:].mean(1) for i in ks]
    return (torch.stack(g, 1) @ n.detach()[:,1:].transpose(1, 2)).unflatten(-1, t.grid(*x.shape[-2:]))

def ours(reader, amp=False):
    def f(x, ks): return explain_batch(reader, x, reader.text(ks), 'gradcam', amp)[0]
    return f

def in_torchcam(m, layer, reshape=None):
    from torchcam.methods import GradCAM
    def f(x, ks):
        kw = {} if reshape is None else dict(reshape_transform=reshape)
        with GradCAM(m, layer, **kw) as ex: y = m(x); return torch.stack([ex(k, y, normalized=False, retain_graph=i+1 < len(ks))[0] for i,k in enumerate(ks)], 1)
    return f

def in_captum(m, layer, tokens=False):
    from captum.attr import LayerGradCam, LayerGradientXActivation
    ex = LayerGradientXActivation(m, layer) if tokens else LayerGradCam(m, layer)   # its LayerGradCam averages over what would be the channels of a token layout
    def f(x, ks): return torch.stack([ex.attribute(x, k).detach().sum(-1)[:,1:] if tokens else ex.attribute(x, k).detach()[:,0] for k in ks], 1)
    return f

def in_pgc(m, layer, reshape=None):
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    def f(x, ks):
        with GradCAM(m, [layer], reshape_transform=reshape) as ex: return [ex(x, [ClassifierOutputTarget(k)]*len(x)) for k in ks]
    return f

def peak_mb(f, dev): # largest sum of live tensors during one call, beyond what was there
    if dev == 'cuda':
        torch.cuda.synchronize(); torch.cuda.reset_peak_memory_stats(); base = torch.cuda.memory_allocated(); f(); torch.cuda.synchronize(); return (torch.cuda.max_memory_allocated() - base)/2**20
    from torch.profiler import ProfilerActivity, profile
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as p: f()
    now = top = 0
    for e in sorted((e for e in p.profiler.kineto_results.events() if e.name() == '[memory]'), key=lambda e: e.start_ns()): now += e.nbytes(); top = max(top, now)
    return top/2**20

def timed(f, dev): 
    if dev == 'cuda': torch.cuda.synchronize()
    t = time.perf_counter(); f()
    if dev == 'cuda': torch.cuda.synchronize()
    return time.perf_counter() - t

def engines(name, dev):
    if name == 'ViT-B/16':
        m = vit(dev); r = TowerClassifier(m, torchvision_tower(m), 224, range(14)).to(dev).eval(); layer = m.encoder.layers[-1].ln_1; grid = lambda t: t[:,1:].transpose(1, 2).unflatten(-1, (14, 14))
        return {'floor': lambda x, ks: vit_floor(m, x, ks), 'cxr_weakloc': ours(r), 'torchcam': in_torchcam(m, 'encoder.layers.encoder_layer_11.ln_1', grid), 'captum': in_captum(m, layer, True), 'pytorch-grad-cam': in_pgc(m, layer, grid)}, m, r
    m = densenet(dev); r = Classifier(m, m.features, range(14), 224).to(dev).eval()
    def floor(x, ks):
        with torch.no_grad(): return m(x)
    return {'floor': floor, 'cxr_weakloc': ours(r), 'torchcam': in_torchcam(m, 'features'), 'captum': in_captum(m, m.features), 'pytorch-grad-cam': in_pgc(m, m.features)}, m, r

def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0]); ap.add_argument('--out', default=Path(__file__).parent/'results'/'heatmaps.csv', type=Path); ap.add_argument('--rounds', type=int, default=5)
    ap.add_argument('--batches', default='1,16'); ap.add_argument('--prompts', default='1,14'); ap.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu'); ap.add_argument('--models', default='ViT-B/16,DenseNet-121'); ap.add_argument('--engines', default='')
    ap.add_argument('--slow', type=float, default=15, help='an engine that takes more seconds than this is timed once'); ap.add_argument('--budget', type=float, default=10, help='seconds for the rounds of one engine'); a = ap.parse_args(); dev,rows,began = a.device, [], time.perf_counter()
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS'])); print(f"{dev}, {torch.get_num_threads()} threads, torch {torch.__version__}" + (f', {torch.cuda.get_device_name()}' if dev == 'cuda' else ''))
    for name in a.models.split(','):
        E,m,r = engines(name, dev); E = {k: v for k,v in E.items() if not a.engines or k in a.engines.split(',') + ['floor']}
        def plain(x, ks):
            with torch.no_grad(): return m(x)
        E = {'forward': plain} | E; label = name if dev == 'cpu' else f'{name} ({torch.cuda.get_device_name()})'
        for B in map(int, a.batches.split(',')):
            x = torch.rand(B, 3, 224, 224, device=dev)
            for K in map(int, a.prompts.split(',')):
                ks = list(range(K)); run = {k: (lambda f=f: f(x, ks)) for k,f in E.items()}; secs = {k: [] for k in run}
                turns = {}
                for k,f in run.items(): t = timed(f, dev); slow = t > a.slow; secs[k] += [t]*slow; turns[k] = 0 if slow else max(min(2, a.rounds), min(a.rounds, int(a.budget/t)))        # warm-up; a slow engine's only round
                for i in range(a.rounds):
                    for k,f in run.items():
                        if i < turns[k]: secs[k].append(timed(f, dev))
                floor = median(secs['floor'])
                for k,f in run.items():
                    mb = peak_mb(f if turns[k] else (lambda: E[k](x, ks[:1])), dev)
                    rows.append(dict(model=label, batch=B, prompts=K, engine=k, seconds=round(median(secs[k]), 5), peak_mb=round(mb, 1), ratio_to_floor=round(median(secs[k])/floor, 3))); print(*rows[-1].values(), sep='  ', flush=True)
                if B == 1 and 'torchcam' in run and name != 'DenseNet-121':
                    o,t = run['cxr_weakloc']().clamp(min=0), run['torchcam'](); print(f'  largest difference from torchcam, relative to the largest value: {((o - t).abs().max()/t.abs().max()).item():.1e}', flush=True)
        if dev == 'cuda':   # throughput under bfloat16, and what share of the pure forward rate it is
            said = r.text(list(range(14))); best = dict(forward=0., maps=0.)
            for B in (64, 128, 256):
                x = torch.rand(B, 3, 224, 224, device=dev)
                def fwd():
                    with torch.no_grad(), torch.autocast('cuda', torch.bfloat16): m(x)
                def maps(): explain_batch(r, x, said, 'gradcam', True)
                for f in (fwd, maps): f(); f()
                tf,tm = [],[]
                for _ in range(max(10, a.rounds)): tf.append(timed(fwd, dev)); tm.append(timed(maps, dev))
                for k,t,f in (('forward bfloat16', tf, fwd), ('cxr_weakloc bfloat16', tm, maps)): rows.append(dict(model=label, batch=B, prompts=14, engine=k, seconds=round(median(t), 5), peak_mb=round(peak_mb(f, dev), 1), ratio_to_floor=round(median(t)/median(tf), 3)))
                best = {k: max(best[k], B/median(t)) for k,t in (('forward', tf), ('maps', tm))}
            print(f"{label}, bfloat16, 14 prompts: {best['maps']:.0f} images per second, {best['maps']/best['forward']:.2f} of the pure forward rate ({best['forward']:.0f})", flush=True)
    t = pd.DataFrame(rows, columns=COLUMNS).set_index(['model', 'batch', 'prompts', 'engine'])   # in words, against the goals
    for (mod,B,K),g in t.groupby(level=[0, 1, 2], sort=False):
        g = g.droplevel([0, 1, 2])
        if 'cxr_weakloc' not in g.index or 'floor' not in g.index: continue
        o,base = g.loc['cxr_weakloc'], g.loc['floor']
        print(f"{mod}, batch {B}, {K} prompts: {o.ratio_to_floor:.2f} x the floor's time, {o.peak_mb/base.peak_mb:.2f} x its memory; faster than " + ', '.join(f'{e} {g.seconds[e]/o.seconds:.1f} x' for e in g.index if e not in ('forward', 'floor', 'cxr_weakloc')))
    with atomic(a.out) as tmp: pd.DataFrame(rows, columns=COLUMNS).to_csv(tmp, index=False)
    print(f'{a.out}: {len(rows)} rows in {time.perf_counter() - began:.0f} s')

if __name__ == '__main__': main()
