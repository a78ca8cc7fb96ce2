"""Golden values of the API as it was before the rewrite: `python tests/golden/make_golden.py [section ...]`.
Everything on one thread. Inputs are stored beside the outputs."""
import os
for k in ('OMP_NUM_THREADS','OPENBLAS_NUM_THREADS','MKL_NUM_THREADS'): os.environ[k] = '1'
import hashlib, json, shutil, sys, tempfile, time, warnings
from dataclasses import asdict, replace
from pathlib import Path
import numpy as np, pandas as pd, torch
torch.set_num_threads(1)
sys.path.insert(0, str(Path(__file__).parent))
from common import *
os.environ.setdefault('TQDM_DISABLE', '1')
SECTIONS = {}
def section(f): SECTIONS[f.__name__] = f; return f
half = lambda x, k=256: torch.as_tensor((np.round(np.asarray(x, dtype=np.float64)*k)/k).astype(np.float16).astype(np.float32))   # inputs that a half holds exactly

def attempt(f): # the value, or the text of a refusal
    from cxr_weakloc.core import BadInput
    try: return f(), ''
    except BadInput as e: return None, e.what

# ------------------------------------------------------------------ scores
def own(split, finding, f): # 24 films of 9 patients: discs, raw signed maps, every odd case once
    from cxr_weakloc.evaluate import Predictions, Truth
    r = np.random.default_rng([7, split == 'test', f]); n,S = 24,64; yy,xx = np.mgrid[:S,:S] + .5
    y = (np.arange(n) % 2).astype(float); r.shuffle(y); y[9],y[11] = -1,np.nan; y[3] = y[5] = y[7] = y[13] = 1; y[0] = 0
    cy,cx,rad = r.uniform(18, 46, n),r.uniform(18, 46, n),r.uniform(5, 15, n); disc = lambda a,b,s: (yy - a)**2 + (xx - b)**2 < s*s
    m = np.stack([disc(a,b,s) & (l == 1) for a,b,s,l in zip(cy,cx,rad,y)]); m[13] |= disc(10, 50, 6); m[7] = False
    boxes = []
    for k in range(n):
        b = [[cx[k]-rad[k]+.3, cy[k]-rad[k]-.2, cx[k]+rad[k], cy[k]+rad[k]+.4]] if y[k] == 1 and k != 7 else []
        if k == 13: b.append([44, 4, 56, 16])
        if k == 5: b.append([10., 10., 10., 20.])                    # without area
        boxes.append(np.array(b, dtype=float).reshape(-1,4).round(2))
    prior = half(np.clip(np.stack([1.3 - np.hypot(yy-a, xx-b)/(2.2*s) for a,b,s in zip(cy+r.normal(0,2,n),cx+r.normal(0,2,n),rad)]), 0, 1), 16)
    t = Truth([f'{split}{k:02d}' for k in range(n)], [f'{split}-p{k*9//n}' for k in range(n)], y, torch.tensor(m), boxes, prior, None, finding, 'matched', 'golden', S, split, np.where(np.arange(n)[:,None] % 5 == 0, np.nan, r.uniform(1, 3, (n,2)).round(3)))
    g = (np.arange(16) + .5)*S/16
    def maps(good, q):
        x = good*np.stack([np.exp(-((g[:,None]-a)**2 + (g[None]-b)**2)/(2*(s*.7)**2))*(1. if l == 1 else .4) for a,b,s,l in zip(cy,cx,rad,y)])
        e = np.stack([np.kron(o, np.ones((4,4))) for o in r.normal(0, 1, (n,4,4))]); x = half(x + q*(e + .3*r.normal(0, 1, x.shape)) - .1)
        x[3] = .5; x[5,2:4,3:6] = float('nan'); return x                    # blank; with NaN
    prob = lambda sep: (1/(1+np.exp(-(r.normal(0,1,n)+sep*(2*(y == 1)-1))))).round(6)
    gated = lambda x: half(x.clamp(0)*torch.nn.functional.adaptive_avg_pool2d(prior, 16))
    p = []
    for sys_,seed,a,q,sep in (('baseline',None,.6,.3,1.),('refined',0,1.,.15,1.1),('refined',1,1.,.18,.9)):
        x,pr = maps(a,q),prob(sep); p += [Predictions(sys_,'none',seed,x,pr,t.image_ids), Predictions(sys_,'anatomy',seed,gated(x),pr,t.image_ids)]
    p.append(Predictions('cosine','none',None,half((maps(.8,.2)*.5).clamp(-1,1)),None,t.image_ids))
    return t,p

def stored(t, p): # inputs of one set as plain arrays
    k = lambda o: f'{o.system}|{"" if o.seed is None else o.seed}|{o.gate}'
    h = lambda m: torch.as_tensor(m).numpy().astype(np.float16)
    return dict(ids=t.image_ids, patients=t.patient_ids, labels=t.labels, masks=t.masks, boxes=t.boxes, anatomy=h(t.anatomy), mm=t.mm, maps={k(o): h(o.maps) for o in p}, prob={k(o): o.prob for o in p if o.prob is not None})

@section
def scores():
    from cxr_weakloc import boxes as B, conventions as C, detection as D, evaluate as E, gating as G, learned as L, metrics as M, protocols as P, stats as S
    from cxr_weakloc.core import FINDINGS
    Z = {}; fs = list(FINDINGS); th,tp = E.Thresholds(),E.Thresholds(); tests = []; allscores = []; ev = []
    for f,name in enumerate(fs):
        tv,pv = own('validation', name, f); tt,pt = own('test', name, f); Z[f'in/{name}/validation'],Z[f'in/{name}/test'] = stored(tv,pv),stored(tt,pt)
        box = E.mean_box_map(tv); other = half(E.gaussian_map(64, .3).expand(24,64,64)); Z[f'out/{name}/mean_box'] = box; Z[f'in/{name}/other'] = other[0].numpy().astype(np.float16)
        cv,ct = E.controls(tv, box, other, pv[0], 0),E.controls(tt, box, other, pt[0], 0)
        for o in ct: Z[f'out/{name}/controls/{o.system}'] = torch.as_tensor(o.maps)[:2,::4,::4].contiguous() if o.maps.shape[-1] > 16 else o.maps[:2]
        E.tune(pv+cv, tv, th); P.tune_protocols(pv+cv[:3], tv, tp)
        allscores.append(E.score_all(pt+ct, tt, th)); tests.append((tt,pt,ct))
        for proto in P.PROTOCOLS:
            e = P.evaluate([*pt, *(replace(o, gate=E.with_zeroshot(o.gate)) for o in pt[:4]), *ct[:2]], tt, tp, proto, 100, 0); ev.append((proto,e))
        e = P.evaluate(pt[:3], replace(tt, masks=None), tp, 'vindr', 100, 0, 'bca'); ev.append(('vindr boxes only bca', e))
    cat = lambda k: pd.concat([getattr(e,k).assign(protocol=n) for n,e in ev], ignore_index=True)
    save_csv('scores/evaluate_results.csv.gz', cat('results')); save_csv('scores/evaluate_left_out.csv.gz', cat('left_out')); im = cat('images'); save_csv('scores/evaluate_images.csv.gz', im)
    th.save(HERE/'scores/thresholds.json'); tp.save(HERE/'scores/thresholds_protocols.json')
    s = pd.concat(allscores, ignore_index=True); save_csv('scores/score_all.csv.gz', s); r = E.results_table(s, 200, 0); save_csv('scores/results_table.csv.gz', r); save_csv('scores/targets.csv', E.targets_table(r))
    save_csv('scores/outcome_table.csv', G.outcome_table(s, 200, 0)); save_csv('scores/net_effect.csv', pd.concat([G.net_effect(s, x, g, 200, 0) for x,g in (('baseline','none'),('refined','anatomy'))], ignore_index=True))
    vi = im[im.protocol == 'vindr'].drop(columns='protocol'); save_csv('scores/gate_learned.csv', L.gate_learned(vi, n_boot=200)); tt,pt,ct = tests[1]; tv,pv = own('validation', fs[1], 1)
    films = pd.DataFrame(dict(view=['PA','AP']*12, sex=['M','F','']*8, age=[f'{20+3*k:03d}Y' for k in range(24)]), index=tt.image_ids)
    st = L.strata_of(tt, L.size_cuts(tv), films, {i: .3+.02*k for k,i in enumerate(tt.image_ids)}); save_csv('scores/strata.csv', st.reset_index()); save_csv('scores/stratified.csv', L.stratified(vi[vi.finding == fs[1]], st, n_boot=200))
    b = s[(s.system == 'baseline') & (s.gate == 'none') & (s.finding == fs[1])]; save_csv('scores/gate_curve.csv', G.gate_curve(b.prob, b.label, b.mask_iou, b.patient_id, .3, 21, 100))
    # direct calls, on the test set of the second finding
    x = pt[0].maps; m = tt.masks; bx = tt.boxes; g = M.on_grid(x, 64); sc = M.minmax(g); lab = tt.labels; pr = pt[0].prob; pos = np.flatnonzero(tt.positive); pat = tt.patient_ids; O = {}
    O['on_grid'] = g[:,::4,::4]; O['minmax'] = sc[:,::4,::4]; O['mask_iou'] = M.mask_iou(sc,m,.5); O['mask_dice'] = M.mask_dice(sc,m,.5); O['coverage'] = M.coverage(sc,m,.5); O['dice_soft'] = M.dice_soft(sc,m); O['pixel_ap'] = M.pixel_ap(sc,m); O['iou_curve'] = M.iou_curve(sc,m)
    O['tune_threshold'] = M.tune_threshold(x[pos],m[pos],'validation'); O['tune_box_threshold'] = M.tune_box_threshold(x[pos],[bx[i] for i in pos],64,'validation'); O['component_boxes'] = M.component_boxes(sc > .5, .1); O['component_boxes_all'] = M.component_boxes(sc > .7, 0.)
    O['union_iou'] = [M.union_iou(a,b) for a,b in zip(O['component_boxes'],bx)]; O['box_iou'] = M.box_iou(sc,bx,.5)
    for k,kw in dict(first={}, any=dict(ties='any'), tol=dict(tolerance=4.), any_tol=dict(ties='any',tolerance=2.5)).items(): O[f'pointing_{k}'] = M.pointing(g,m,**kw)
    for k in ('first','any'): O[f'pointing_box_{k}'] = M.pointing_box(g,bx,k)
    O['peak_distance'] = M.peak_distance(g,m); O['peak_mm'] = M.peak_distance(g,m,tt.mm); O['energy_zero'] = M.energy_in(g,m); O['energy_min'] = M.energy_in(g,m,'min'); O['energy_anatomy'] = M.energy_in(g,tt.anatomy); O['cnr'] = M.cnr(g,m)
    for sg in (True,False):
        for pb in (True,False): O[f'cnr_as/boxes/signed{sg}/per_box{pb}'] = M.cnr_as(g,None,bx,sg,pb)
        O[f'cnr_as/masks/signed{sg}'] = M.cnr_as(g,m,None,sg)
    O['region_of'] = M.region_of(bx,64).flatten(1).sum(1); O['map_scores'] = M.map_scores(x,m,bx,tt.anatomy,.45,.55,64); O['map_scores_boxes'] = M.map_scores(x,None,bx,None,.45,.55,64)
    ok = np.isin(lab,(0,1)); v = np.c_[pr,pt[2].prob,lab][ok]; w = M.boot_weights(pat[ok],50,3); O['boot_weights'] = w; O['auc_stat'] = M.auc_stat(w,v); O['ece_stat'] = M.ece_stat(w,v); O['ece_stat_5'] = M.ece_stat(w,v,5); O['auc'] = M.auc(pr,lab); O['ece'] = M.ece(pr,lab); O['operating_point'] = M.operating_point(pr,lab,'validation')
    iou2 = torch.stack([M.mask_iou(sc,m,t) for t in (.4,.6)],1).double().numpy(); w2 = M.boot_weights(pat,50,3); O['mean_stat'] = M.mean_stat(w2,iou2); O['ratio_stat'] = M.ratio_stat(w2,iou2)
    O['bootstrap'] = M.bootstrap(iou2,pat,n_boot=200,seed=1); O['bootstrap_one'] = M.bootstrap(iou2[:,0],pat,n_boot=200,seed=1); O['bootstrap_ratio'] = M.bootstrap(iou2,pat,M.ratio_stat,200,1); O['bootstrap_auc'] = M.bootstrap(v,pat[ok],M.auc_stat,200,1)
    # boxes
    for k in B.SCORES:
        d = B.detect(x, B.BoxRule(.4,.1,.001,k), 64, pr); O[f'detect/{k}'] = dict(image=d.image,boxes=d.boxes,scores=d.scores)
    for k in ('peak','prob*share'): O[f'tune_boxes/{k}'] = {a: b for a,b in asdict(B.tune_boxes(x[pos],[bx[i] for i in pos],64,'validation',score=k)).items()}
    for k in ('iou','iou+1','iobb'): O[f'box_overlap/{k}'] = B.box_overlap(O['component_boxes'][1],bx[13],k); O[f'box_overlap2/{k}'] = B.box_overlap(np.concatenate(O['component_boxes'])[:20],np.concatenate(bx)[:8],k)
    # conventions
    for e in ('either','truth','union'):
        O[f'chexlocalize_iou/{e}'] = C.chexlocalize_iou(sc,m,.4,e); O[f'chexlocalize_otsu/{e}'] = C.chexlocalize_iou(sc,m,None,e)
    O['otsu_masks'] = np.packbits(C.otsu_masks(sc).numpy(),-1); O['tune_chexlocalize'] = C.tune_chexlocalize(x,m,'validation'); O['chexlocalize_ci'] = C.chexlocalize_ci(O['chexlocalize_iou/either'].numpy()[pos],200,0); cos = M.on_grid(pt[-1].maps,64)
    for k in ('drop','zero'): O[f'mscxr/minmax/{k}'] = C.mscxr_iou(g,m,'minmax',k); O[f'mscxr/none/{k}'] = C.mscxr_iou(cos,m,'none',k)
    ws = C.wsol_scale(x,64); O['wsol_scale'] = ws[:,::4,::4]; O['wsol_boxes'] = C.wsol_boxes(np.concatenate(bx)); O['wsol_overlaps'] = C.wsol_overlaps(ws,bx); O['wsol_levels'] = C.wsol_levels(); h = C.pxap_hist(ws,m); O['pxap_hist'] = h; O['pxap_stat'] = C.pxap_stat(w2,h.reshape(24,-1)); O['pxap'] = C.pxap_stat(np.ones((1,24)),h.reshape(24,-1)); O['max_stat'] = C.max_stat(w2,O['wsol_overlaps'][0]>=.5)
    nb = C.nih_boxes(sc); O['nih_boxes'] = nb; c = {k: np.stack([C.nih_counts(a,b,T,k) for a,b in zip(nb,bx)]) for k,T in (('iou',C.NIH_IOU),('iobb',C.NIH_IOBB))}; O['nih_counts'] = c; O['ratio_of_sums'] = C.ratio_of_sums(w2,c['iou'][:,0,:2])
    # detection
    d = B.detect(x, B.BoxRule(.4,0.,.001,'peak'), 64); true = P.true_boxes_of(tt)[0]; O['true_boxes'] = true
    for k,kw in dict(iou=dict(T=.3), iobb=dict(T=.5,how='iobb'), centre=dict(T=.5,how='centre'), most=dict(T=.3,most=1)).items():
        q = D.match(d,true,**kw); O[f'match/{k}'] = dict(image=q.image,scores=q.scores,hit=q.hit,lesion_image=q.lesion_image,lesion_score=q.lesion_score)
    q = D.match(d,true,.3); ms = [D.match(d,true,T) for T in D.LOW_IOUS]; O['ap_stat'] = D.ap_stat(w2,ms); O['average_precision'] = D.average_precision(d,true); O['froc_curve'] = D.froc_curve(q); O['froc_stat'] = D.froc_stat(w2,q); hl = lab == 0; O['afroc_stat'] = D.afroc_stat(w2,q,hl); O['afroc_curve'] = D.afroc_curve(q,hl)
    cl = lambda o,k: np.c_[o,np.full(len(o),k%2)]; A,T = [cl(d.of(i),i) for i in range(24)],[cl(b,i//2) for i,b in enumerate(true)]; O['rodeo_rows'] = D.rodeo_rows(A,T,2); O['rodeo_rows_1'] = D.rodeo_rows(A,T,2,1.); O['rodeo_stat'] = D.rodeo_stat(w2,O['rodeo_rows'],2)
    O['free_response_curve'] = G.free_response_curve(d,true,pr,11); O['froc_bands'] = G.froc_bands(q,pat,n_boot=100); O['outcomes'] = G.outcomes(lab,pr > .5,O['mask_iou'].numpy(),.3)
    # statistics
    a,b = iou2[:,0],M.mask_iou(M.minmax(M.on_grid(pt[2].maps,64)),m,.5).double().numpy(); O['paired_in'] = np.c_[a,b]; O['paired'] = S.paired(a,b,pat,200,0); O['paired_bca'] = S.paired(a,b,pat,200,0,'bca'); many = [f'q{k}' for k in range(24)]; O['paired_films'] = S.paired(a,b,many,200,0,n_perm=2000); O['permutation_p'] = [S.permutation_p((a-b)[np.isfinite(a-b)],np.array(pat)[np.isfinite(a-b)]),S.permutation_p(np.linspace(-.4,1,24),many,2000)]
    R = S.Resamples(pat,200,2); X,bb = R.draws(M.mean_stat,iou2); J = R.jackknife(M.mean_stat,iou2); O['resamples'] = dict(weights=R.weights[:20],x=X,draws=bb,jackknife=J,percentile=S.percentile(bb),bca=S.bca(X,bb,J),bands=S.bands(X,bb),interval=R.interval(M.mean_stat,iou2),interval_bca=R.interval(M.mean_stat,iou2,method='bca'),rows=R.interval(M.mean_stat,iou2[pos],pos))
    p = np.array([.01,.04,np.nan,.03,.005,.5]); O['holm_in'] = p; O['holm'] = S.holm(p); O['delong'] = S.delong(np.c_[pr,pt[2].prob],lab); O['delong_patients'] = S.delong(np.c_[pr,pt[2].prob],lab,pat); O['delong_test'] = S.delong_test(pr,pt[2].prob,lab); O['delong_test_patients'] = S.delong_test(pr,pt[2].prob,lab,pat)
    O['fit_platt'] = S.fit_platt(pr,lab,'validation'); O['platt'] = S.platt(pr,O['fit_platt']); O['equivalence'] = S.equivalence(.003,.004); O['equivalence_t'] = S.equivalence(-.02,.01,.03,7,.1); O['equivalence_0'] = S.equivalence(.02,0.,.01); O['auc_kept'] = S.auc_kept(pr,pt[2].prob,lab,pat,.05)
    bf = pd.DataFrame([(f'i{i}','Cardiomegaly',f'R{k}',*v) for i in range(5) for k in range(1+i%3) for v in [np.array([10.+k,12-k,40+2*k+i,44.])]], columns=['image_id','finding','reader','x_min','y_min','x_max','y_max']); Z['in/reader_boxes'] = bf; O['reader_agreement'] = L.reader_agreement(bf); O['human_ceiling'] = L.human_ceiling(bf,n_boot=100)
    O['truth_area'] = L.truth_area(tt); O['side_of'] = L.side_of(tt); O['size_cuts'] = L.size_cuts(tv)
    Z['direct'] = O; save('scores.npz', Z)
    metric = sorted(set(cat('results').metric)); save_csv('scores/metric_guide.csv', P.metric_guide(metric))

@section
def toy():
    from cxr_weakloc import evaluate as E, protocols as P
    Z,T,ev,th = {},[],[],E.Thresholds()
    def pairs(split, condition): return [(t, [replace(o, maps=half(o.maps), prob=o.prob.round(6)) for o in p if o.seed in (None, 0) or (o.system, o.gate) == ('refined','none')]) for t,p in E.toy(20, 3, condition, split)]
    for t,p in pairs('validation','matched'): Z[f'validation/{t.finding}'] = stored(t,p); P.tune_protocols(p, t, th)
    for c in ('matched','flipped'):
        for t,p in pairs('test',c):
            Z[f'{c}/{t.finding}'] = stored(t,p); T.append(E.score_all(p, t, th)); sub = [p[0], replace(p[1], gate='anatomy+zeroshot'), p[2]]
            if c == 'matched': ev += [(n, P.evaluate(sub, t, th, n, 100)) for n in P.PROTOCOLS]
    save('toy.npz', Z); th.save(HERE/'scores/toy_thresholds.json'); s = pd.concat(T, ignore_index=True); save_csv('scores/toy_score_all.csv.gz', s); r = E.results_table(s, 200); save_csv('scores/toy_results_table.csv.gz', r); save_csv('scores/toy_targets.csv', E.targets_table(r, dict(refine=100., demo=700.)))
    save_csv('scores/toy_evaluate_results.csv.gz', pd.concat([e.results.assign(protocol=n) for n,e in ev], ignore_index=True))

# ------------------------------------------------------------------ phantom films for methods, anatomy and refinement
N_FILMS = 24
@section
def films():
    from cxr_weakloc.geometry import Geometry
    from cxr_weakloc.phantom import Population, make_study
    x,lab,eff = [],[],[]
    for k in range(N_FILMS):
        s = make_study(Population(seed=11), k); g = Geometry(*s['film'].shape, 128); x.append((g.image(torch.as_tensor(s['film']))*255).round().byte()); lab.append(list(s['labels'].values()))
        eff.append(torch.stack([g.mask(torch.as_tensor(s['masks'][o])) for o in ('heart','effusion')]))
    save('films.npz', dict(films=torch.stack(x)[:,None], labels=np.array(lab), truth_bits=np.packbits(torch.stack(eff).numpy(), -1)))

def phantom_films(n=None): z = load('films.npz'); return torch.from_numpy(z['films'])[:n]

KW = {'rise': dict(n=24, cells=4, seed=3), 'occlusion': dict(window=3, stride=2), 'scorecam': dict(top=6)}
def read_all(readers_, films_of, prompts_of, kws=KW): # maps and scores of every method, or why there is none
    from cxr_weakloc.methods import HEATMAPS, explain
    O,no = {},{}
    for name,r in readers_.items():
        x,p = films_of(r),prompts_of(r); said = r.text(p); seen = r.trunk(x); O[f'{name}/score'] = r.score(seen, said)
        ev = r.evidence(seen, said)
        O[f'{name}/evidence'] = dict(scores=ev.scores, mean_grad=ev.mean_grad()[:1], dot=ev.dot(), grid=np.array(ev.grid))
        for m in HEATMAPS:
            v,why = attempt(lambda: explain(r, x, p, m, strict=False, **kws.get(m, {})))
            if v is None: no[f'{name}/{m}'] = why
            else: O[f'{name}/{m}/maps'],O[f'{name}/{m}/scores'] = v
    return O,no

@section
def methods():
    import readers as R
    from cxr_weakloc.heatmaps import METHODS, localize
    from cxr_weakloc.methods import rise_masks
    from cxr_weakloc.models import FusionReader, itc_reader
    from cxr_weakloc.prompts import phrases, zero_shot_scores
    from cxr_weakloc.vlm import load_vlm, zero_shot
    from cxr_weakloc.core import FINDINGS
    from cxr_weakloc.faithful import perturbation_curve, curve_area, rank_places, road
    from cxr_weakloc import vlm
    rs = R.old_readers(); F = phantom_films(4); g = torch.Generator().manual_seed(5); tiny = {s: torch.randint(0, 256, (2,1,s,s), generator=g, dtype=torch.uint8) for s in (32,64,128,160)}
    for s in tiny: tiny[s] = torch.nn.functional.interpolate(F[:2].float(), (s,s), mode='bilinear', antialias=True).round().byte() if s != 128 else F[:2]
    O,no = read_all(rs, lambda r: tiny[r.size[0]], lambda r: [0,1,2] if r.family == 'classifier' else R.PROMPTS)
    save('methods_tiny.npz', dict(films={str(k): v for k,v in tiny.items() if k != 128}, out=O))
    save_json('albef_tiny.json', R.shapes(rs['albef'].model))
    w = R.made(R.shapes(rs['albef'].model), 4, 1.5); assert all(torch.equal(v, w[k]) for k,v in rs['albef'].model.named_parameters() if k in w)
    m = load_vlm(); E = dict(albef=FusionReader(m).eval(), itc=itc_reader(m)); P = ['cardiomegaly is present','no cardiomegaly','there is a left pleural effusion']
    big = dict(KW, rise=dict(n=16, seed=3), occlusion=dict(window=4, stride=4), scorecam=dict(top=4), **{})
    O2,no2 = read_all(E, lambda r: F[:2], lambda r: P, big); Z = {f'embedded/{k}': v for k,v in O2.items()}
    for k in METHODS: Z[f'localize/{k}/maps'],Z[f'localize/{k}/prob'] = localize(m, F, tuple(FINDINGS), k)
    Z['zero_shot'] = zero_shot(m, F); Z['rise_masks'] = rise_masks(3, 20, 24, 4, .5, 1)
    for st in ('report','chexzero','biovil','gloria'): Z[f'zero_shot_scores/{st}'] = zero_shot_scores(E['albef'], F, [phrases(f, st) for f in FINDINGS]); Z[f'zero_shot_scores_itc/{st}'] = zero_shot_scores(E['itc'], F, [phrases(f, st) for f in FINDINGS])
    im = m.encode_image(F.float()/255).detach(); z,att,real = vlm.fuse_prompts(m, im, P); Z['fuse_prompts'] = dict(evidence=z.detach(), attention=att[:1,:2].detach(), real=real); Z['encode_image'] = im[:,:3]; Z['refined_grid'] = vlm.zero_shot(vlm.refined_grid(m, 4), F)
    mp = Z['localize/gradcam/maps'][:1]; Q = [FINDINGS[f].positive[0] for f in FINDINGS]
    for k in ('deletion','insertion'): c = perturbation_curve(E['albef'], F[:1], mp, Q, k, 4); Z[f'faithful/{k}'] = c; Z[f'faithful/{k}_area'] = curve_area(c, k)
    Z['faithful/rank_places'] = rank_places(mp); Z['faithful/road'] = road(E['albef'], F[:1], mp, Q, (.1,.5))[['share','most','least','whole']]
    save('methods.npz', Z); save_json('methods_refused.json', dict(tiny=no, embedded=no2)); save_json('prompts.json', {f'{f}|{st}': dict(positive=phrases(f,st).positive, negative=phrases(f,st).negative) for f in FINDINGS for st in ('report','chexzero','biovil','gloria')})

@section
def anatomy():
    from cxr_weakloc import anatomy as A, pseudomasks as P
    from cxr_weakloc.core import FINDINGS
    from cxr_weakloc.heatmaps import localize
    from cxr_weakloc.vlm import load_vlm
    F = phantom_films(4); seg = A.load_segmenter(); p = A.segment(seg, F); fs = tuple(FINDINGS); Z = dict(segment=p[...,::4,::4].contiguous(), segment_sum=p.double().sum((-2,-1)), region_masks_bits=np.packbits(A.region_masks(p).numpy(), -1), region_soft_sum=A.region_soft(p).double().sum((-2,-1)))
    Z['segment_other_size'] = A.segment(seg, torch.nn.functional.interpolate(F.float()/255, (192,160), mode='bilinear'))[...,::12,::10].contiguous(); Z['standardize'] = A.standardize(F[:1].float()/255)[...,::8,::8].contiguous()
    reg = (A.region_soft(p)*255).round().byte(); Z['in/regions'] = reg; r = reg.float()/255
    pri = {}
    for k in A.PRIORS: v = A.prior(k, r); Z[f'prior/{k}'] = v[:,::4,::4].contiguous(); Z[f'prior_sum/{k}'] = v.double().sum((1,2))
    lost = r.clone(); lost[0,0] = 0; lost[1,1] = 0; lost[2,1:] = 0; lost[3] = 0
    for k in A.PRIORS: Z[f'prior_lost/{k}'] = A.prior(k, lost)[:,::8,::8].contiguous()
    pr = A.priors(fs, r); mp = localize(load_vlm(), F, fs, 'token_gradcam')[0]; Z['in/maps'] = mp
    for k in A.GATE_MODES: Z[f'gate/{k}'] = A.gate(mp, pr, k); Z[f'localize_gated/{k}'] = A.localize_gated(mp, r, fs, k).double().sum((-2,-1)); Z[f'gate_fine/{k}'] = A.gate(torch.nn.functional.interpolate(mp, (160,160), mode='bilinear', align_corners=False), pr, k)[...,::20,::20].contiguous()
    Z['zeroshot_gate'] = A.zeroshot_gate(mp, torch.tensor([[.2,.7],[.5,.5],[.9,.1],[0.,1.]]), .5).double().sum((-2,-1)); Z['outside_energy'] = A.outside_energy(mp, pr); Z['dice'] = A.dice(A.region_masks(p), A.region_masks(p.roll(3, -1)))
    x = phantom_films().float()/255; rr = A.region_soft(A.segment(seg, phantom_films())); N = P.NormalAppearance.fit(x[4:], rr[4:]); Z['normal'] = dict(mid=N.mid, spread=N.spread); z = N.departure(x[:4], rr[:4]); Z['departure'] = z[:,::4,::4].contiguous(); Z['departure_sum'] = z.double().sum((1,2)); Z['standard_grey'] = P.standard_grey(x[:4], rr[:4])[:,::4,::4].contiguous()
    eff = A.prior('lower_pleural_space', rr[:4]); sides = torch.tensor([[.9,.2],[.1,.8],[.7,.7],[.2,.3]]); zh = half(z, 16); Z['in/z'] = zh.numpy().astype(np.float16)[:,::1,::1]
    for k,kw in dict(settles={}, still=dict(settles=False), sides=dict(sides=sides)).items(): c = P.candidates(zh, eff, rr[:4], **kw); Z[f'candidates/{k}'] = np.packbits(c.bool().numpy(), -1)
    cand = torch.stack([rr[:4,0], c], 1); pr4 = A.priors(fs, rr[:4]); 
    for t in (0.,.5,1.): y = P.pseudo_masks(mp, pr4, cand, (True,False), t); Z[f'pseudo_masks/{t:g}'] = y[...,::8,::8].contiguous(); Z[f'pseudo_masks_sum/{t:g}'] = y.double().sum((-2,-1))
    g = torch.Generator().manual_seed(0); lo = torch.randn(40, 2, generator=g) + torch.tensor([1.,-1.])*(torch.arange(40)%2*2)[:,None]; Z['in/logits'] = lo; Z['recentred'] = P.recentred(lo); Z['confidence'] = P.confidence(Z['recentred']); Z['peak_scaled'] = P.peak_scaled(mp)[:1]
    Z['zero_shot_sides'] = P.zero_shot_sides(lo[:,[0,1,0]]*torch.tensor([1.,2.,.5]), FINDINGS['Pleural effusion'].positive); bx = torch.zeros(4,2,128,128,dtype=torch.bool); bx[:2,:,40:90,30:60] = True; y,w = P.use_boxes(y, Z['confidence'][:4], bx, torch.tensor([[1,1],[0,1],[1,0],[1,1]]).bool(), (True,False)); Z['use_boxes'] = dict(sum=y.double().sum((-2,-1)), weight=w)
    save('anatomy.npz', Z)

@section
def refine():
    from cxr_weakloc import refine as R, vlm
    from cxr_weakloc.anatomy import load_segmenter, region_soft, segment
    from cxr_weakloc.core import FINDINGS
    z = load('films.npz'); films = torch.from_numpy(z['films']); m = vlm.load_vlm(); Z,J = {},{}
    reg = region_soft(segment(load_segmenter(), films)).mul(255).round().byte().float()/255
    truth = torch.from_numpy(np.unpackbits(z['truth_bits'], -1).astype(bool)); lab = torch.from_numpy(z['labels']).float(); truth &= lab.bool()[...,None,None]
    boxes = torch.zeros(N_FILMS,2,128,128,dtype=torch.bool)
    for i in range(N_FILMS):
        for k in range(2):
            if truth[i,k].any(): yx = truth[i,k].nonzero(); (a,b),(c,d) = yx.amin(0).tolist(),yx.amax(0).tolist(); boxes[i,k,a:c+1,b:d+1] = True
    has = torch.zeros(N_FILMS,2,dtype=torch.bool); has[::3] = True; has &= boxes.flatten(2).any(-1)
    base = dict(steps=6, bs=8, amp=False)
    runs = dict(gated=(R.RefineData(films,reg), R.RefineConfig(**base), 0), ceiling=(R.RefineData(films,reg,truth=truth,labels=lab), R.RefineConfig(target='truth',**base), 1), boxes=(R.RefineData(films,reg,boxes&has[...,None,None],has), R.RefineConfig(flip=.5,**base), 0), gradcam=(R.RefineData(films,reg), R.RefineConfig(method='gradcam',epochs=1,**base), 0), amp=(R.RefineData(films,reg), R.RefineConfig(steps=4,bs=8), 0))
    steps = []; old = R.RefineCallback.loss_of
    def spy(self, pred, *yb): l = old(self, pred, *yb); steps.append([*self.sums[-1], float(l.detach())]); return l
    R.RefineCallback.loss_of = spy
    try:
        for k,(d,c,seed) in runs.items():
            steps.clear(); f = R.prepare(m, d, c, False)
            if k in ('gated','boxes'): Z[f'{k}/prepare'] = dict(logits=f['logits'], prob=f['prob'], prior_sum=f['prior'].double().sum((-2,-1)), candidate_sum=f['candidate'].double().sum((-2,-1))); Z[f'{k}/chances'] = R.chances(f['prob'], c)
            s = R.refine(m, d, c, seed, progress=False, fixed=f); Z[f'{k}/losses'] = np.array(steps); J[k] = dict(config=asdict(c), seed=seed, log=s.log, films=len(d)); sd = {n: v.double() for n,v in s.state_dict().items() if not n.endswith('predictions.decoder.weight')}; b = {n: v.double() for n,v in m.state_dict().items()}
            Z[f'{k}/weights'] = dict(names=np.array(sorted(sd)), sum=np.array([float(sd[n].sum()) for n in sorted(sd)]), change=np.array([float((sd[n]-b[n]).norm()) for n in sorted(sd)]), first=np.array([float(sd[n].flatten()[0]) for n in sorted(sd)])); Z[f'{k}/zero_shot'] = vlm.zero_shot(s, films[:8])
    finally: R.RefineCallback.loss_of = old
    g = torch.Generator().manual_seed(1); mp = torch.randn(3,2,16,16,generator=g); y = torch.rand(3,2,64,64,generator=g); w = torch.tensor([[1.,.5],[0.,1.],[.3,0.]]); a,b = torch.randn(3,4,generator=g),torch.randn(3,4,generator=g); Z['in'] = dict(maps=mp, masks=y[...,::8,::8].contiguous(), weight=w, logits=a, frozen=b)
    y8 = torch.nn.functional.interpolate(y[...,::8,::8], (64,64), mode='nearest'); Z['pull_loss'] = R.pull_loss(mp,y8,w); Z['pull_loss_no_weight'] = R.pull_loss(mp,y8,w*0); Z['outside_loss'] = R.outside_loss(mp,y8); Z['keep_loss'] = R.keep_loss(a,b); Z['soft_dice'] = R.soft_dice(y8,1-y8)
    A = R.random_affine(3,.5,torch.Generator().manual_seed(2)); Z['random_affine'] = A; Z['move'] = R.move(films[:3].float()/255,A)[...,::8,::8].contiguous(); Z['restyle'] = R.restyle(films[:3].float()/255,.4,torch.Generator().manual_seed(3))[...,::8,::8].contiguous()
    # pretraining: two steps of the tiny model, without dropout
    import readers as T
    t = T.fill(vlm.ALBEF(vlm.VLMConfig(**T.ALBEF_CONFIG), T.tokenizer(16)), 4, 1.5); torch.manual_seed(0); P = vlm.Pretrainer(t, queue=16, words=5); T.fill(P.word_head, 12); P.eval(); P.ramp = 1.; x = torch.nn.functional.interpolate(films[:8].float()/255,(32,32),mode='area'); k = t.tokens([T.PROMPTS[i%3] for i in range(8)]); words = (torch.arange(40).view(8,5)%3 == 0).float(); opt = torch.optim.SGD(P.parameters(), .01); L = []
    for s in range(2):
        torch.manual_seed(100+s); l = P(x, k['input_ids'], k['attention_mask'], words); L.append([float(l[n].detach()) for n in ('itc','itm','mlm','words')]); opt.zero_grad(); sum(l.values()).backward(); opt.step(); P.update_ema()
    Z['pretrain/losses'] = np.array(L); Z['pretrain/q_bag'] = P.q_bag; Z['pretrain/sum'] = np.array([float(v.double().sum()) for n,v in sorted(t.state_dict().items())])
    torch.manual_seed(4); Z['augment'] = vlm.augment(films[:2].float()/255, .4)[...,::8,::8].contiguous(); wt = vlm.word_targets([dict(findings='The heart is enlarged. No effusion seen.', impression='Large heart.'), dict(findings='No effusion. The lungs are clear.', impression='')], (.1,.9)); Z['word_targets'] = wt[0]; J['word_targets'] = wt[1]
    save('refine.npz', Z); save_json('refine.json', J)

# ------------------------------------------------------------------ phantom, facts, study
def sha(b): return hashlib.sha256(b).hexdigest()
def tree_hashes(root): # of every file; what is gzipped, unzipped
    import gzip
    return {p.relative_to(root).as_posix(): sha(gzip.decompress(p.read_bytes()) if p.suffix == '.gz' else p.read_bytes()) for p in sorted(Path(root).rglob('*')) if p.is_file()}

@section
def phantom():
    from cxr_weakloc import phantom as P
    Z,J = {},{}; pops = dict(default=P.Population(), shifted=P.condition(P.Population(seed=4), 'shifted'))
    for n,pop,patients in (('default',pops['default'],(0,1,2)),('shifted',pops['shifted'],(7,))):
        for k in patients:
            s = P.make_study(pop, k); key = f'{n}-{k}'; u = np.round(s['film']*65535).astype(np.uint16)
            Z[key] = dict(film=u[::3,::3].copy(), film_sum=np.array(s['film'].astype(np.float64).sum()), shape=np.array(u.shape), masks={a: np.packbits(b, -1) for a,b in s['masks'].items()}, effusion_side={a: np.packbits(b, -1) for a,b in s['effusion_side'].items()})
            J[key] = dict(population=asdict(pop), patient=k, ctr=s['ctr'], labels=s['labels'], meta=s['meta'], shown=s['shown'], seed=s['seed'], report=P.report(s), boxes={c: P.true_boxes(s,c) for c in ('vindr','nih')}, readers={r: P.read_by(s,r) for r in ('R1','R2','consensus')}, image_id=P.image_id(pop,k), dicom_id=P.dicom_id(pop,k), film_sha_u8=sha(np.round(s['film']*255).astype(np.uint8).tobytes()))
    d = P.draw(P.Population(seed=1, studies_per_patient=2), 5, 1); Z['draw'] = {k: np.asarray(v) for k,v in d.items() if k not in ('fluid','meta')}; J['draw_fluid'] = d['fluid']
    with tempfile.TemporaryDirectory() as t:
        P.write_phantom(Path(t)/'p', P.Population(seed=2), 6, 3, 2, 1, ('matched','flipped'), 1); J['tree'] = tree_hashes(Path(t)/'p')
        J['csv'] = {p.relative_to(Path(t)/'p').as_posix(): p.read_text() for p in sorted((Path(t)/'p').rglob('*.csv')) if p.name.startswith(('annotations','image_labels','BBox','studies'))}
    save('phantom.npz', Z); save_json('phantom.json', J)

@section
def facts():
    from cxr_weakloc.intake import facts
    (HERE/'facts.txt').write_text('\n'.join(f'{k} {v}' for k,v in facts().items()) + '\n')

STUDY = dict(train=40, test=16, conditions=('matched','flipped'), seed=3, settings=dict(size=128, n_boot=200), refine=dict(steps=6, bs=8, amp=False))
def one_study(root, out):
    from cxr_weakloc import study as S
    from cxr_weakloc.refine import RefineConfig
    c = STUDY; src = S.make_phantom(root, c['train'], c['test'], c['seed'], c['conditions'], 1)
    return S.run_study(src, out, S.Settings(refine=RefineConfig(**c['refine']), **c['settings']), workers=1, quiet=True), src

@section
def study():
    (HERE/'study').mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as t:
        t = Path(t); kept = []
        for k in (0,1):
            j,_ = one_study(t/f'phantom{k}', t/f'out{k}'); o = t/f'out{k}'; T = pd.read_csv(o/'targets.csv'); T = T[T.metric != 'time']      # minutes differ
            kept.append(dict(results=(o/'results.csv').read_text(), thresholds=(o/'thresholds.json').read_text(), targets=T.to_csv(index=False), rejected=(o/'rejected.csv').read_text(), scores=j.scores.sort_values(['dataset','condition','finding','system','seed','gate','image_id']).to_csv(index=False), full=j.results.to_csv(index=False, float_format='%.17g'), weights={p.parent.name: sha(p.read_bytes()) for p in sorted(o.rglob('model.safetensors'))}))
            m = json.loads((o/'manifest.json').read_text())
        assert kept[0] == kept[1], [k for k in kept[0] if kept[0][k] != kept[1][k]]
        for k,f in (('results','results.csv'),('thresholds','thresholds.json'),('targets','targets.csv')): (HERE/'study'/f).write_text(kept[0][k])
        save_csv('study/scores.csv.gz', j.scores); save_csv('study/results_full.csv.gz', j.results); save_json('study/config.json', dict(STUDY, settings_in_full={k: v for k,v in m['settings'].items()}, films=m['films'], baseline=m['baseline'], used=m['used'], rejections=m['rejections'], checkpoints=m['checkpoints'], weights_sha256=kept[0]['weights']))

# ------------------------------------------------------------------ DICOM, run lengths, geometry, tables
def dicom_corpus(): # name -> path of what pydicom and pydicom-data ship
    import pydicom.data, importlib.util
    roots = [Path(pydicom.data.__file__).parent/'test_files']; s = importlib.util.find_spec('data_store') or importlib.util.find_spec('pydicom_data')
    for n in ('data_store','pydicom_data'):
        s = importlib.util.find_spec(n)
        if s is not None: roots += [Path(p) for p in (s.submodule_search_locations or [])]
    return {f'{i}/{p.relative_to(r).as_posix()}': p for i,r in enumerate(roots) for p in sorted(r.rglob('*')) if p.is_file() and p.suffix not in ('.py','.pyc','.json','.txt','.md','.gz','.tar','.zip','.xml') and (p.suffix or p.name[0].isdigit() or p.name.startswith(('CT','MR','CR','DX'))) and p.stat().st_size < 2**24}

def as_radiograph(src, out): # the same pixels under the header of a chest film
    import pydicom
    ds = pydicom.dcmread(src, force=True); ds.Modality = 'DX'; ds.BodyPartExamined = 'CHEST'; ds.save_as(out)

@section
def dicom():
    from cxr_weakloc.images import read_film, read_square, film_size
    from cxr_weakloc.geometry import area_resize
    Z,J = {},{}
    def look(p, key, **kw):
        f,why = attempt(lambda: read_film(p, **kw))
        if f is None: J[key] = dict(refused=why); return
        Z[f'{key}/pixels'] = area_resize(f.pixels, 16, 16).numpy().astype(np.float32); s,e = attempt(lambda: read_square(p, 16, body_part=kw.get('body_part', None))) if not kw.get('frame') and 'frame' not in kw else (None,'')
        J[key] = dict(shape=list(f.pixels.shape), meta=f.meta, spacing=f.spacing, size=film_size(p), mean=float(f.pixels.double().mean()))
        if s is not None: Z[f'{key}/square'] = s[0]; J[key] |= dict(digest=s[2], square_meta=s[3])
    with tempfile.TemporaryDirectory() as t:
        for n,p in dicom_corpus().items():
            look(p, f'{n}|plain')
            try: as_radiograph(p, q := Path(t)/'x.dcm')
            except Exception: J[f'{n}|as DX'] = dict(unwritable=True); continue
            look(q, f'{n}|as DX'); 
            if 'frames' in J[f'{n}|as DX'].get('refused',''): look(q, f'{n}|as DX, frame 0', body_part=None, frame=0)
    save('dicom.npz', Z); save_json('dicom.json', J)

@section
def codes():
    from cxr_weakloc import rle as R, geometry as G, phantom as P, vindr as V, mimic as M
    Z,J = {},{}; r = np.random.default_rng(3); shapes = [(1,1),(1,7),(7,1),(13,9),(32,32),(17,40)]; Z['rle'] = {}; J['rle'] = {}
    for k,(h,w) in enumerate(shapes):
        m = r.random((h,w)) < (0,.5,.5,.3,.9,.1)[k]; Z['rle'][str(k)] = m; J['rle'][str(k)] = {d: R.rle_encode(m,d) for d in R.DIALECTS} | dict(coco=R.coco_encode(m)); assert all((R.rle_decode(s,h,w,d).numpy() == m).all() for d,s in J['rle'][str(k)].items() if d != 'coco') and (R.coco_decode(J['rle'][str(k)]['coco']).numpy() == m).all()
    J['rle_refused'] = {f'{d}|{s}': attempt(lambda: R.rle_decode(s,5,6,d))[1] for d in R.DIALECTS for s in ('1','a b','5 3 6 2','3 0','25 9','-4 2','1 2 1.5 2')}
    polys = [[[1,1],[8,2],[6,9]],[2,10,12,10,12,14.5,2,14.5]]; J['polygons'] = polys; Z['polygon_mask'] = R.polygon_mask(polys,16,14)
    boxes = np.array([[10.,20,50,60],[0,0,1,1],[-5,3,30.5,400],[np.nan]*4]); pts = np.array([[0.,0],[3.5,70.25],[100,2]]); Z['boxes_in'] = boxes; Z['points_in'] = pts; g = torch.Generator().manual_seed(0)
    for h,w,size,policy,resize,part in ((100,80,64,'pad',None,None),(81,123,64,'crop',None,None),(77,200,48,'stretch',None,None),(3,500,32,'pad',None,None),(300,257,128,'crop',140,None),(150,90,64,'pad',56,None),(120,90,32,'pad',None,(10,20,80,95)),(65,64,64,'crop',None,(0,1,64,65))):
        q = G.Geometry(h,w,size,policy,resize,part); k = f'geometry/{h}x{w}-{size}-{policy}-{resize}-{part}'; x = torch.rand(-(-h//5),-(-w//4),generator=g).repeat_interleave(5,0).repeat_interleave(4,1)[:h,:w].contiguous(); x = (x*255).round()/255; m = torch.nn.functional.avg_pool2d(x[None,None],3,1,1)[0,0] > .5; Z[k] = dict(film=(x*255).byte(), image=q.image(x)[::2,::2].contiguous(), image_sum=q.image(x).double().sum(), mask_in=np.packbits(m.numpy(),-1), mask=q.mask(m), seen=q.seen(), scaled=np.array(q.scaled), offset=np.array(q.offset), scale=np.array(q.scale), origin=np.array(q.origin), boxes=q.boxes(boxes), boxes_clip=q.boxes(boxes,True), boxes_back=q.boxes_back(boxes), boxes_back_clip=q.boxes_back(boxes,True), points=q.points(pts), points_back=q.points_back(pts), map_back=q.map_back(torch.arange(20.).view(4,5))[::5,::7].contiguous(), mask_back=np.packbits(q.mask_back(q.mask(m)).numpy(),-1), seen_back_sum=q.seen_back().sum())
    b = torch.tensor(boxes[:3]); Z['iou'] = G.iou(b,b); Z['boxes_to_mask'] = G.boxes_to_mask(boxes,64,48); Z['mask_to_box'] = G.mask_to_box(torch.stack([Z['boxes_to_mask'],torch.zeros(64,48,dtype=torch.bool)])); Z['hflip_boxes'] = G.hflip_boxes(b,64); y = torch.rand(2,37,53,generator=g); Z['area_in'] = y; Z['area_resize'] = G.area_resize(y,11,60); Z['hflip_regions'] = G.hflip_regions(torch.arange(12.).view(3,2,2))
    bb = r.uniform(0,40,(7,2)); bb = np.c_[bb,bb+r.uniform(10,30,(7,2))]; who = [f'R{k%3}' for k in range(7)]; Z['wbf_in'] = bb; Z['wbf'] = V.wbf(bb,who,.2); J['wbf_readers'] = who
    texts = [' FINAL REPORT\n EXAMINATION: CHEST\n\n FINDINGS:\n The heart is large.\n Effusion ___ seen.\n\n IMPRESSION:\n 1. Cardiomegaly.\n','WET READ: normal\n\nlast words here','CONCLUSION: no change.\nFINDINGS AND IMPRESSION: stable']; J['reports'] = [dict(text=t, sections=M.report_sections(t), captions={w: M.caption(t,w) for w in ('impression','findings','both')}) for t in texts]
    save('codes.npz', Z); save_json('codes.json', J)

# ------------------------------------------------------------------ the tables of the data sets
def tables(s): # what a loader made of a tree
    f = lambda d: d.reset_index().to_csv(index=False, float_format='%.17g')
    return dict(name=s.name, guard=s.guard, films=f(s.films), labels=f(s.labels), boxes=f(s.boxes.drop(columns=[c for c in s.boxes if c == 'file'])), rejected=[(r['id'],r['reason']) for r in s.rejected], mended=[(r['id'],r['reason']) for r in s.mended])

@section
def sets():
    import trees
    from cxr_weakloc import phantom as P, vindr as V, mimic as M, sets as S, masks as K, studies as U
    J = {}
    with tempfile.TemporaryDirectory() as t:
        t = Path(t); P.write_phantom(t/'p', P.Population(seed=2), 6, 3, 2, 1, ('matched',), 1); root = t/'p'/'vindr'
        for split in ('train','test'): J[f'vindr/{split}'] = tables(V.load_vindr(root, split, progress=False))
        J['vindr/all'] = tables(V.load_vindr(root, 'train', 'all', progress=False)); v = V.load_vindr(root, 'train', progress=False)
        for k in ('vote','wbf','mean'): J[f'fuse_boxes/{k}'] = V.fuse_boxes(v.boxes, k).to_csv(index=False, float_format='%.17g')
        J['box_agreement'] = V.box_agreement(v.boxes, len(v)).to_csv(float_format='%.17g')
        J['split_patients'] = {k: list(o.ids) for k,o in U.split_patients(v, dict(refine=.7, validate=.3), 0).items()}
        m = M.load_mimic(t/'p'/'mimic', progress=False, keep_out=()); J['mimic'] = tables(m) | dict(reports=m.reports.reset_index().to_csv(index=False))
        c = K.CheXmask(root/'masks'/'chexmask.csv'); J['chexmask'] = {i: [int(o) for o in c.get(i).flatten(1).sum(1)] for i in v.ids}
        n = K.MaskTable(root/'truth'/'masks.csv'); J['masktable'] = dict(channels=list(n.channels), sums={i: [int(o) for o in n.get(i).flatten(1).sum(1)] for i in v.ids if i in n})
        for name,(build,load) in trees.TREES.items():
            d = t/name; d.mkdir(); build(d)
            try: s = load(d); J[name] = tables(s) | (dict(masks=s.masks.to_csv(index=False)) if s.masks is not None else {}) | (dict(reports=s._reports.reset_index().to_csv(index=False)) if '_reports' in s.__dict__ else {})
            except Exception as e: J[name] = dict(error=f'{type(e).__name__}: {getattr(e, "what", e)}')
    save_json('sets.json', J)

if __name__ == '__main__':
    warnings.simplefilter('ignore')
    for k in sys.argv[1:] or SECTIONS:
        t = time.time(); SECTIONS[k](); print(f'{k}: {time.time()-t:.0f} s', flush=True)
