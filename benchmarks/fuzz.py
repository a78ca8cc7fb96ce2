"""Mutated DICOM files, pictures, tables, masks and reports through every reader: each must end in a result or in a `BadInput`, quickly and within bounds of memory.

    python benchmarks/fuzz.py [CASES] [SEED]       default 20000 0
    python benchmarks/fuzz.py --check               does it see a crash, a hang inside C, a case that takes memory, a wrong error? (half a minute)
    python benchmarks/fuzz.py --case NUMBER [SEED]  one case again, with its traceback; its input is left in fuzz-case/

Cases run in a process of their own, watched from outside: a case that ends the process (a crash in a decoder), that is not done after LIMIT seconds (also
inside C code, where no signal handler of Python runs) or that needs more than ROOM bytes above what the process had before it is a failure, is named with its number,
and the run goes on behind it. A file of a film is at most a few hundred kB here, so ROOM is generous: what a damaged header may claim must be checked before memory is taken for it.
Prints a count of what happened; ends with 1 if anything failed, or if inputs of a kind were never rejected (reports cannot be: any text is one)."""
import io, json, os, resource, select, shutil, signal, subprocess, sys, tempfile, time, traceback, warnings, zipfile
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMBA_NUM_THREADS'): os.environ[k] = '1'
from collections import Counter
from pathlib import Path
LIMIT, ROOM = 10, 2**30     # seconds, bytes; for one case

# ---- how things break
def mutate(b, r, where=None): # 1 to 8 changes of any kind to bytes, mostly few, for what is damaged beyond sense is refused at the door
    b = bytearray(b); n = where or len(b)
    for _ in range(min(8, int(r.geometric(.4)))):
        i = int(r.integers(0, max(1, min(n, len(b))))); kind = r.choice(7, p=(.3,.2,.2,.08,.08,.07,.07))
        if   kind == 0: b[i:i+1] = bytes([r.integers(256)])
        elif kind == 1: b[i:i+4] = r.bytes(4)
        elif kind == 2: b[i:i+2] = [b'\xff\xff', b'\0\0', b'\x7f\xff', b'\xff\x7f'][r.integers(4)]
        elif kind == 3: del b[i:i+int(r.integers(1, 40))]
        elif kind == 4: b[i:i] = r.bytes(int(r.integers(1, 40)))
        elif kind == 5: j = int(r.integers(0, max(1, n))); b[i:i] = b[j:j+int(r.integers(1, 60))]
        elif r.random() < .3: b = b[:i]
    return bytes(b)

ODD = ['', ' ', 'nan', 'inf', '-inf', '1e309', '-1', '0', '1e-320', '99999999999999999999', '0x10', '1,5', '"', "'", '\0', '../../etc/passwd', '/etc/passwd', 'ä€😀', 'NULL', 'True', '=1+1', 'a'*70000, '1 '*5000, '٣', '\ufeff', '\r', '-0', '1.0.0', '[]', '{}']
def few(b, r): b = bytearray(b); b[int(r.integers(len(b)))] = int(r.integers(48, 122)); return bytes(b)     # one letter of a code

def mutate_table(b, r): # fields, rows and columns exchanged for what tables really go wrong with
    t = [l.split(',') for l in b.decode().rstrip('\n').split('\n')]
    for _ in range(int(r.integers(1, 7))):
        if not t: break
        i = int(r.integers(0, len(t))); j = int(r.integers(0, len(t[i]))) if t[i] else 0; kind = r.integers(10)
        if   kind < 4 and t[i]: t[i][j] = ODD[r.integers(len(ODD))]
        elif kind == 4: t[i].insert(j, ODD[r.integers(len(ODD))])
        elif kind == 5: del t[i][j:j+1]
        elif kind == 6: t.insert(i, list(t[int(r.integers(0, len(t)))]))
        elif kind == 7: del t[i]
        elif kind == 8: t[i].reverse()
        else: [row.pop(j) for row in t if len(row) > j]
    s = '\n'.join(','.join(o) for o in t) + '\n'; return [s, s.replace('\n', '\r\n'), s.replace('\n', '\r'), '\ufeff'+s][r.choice(4, p=(.7,.15,.05,.1))].encode('utf-8', 'surrogatepass')

def mutate_elements(b, r): # elements of a DICOM file given values that they must not have
    import pydicom, warnings
    ds = pydicom.dcmread(io.BytesIO(b)); keys = [k for k in ds.keys()]
    values = [0, 1, -1, 2**15, 2**16-1, 2**31-1, 1e300, float('nan'), '', 'x', '\\'.join(['1']*9), '../x', b'', b'\xff'*7, None, [], [0,0], ['a','b']]
    for _ in range(int(r.integers(1, 5))):
        k = keys[int(r.integers(0, len(keys)))]
        if r.random() < .15: ds.pop(k, None); continue
        try: ds.add_new(k, ('US','SS','UL','DS','IS','LO','CS','OW','OB','UN','SQ','PN','AT','FD')[r.integers(14)] if r.random() < .5 else ds[k].VR if k in ds else 'LO', values[r.integers(len(values))])
        except Exception: continue
    o = io.BytesIO()
    try: ds.save_as(o, enforce_file_format=False)
    except Exception: return mutate(b, r, max(200, len(b)//2))     # what cannot be written is broken by hand
    return o.getvalue()

# ---- what is broken, and who reads it
def seeds(d): # small films of several syntaxes, and where their pixels begin
    import numpy as np
    from pydicom.data import get_testdata_file
    from cxr_weakloc.films.images import save_dicom
    out = []; ramp = np.arange(1024).reshape(32, 32)
    for k,kw in enumerate((dict(), dict(monochrome1=True, spacing=(.1,.1)), dict(bits=8), dict(WindowCenter=500, WindowWidth=300, PixelPaddingValue=0), dict(RescaleSlope=2, RescaleIntercept=-100))):
        save_dicom(d/'s.dcm', ramp % (256 if kw.get('bits') == 8 else 4096), **kw); out.append((d/'s.dcm').read_bytes())
    for n in ('MR_small_RLE.dcm','JPEG2000.dcm','JPEG-LL.dcm','MR_small_jpeg_ls_lossless.dcm','MR_small_bigendian.dcm','image_dfl.dcm','OBXXXX1A.dcm','emri_small_jpeg_2k_lossless.dcm','mlut_18.dcm','vlut_04.dcm'):
        b = Path(get_testdata_file(n, download=False)).read_bytes()
        if len(b) < 400_000: out.append(b.replace(b'CS\2\0MR', b'CS\2\0DX').replace(b'CS\2\0CT', b'CS\2\0DX').replace(b'CS\2\0NM', b'CS\2\0DX').replace(b'CS\0\2MR', b'CS\0\2DX'))
    return [(b, max(200, b.rfind(b'\xe0\x7f\x10\0') + 60)) for b in out]

class Readers:
    "Everything to be broken, made once in folder `d`; `case(r)` is one broken input: its kind, its bytes, and a function that reads them"
    def __init__(self, d):
        import numpy as np, pandas as pd, torch
        from PIL import Image
        from cxr_weakloc import images, rle, masks, mimic, studies, vindr, sets
        self.d,self.np,self.torch = d,np,torch; self.images,self.rle,self.masks,self.mimic,self.studies,self.vindr,self.sets = images,rle,masks,mimic,studies,vindr,sets; ramp = np.arange(1024).reshape(32, 32); self.films = seeds(d)
        self.tables = dict(annotations=b'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n' + b''.join(b'%s,R%d,%s,%d,%d,%d,%d\n' % (i, k, f, 1+k, 2, 20+k, 25) for i in (b'a', b'b') for k in range(3) for f in (b'Cardiomegaly', b'Pleural effusion')) + b'b,R9,No finding,,,,\n',
                           image_labels=b'image_id,rad_id,Cardiomegaly,Pleural effusion,No finding\n' + b''.join(b'%s,R%d,%d,%d,0\n' % (i, k, k % 2, 1) for i in (b'a', b'b') for k in range(3)))
        (d/'v'/'annotations').mkdir(parents=True); [images.save_dicom(d/'v'/'train'/f'{i}.dicom', ramp) for i in 'ab']
        rows = [('10000032','50414267','02aa-1','PA','train'), ('10000032','53189527','2a28-1','AP','train'), ('10000764','57375967','096a-1','AP','validate'), ('10000898','50771383','2a38-1','PA','test')]; t = pd.DataFrame(rows, columns=['subject_id','study_id','dicom_id','ViewPosition','split'])
        for sub,st,dc,_,_ in rows: p = d/'m'/f'files/p10/p{sub}/s{st}'; p.mkdir(parents=True); Image.fromarray((ramp//4).astype(np.uint8)).save(p/f'{dc}.jpg'); (p.parent/f's{st}.txt').write_text('IMPRESSION: Clear.')
        self.mimics = dict(split=t.drop(columns='ViewPosition').to_csv(index=False).encode(), metadata=t.drop(columns='split').assign(Rows=32, Columns=32).to_csv(index=False).encode(), chexpert=b'subject_id,study_id,Cardiomegaly,Pleural Effusion\n' + b''.join(b'%s,%s,1.0,-1.0\n' % (r[0].encode(), r[1].encode()) for r in rows))
        self.nih = dict(entry=b'Image Index,Finding Labels,Patient ID,View Position\na.png,Cardiomegaly|Effusion,1,PA\nb.png,No Finding,2,AP\n', box=b'Image Index,Finding Label,Bbox [x,y,w,h],,,\na.png,Cardiomegaly,1,2,300,400.5,,,\na.png,Effusion,5,6,70,80,,,\n'); (d/'n'/'images').mkdir(parents=True); [Image.fromarray((ramp//4).astype(np.uint8)).save(d/'n'/'images'/f'{i}.png') for i in 'ab']
        self.own = dict(table=b'image_id,patient_id,split,Cardiomegaly,Effusion\na,p1,train,1,0\nb,p2,test,0,\n', boxes=b'image_id,class_name,x_min,y_min,x_max,y_max,rad_id\na,Cardiomegaly,1,2,30,31,R1\nb,Effusion,1,2,3,4,R2\n')
        m = torch.rand(20, 30, generator=torch.Generator().manual_seed(0)) > .5; self.m = m; code = rle.rle_encode(m); self.cm = pd.DataFrame([{'image_id': i, 'Dice RCA (Mean)': .9, 'Landmarks': '', 'Left Lung': code, 'Right Lung': code, 'Heart': code, 'Height': 20, 'Width': 30} for i in 'ab']).to_csv(index=False).encode()
        self.mt = f'image_id,class_name,rle,height,width\na,Cardiomegaly,{code},20,30\nb,Pleural effusion,{code},20,30\n'.encode(); self.sizes = b'image_id,height,width\na,64,64\nb,64,64\n'; self.ms = b'dicom_id,category_name,label_text,path,x,y,w,h,image_width,image_height\n02aa-1,Cardiomegaly,large heart,files/p10/p10000032/s50414267/02aa-1.jpg,1,2,10,12,32,32\n'
        self.coco = json.dumps(dict(images=[dict(id=1, file_name='a.png', width=9, height=9)], categories=[dict(id=1, name='Cardiomegaly')], annotations=[dict(image_id=1, category_id=1, bbox=[1,1,2,2])])).encode(); self.report = b' FINAL REPORT\n FINDINGS:  Clear lungs.\n\n IMPRESSION: No change.\n'
        self.xml = b'<eCitation><uId id="CXR1"/><AbstractText Label="FINDINGS">Large heart.</AbstractText><MeSH><major>Cardiomegaly</major></MeSH><parentImage id="CXR1_1"/></eCitation>'; (d/'o').mkdir(); f = pd.DataFrame(dict(study_id='x', patient_id='x', split='', view='', path='a.dicom'), index=pd.Index(['x'], name='image_id'))
        studies.save_studies(studies.Studies('One', d/'v'/'train', f, pd.DataFrame({'Cardiomegaly':[1.]}, index=f.index), pd.DataFrame([('x','Cardiomegaly','R1',1.,2.,3.,4.)], columns=['image_id','finding','reader',*studies.BOX])), d/'saved'); self.saved = {p.name: p.read_bytes() for p in (d/'saved').iterdir()}
        self.pics = []
        for mode,fmt in (('u1','PNG'),('u2','PNG'),('u1','JPEG'),('u1','TIFF'),('u1','BMP')): o = io.BytesIO(); Image.fromarray((ramp//4).astype(mode)).save(o, fmt); self.pics.append(o.getvalue())
    # readers; each also checks that what it returns is sound
    def film(self, b, how):
        p = self.d/'f.dcm'; p.write_bytes(b); f = (lambda p: self.images.read_film(p, body_part=None, frame=0), lambda p: self.images.read_square(p, 16), self.images.film_size)[how](p)
        if hasattr(f, 'pixels'): assert f.pixels.ndim == 2 and bool(self.torch.isfinite(f.pixels).all()) and 0 <= float(f.pixels.min()) and float(f.pixels.max()) <= 1
    def sound(self, s):
        np = self.np; assert s.films.index.is_unique and s.labels.index.equals(s.films.index); b = s.boxes[self.studies.BOX].to_numpy(float); assert np.isfinite(b).all() and (b[:,2:] > b[:,:2]).all() and (b >= 0).all(); assert s.boxes.image_id.isin(s.films.index).all()
        v = s.labels.to_numpy(float); assert np.isin(v[~np.isnan(v)], (-1,0,1)).all()
        for i in s.ids[:2]: self.studies.safe_join(s.root, s.films.path[i])
    def table(self, n, b):
        for k,c in self.tables.items(): (self.d/'v'/'annotations'/f'{k}_train.csv').write_bytes(b if n == k else c)
        self.sound(self.vindr.load_vindr(self.d/'v', 'train', progress=False, findings='all'))
    def mimic_table(self, n, b):
        for k,c in self.mimics.items(): (self.d/'m'/f'mimic-cxr-2.0.0-{k}.csv').write_bytes(b if n == k else c)
        s = self.mimic.load_mimic(self.d/'m', progress=False, keep_out=(), findings='all'); self.sound(s); list(self.mimic.stream_pairs(s.unlock(self.studies.GUARD_WORD)))
    def nih_table(self, n, b): (self.d/'n'/'Data_Entry_2017.csv').write_bytes(b if n == 'entry' else self.nih['entry']); (self.d/'n'/'BBox_List_2017.csv').write_bytes(b if n == 'box' else self.nih['box']); self.sound(self.sets.load_nih(self.d/'n', progress=False))
    def own_table(self, n, b): [(self.d/f'{k}.csv').write_bytes(b if n == k else c) for k,c in self.own.items()]; self.sound(self.sets.load_folder(self.d/'n'/'images', self.d/'table.csv', self.d/'boxes.csv', progress=False))
    def chexmask(self, b, gz):
        import gzip
        p = self.d/('c.csv.gz' if gz else 'c.csv'); p.write_bytes(b if gz != 2 else gzip.compress(b)); c = self.masks.CheXmask(p); [c.get(i, (20, 30)) for i in c.ids[:2]]
    def masktable(self, b): (self.d/'mt.csv').write_bytes(b); t = self.masks.MaskTable(self.d/'mt.csv'); [t.get(i, (20, 30)) for i in list(t.rows)[:2]]
    def parquet(self, n, b):
        for k,c in self.saved.items(): (self.d/'saved'/k).write_bytes(b if n == k else c)
        s = self.studies.load_studies(self.d/'saved'); repr(s)
    def case(self, r):
        k = r.random(); d = self.d; pick = lambda o: o[int(r.integers(len(o)))]; damage = lambda b: mutate(b, r) if r.random() < .5 else mutate_table(b, r)
        if k < .46: b,head = pick(self.films); b = mutate(b, r, head); h = int(r.choice(3, p=(.6,.3,.1))); return 'DICOM header', b, lambda: self.film(b, h)
        if k < .56: b = mutate_elements(pick(self.films)[0], r); h = int(r.choice(3, p=(.6,.3,.1))); return 'DICOM elements', b, lambda: self.film(b, h)
        if k < .62: b = mutate(pick(self.films)[0], r); return 'DICOM pixels', b, lambda: self.film(b, 0)
        if k < .66: b = mutate(pick(self.pics), r); return 'picture', b, lambda: self.film(b, int(len(b)%2))
        if k < .74: n = pick(list(self.tables)); b = damage(self.tables[n]); return 'VinDr table', b, lambda: self.table(n, b)
        if k < .80: n = pick(list(self.mimics)); b = damage(self.mimics[n]); return 'MIMIC table', b, lambda: self.mimic_table(n, b)
        if k < .83: n = pick(list(self.nih)); b = damage(self.nih[n]); return 'NIH table', b, lambda: self.nih_table(n, b)
        if k < .86: n = pick(list(self.own)); b = damage(self.own[n]); return 'own table', b, lambda: self.own_table(n, b)
        if k < .89: gz = int(r.choice(3, p=(.6,.2,.2))); b = damage(self.cm) if gz != 1 else mutate(__import__('gzip').compress(self.cm), r); return 'CheXmask table', b, lambda: self.chexmask(b, gz)
        if k < .91: b = damage(self.mt); return 'mask table', b, lambda: self.masktable(b)
        if k < .92: b = damage(self.ms); return 'MS-CXR table', b, lambda: ((d/'ms.csv').write_bytes(b), self.sound(self.sets.load_mscxr(d/'ms.csv', d/'m', progress=False)))
        if k < .93: b = damage(self.sizes); return 'table of sizes', b, lambda: ((d/'sz.csv').write_bytes(b), [(d/'v'/'annotations'/f'{n}_train.csv').write_bytes(c) for n,c in self.tables.items()], self.sound(self.vindr.load_vindr(d/'v', 'train', sizes=d/'sz.csv', progress=False)))
        if k < .945: n = pick(list(self.saved)); b = mutate(self.saved[n], r); return 'Parquet', b, lambda: self.parquet(n, b)
        if k < .955: b = self.rle.rle_encode(self.m).encode(); b = mutate(b, r) if r.random() < .6 else b.replace(b' 1 ', b' 2 ', 1); n = pick(('chexmask','kaggle','siim')); return 'run-length code', b, lambda: self.rle.rle_decode(b.decode('latin1'), 20, 30, n)
        if k < .965: c = self.rle.coco_encode(self.m); b = c['counts'].encode(); b = mutate(b, r) if r.random() < .5 else few(b, r); return 'COCO mask', b, lambda: self.rle.coco_decode(dict(size=c['size'], counts=b.decode('latin1')))
        if k < .975: b = mutate(self.coco, r) if r.random() < .5 else few(self.coco, r); return 'COCO file', b, lambda: ((d/'c.json').write_bytes(b), self.studies.from_coco(d/'c.json', d))
        if k < .985: b = mutate(self.xml, r); return 'OpenI report', b, lambda: ((d/'o'/'1.xml').write_bytes(b), self.sets.load_openi(d/'o', progress=False))
        b = mutate(self.report, r); return 'report', b, lambda: self.mimic.caption(self.mimic.report_sections(b.decode('utf-8', 'replace')))

# ---- the process that reads
def status(key): # kB of /proc/self/status
    with open('/proc/self/status') as f: return int(next(l for l in f if l.startswith(key)).split()[1])*1024

def work(d, seed, first, n): # a line before and after each case, to whoever watches
    import numpy as np, torch
    from cxr_weakloc.core import BadInput
    warnings.simplefilter('ignore'); torch.set_num_threads(1); make = Readers(Path(d)); say = lambda *o: print(json.dumps(o), file=real, flush=True); real = sys.stdout; sys.stdout = open(os.devnull, 'w')
    for i in range(3): # what is loaded and compiled at the first use belongs to no case
        for kind in range(40):
            try: make.case(np.random.default_rng([10**6+i, kind]))[2]()
            except BadInput: pass
            except BaseException: pass
    size = status('VmSize'); resource.setrlimit(resource.RLIMIT_AS, (size + 8*ROOM, size + 8*ROOM))       # the machine is to survive what the case does not
    if seed < 0: make.case = lambda r: SELF[int(r)]
    for i in range(first, n):
        kind,b,f = make.case(i if seed < 0 else np.random.default_rng([seed, i])); say('start', i, kind)
        with open('/proc/self/clear_refs', 'w') as g: g.write('5')                                        # the peak counts anew
        before = status('VmRSS'); t = time.perf_counter()
        try: f(); how,what = 'used',''
        except BadInput as e: how,what = ('OUT OF MEMORY' if 'more pixels than memory' in str(e) or isinstance(e.__cause__, MemoryError) else 'rejected'),str(e)[:120]
        except MemoryError as e: how,what = 'OUT OF MEMORY',''
        except BaseException as e: how,what = f'CRASH {type(e).__name__}',str(e)[:120]
        s = time.perf_counter()-t; room = max(0, status('VmHWM')-before)
        if room > ROOM and how in ('used','rejected'): how = f'{room/2**20:.0f} MiB'
        say('end', i, kind, how, what, s, room)
    say('done')

def _hog(): return bytearray(os.urandom(2**20))*1500       # written, not only reserved
def _segfault(): import ctypes; ctypes.string_at(0)
def _asleep(): import ctypes; ctypes.CDLL(None).sleep(600)  # in C, where no handler of Python's runs
def _wrong(): raise KeyError('x')
SELF = [('fine', b'', lambda: None), ('wrong', b'', _wrong), ('segfault', b'', _segfault), ('asleep', b'', _asleep), ('hog', b'', _hog), ('fine', b'', lambda: None)]

def check(): # does the watcher see what it is there for?
    import contextlib
    with contextlib.redirect_stdout(io.StringIO()) as o: rc = main(len(SELF), -1)
    got = o.getvalue(); want = ('wrong            CRASH KeyError', 'segfault         CRASH', 'asleep           HANG', 'hog              15', 'fine             used           2', 'failures 4')
    print(got); missing = [w for w in want if w not in got]; print('the watcher sees a crash, a hang in C, memory and an error' if rc and not missing else f'NOT SEEN: {missing}'); return int(not rc or bool(missing))

# ---- the process that watches
def main(n=20000, seed=0):
    count,bad,slow,room,t0,at = Counter(),[],(0,-1),(0,-1),time.time(),0
    while at < n:
        with tempfile.TemporaryDirectory() as o:
            p = subprocess.Popen([sys.executable, __file__, '--work', o, str(seed), str(at), str(n)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True); now,buf,since = None,b'',time.time()
            def fail(how): bad.append((*now, how, '')); count[now[1], how.split(' (')[0]] += 1
            while True:
                ok,_,_ = select.select([p.stdout], [], [], 1); new = os.read(p.stdout.fileno(), 2**16) if ok else None
                if new: buf += new
                *lines,buf = buf.split(b'\n')
                for l in lines:
                    m = json.loads(l); since = time.time()
                    if m[0] == 'start': now = m[1],m[2]
                    elif m[0] == 'end':
                        _,i,kind,how,what,s,r = m; count[kind, how] += 1; slow = max(slow, (s,i)); room = max(room, (r,i)); at = i+1; now = None
                        if how not in ('used','rejected') or s > LIMIT: bad.append((i, kind, how if s <= LIMIT else f'{s:.0f} s', what))
                    else: at = n
                if ok and not new: # it is over
                    rc = p.wait()
                    if at < n:
                        if now is None: print(f'the reading process ended by itself ({rc})'); return 1
                        fail(f'CRASH (the process ended with {rc})'); at = now[0]+1
                    break
                if now and time.time()-since > LIMIT+2: fail(f'HANG (more than {LIMIT} s)'); at = now[0]+1; os.killpg(p.pid, signal.SIGKILL); p.wait(); break
    for (k,h),c in sorted(count.items()): print(f'{k:16} {h:14} {c}')
    kinds = {k for k,_ in count}; idle = [k for k in kinds-{'report'} if n >= 2000 and not (count[k,'used'] and count[k,'rejected'])]
    print(f'cases {sum(count.values())}\nkinds {len(kinds)}\nfailures {len(bad)}\nslowest_seconds {slow[0]:.2f} (case {slow[1]})\nmost_memory_mib {room[0]/2**20:.0f} (case {room[1]})\nseconds {time.time()-t0:.0f}')
    for b in bad[:30]: print('FAILED', *b)
    for k in idle: print(f'{k}: never {"used" if count[k,"rejected"] else "rejected"}: is it broken at all?')
    return int(bool(bad) or sum(count.values()) < n or bool([k for k in idle if not count[k,'rejected']]))

def again(i, seed=0): # one case, in this process
    import numpy as np
    with tempfile.TemporaryDirectory() as o:
        kind,b,f = Readers(Path(o)).case(np.random.default_rng([seed, i])); keep = Path('fuzz-case'); keep.mkdir(exist_ok=True); (keep/f'{seed}-{i}').write_bytes(b); print(kind, f'{len(b)} bytes in {keep}/{seed}-{i}')
        try: f(); print('used')
        except BaseException: traceback.print_exc()

if __name__ == '__main__':
    a = sys.argv[1:]
    if a[:1] == ['--work']: work(a[1], *map(int, a[2:]))
    elif a[:1] == ['--case']: again(*map(int, a[1:]))
    elif a[:1] == ['--check']: sys.exit(check())
    else: sys.exit(main(*map(int, a)))
