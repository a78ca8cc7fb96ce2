"""Mutated DICOM files, tables and masks through every reader: each must end in a film or a `BadInput`, quickly and within bounds of memory.

    python benchmarks/fuzz.py [CASES] [SEED]     default 20000 cases

Prints a count of what happened; ends with 1 if a case crashed, took longer than LIMIT seconds or needed more memory than ROOM."""
import io, json, os, resource, signal, sys, tempfile, time, warnings
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'): os.environ[k] = '1'
from collections import Counter
from pathlib import Path
import numpy as np, pandas as pd, pydicom, torch
from pydicom.data import get_testdata_file
from cxr_weakloc.core import BadInput
from cxr_weakloc.images import read_film, read_square, film_size, save_dicom
from cxr_weakloc.rle import rle_decode, rle_encode, coco_decode, coco_encode
from cxr_weakloc.masks import CheXmask
from cxr_weakloc.mimic import report_sections, caption
from cxr_weakloc.studies import from_coco
from cxr_weakloc.vindr import load_vindr
from cxr_weakloc.sets import load_openi
LIMIT, ROOM = 10, 3*2**30   # seconds for one case; bytes beyond what the process has when it begins
warnings.simplefilter('ignore'); torch.set_num_threads(1)

def mutate(b, r, where=None): # 1 to 8 changes of any kind to bytes
    b = bytearray(b); n = where or len(b)
    for _ in range(int(r.integers(1, 9))):
        i = int(r.integers(0, max(1, min(n, len(b))))); kind = r.integers(7)
        if   kind == 0: b[i:i+1] = bytes([r.integers(256)])
        elif kind == 1: b[i:i+4] = r.bytes(4)
        elif kind == 2: b[i:i+2] = [b'\xff\xff', b'\0\0', b'\x7f\xff', b'\xff\x7f'][r.integers(4)]
        elif kind == 3: del b[i:i+int(r.integers(1, 40))]
        elif kind == 4: b[i:i] = r.bytes(int(r.integers(1, 40)))
        elif kind == 5: j = int(r.integers(0, max(1, n))); b[i:i] = b[j:j+int(r.integers(1, 60))]
        elif r.random() < .3: b = b[:i]
    return bytes(b)

def seeds(d): # small films of several syntaxes, and where their pixels begin
    out = []; ramp = np.arange(1024).reshape(32, 32)
    for k,kw in enumerate((dict(), dict(monochrome1=True, spacing=(.1,.1)), dict(bits=8), dict(WindowCenter=500, WindowWidth=300, PixelPaddingValue=0), dict(RescaleSlope=2, RescaleIntercept=-100))):
        save_dicom(d/'s.dcm', ramp % (256 if kw.get('bits') == 8 else 4096), **kw); out.append((d/'s.dcm').read_bytes())
    for n in ('MR_small_RLE.dcm','JPEG2000.dcm','JPEG-LL.dcm','MR_small_jpeg_ls_lossless.dcm','SC_rgb_jpeg_dcmtk.dcm','MR_small_bigendian.dcm','image_dfl.dcm','OBXXXX1A.dcm','emri_small_jpeg_2k_lossless.dcm'):
        b = Path(get_testdata_file(n, download=False)).read_bytes()
        if len(b) < 400_000: out.append(b.replace(b'CS\2\0MR', b'CS\2\0DX').replace(b'CS\2\0CT', b'CS\2\0DX'))
    return [(b, max(200, b.rfind(b'\xe0\x7f\x10\0') + 60)) for b in out]

def cases(d, r):
    films = seeds(d); ann = b'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n' + b''.join(b'%s,R%d,%s,%d,%d,%d,%d\n' % (i, k, f, 1+k, 2, 20+k, 25) for i in (b'a', b'b') for k in range(3) for f in (b'Cardiomegaly', b'Pleural effusion')) + b'b,R9,No finding,,,,\n'
    lab = b'image_id,rad_id,Cardiomegaly,Pleural effusion,No finding\n' + b''.join(b'%s,R%d,%d,%d,0\n' % (i, k, k % 2, 1) for i in (b'a', b'b') for k in range(3)); v = d/'v'; (v/'annotations').mkdir(parents=True)
    for i in 'ab': save_dicom(v/'train'/f'{i}.dicom', np.arange(1024).reshape(32, 32))
    m = torch.rand(20, 30) > .5; cm = pd.DataFrame([{'image_id': i, 'Dice RCA (Mean)': .9, 'Landmarks': '', 'Left Lung': rle_encode(m), 'Right Lung': rle_encode(m), 'Heart': rle_encode(m), 'Height': 20, 'Width': 30} for i in 'ab']).to_csv(index=False).encode()
    coco = json.dumps(dict(images=[dict(id=1, file_name='a.png', width=9, height=9)], categories=[dict(id=1, name='Cardiomegaly')], annotations=[dict(image_id=1, category_id=1, bbox=[1,1,2,2])])).encode(); report = b' FINAL REPORT\n FINDINGS:  Clear lungs.\n\n IMPRESSION: No change.\n'
    xml = b'<eCitation><uId id="CXR1"/><AbstractText Label="FINDINGS">Large heart.</AbstractText><MeSH><major>Cardiomegaly</major></MeSH><parentImage id="CXR1_1"/></eCitation>'; (d/'o').mkdir()
    def table(name, b):
        for n,c in (('annotations', ann), ('image_labels', lab)): (v/'annotations'/f'{n}_train.csv').write_bytes(b if n == name else c)
        s = load_vindr(v, 'train', progress=False); assert len(s) and s.boxes[['x_min','y_min']].min().min() >= 0 if len(s.boxes) else True
    def mask(b):
        (d/'c.csv').write_bytes(b); c = CheXmask(d/'c.csv')
        for i in c.ids[:2]: c.get(i, (20, 30))
    def film(b):
        p = d/'f.dcm'; p.write_bytes(b); f = [read_film, lambda p: read_square(p, 16), film_size][r.choice(3, p=(.6,.3,.1))](p)
        if hasattr(f, 'pixels'): assert f.pixels.ndim == 2 and bool(torch.isfinite(f.pixels).all()) and 0 <= float(f.pixels.min()) and float(f.pixels.max()) <= 1
    while True:
        k = r.random()
        if   k < .70: b,head = films[r.integers(len(films))]; yield 'DICOM header' if r.random() < .8 else 'DICOM', film, (mutate(b, r, head if r.random() < .8 else None),)
        elif k < .84: n = ('annotations','image_labels')[r.integers(2)]; yield 'VinDr table', table, (n, mutate(ann if n == 'annotations' else lab, r))
        elif k < .88: yield 'CheXmask table', mask, (mutate(cm, r),)
        elif k < .92: yield 'run-length code', rle_decode, (mutate(rle_encode(m).encode(), r).decode('latin1'), 20, 30, ('chexmask','kaggle','siim')[r.integers(3)])
        elif k < .95: c = coco_encode(m); yield 'COCO mask', coco_decode, (dict(size=c['size'], counts=mutate(c['counts'].encode(), r).decode('latin1')),)
        elif k < .97: yield 'COCO file', lambda b: ((d/'c.json').write_bytes(b), from_coco(d/'c.json', d)), (mutate(coco, r),)
        elif k < .98: yield 'OpenI report', lambda b: ((d/'o'/'1.xml').write_bytes(b), load_openi(d/'o', progress=False)), (mutate(xml, r),)
        else: yield 'report', lambda b: caption(report_sections(b.decode('utf-8', 'replace'))), (mutate(report, r),)

def main(n=20000, seed=0):
    r = np.random.default_rng(seed); count,bad,slow,t0 = Counter(),[],0.,time.time()
    def late(*_): raise TimeoutError
    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as o:
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*1024
        with open('/proc/self/statm') as f: size = int(f.read().split()[0])*os.sysconf('SC_PAGE_SIZE')
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
        for i,(kind,f,args) in zip(range(n), cases(Path(o), r)):
            t = time.time(); signal.alarm(LIMIT)
            try: f(*args); how = 'used'
            except BadInput as e: how = 'rejected' if 'more pixels than memory' not in str(e) else 'out of memory'
            except BaseException as e: how = 'HANG' if isinstance(e, TimeoutError) else f'CRASH {type(e).__name__}'; bad.append((i, kind, how, str(e)[:120]))
            finally: signal.alarm(0)
            slow = max(slow, time.time()-t); count[kind, how] += 1
    room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*1024 - start
    for (k,h),c in sorted(count.items()): print(f'{k:16} {h:12} {c}')
    print(f'cases {n}\nfailures {len(bad)}\nslowest_seconds {slow:.2f}\nmemory_growth_mib {room/2**20:.0f}\nseconds {time.time()-t0:.0f}')
    for b in bad[:20]: print(*b)
    return int(bool(bad))

if __name__ == '__main__': sys.exit(main(*map(int, sys.argv[1:3])))
