"""Mutated DICOM files, pictures, tables, masks and reports through every reader: each must end in a result or in a
`BadInput`, quickly and within bounds of memory.

    python benchmarks/fuzz.py [CASES] [SEED]       default 20000 0
    python benchmarks/fuzz.py --check               does it see a crash, a hang inside C, a case that takes memory, a
                                                    wrong error? (half a minute)
    python benchmarks/fuzz.py --case NUMBER [SEED]  one case again, with its traceback; its input is left in fuzz-case/

Cases run in a process of their own, watched from outside: a case that ends the process (a crash in a decoder), that is
not done after LIMIT seconds (also inside C code, where no signal handler of Python runs) or that needs more than ROOM
bytes above what the process had before it is a failure, is named with its number, and the run goes on behind it. A file
of a film is at most a few hundred kB here, so ROOM is generous: what a damaged header may claim must be checked before
memory is taken for it. Prints a count of what happened; ends with 1 if anything failed, or if inputs of a kind were
never rejected (reports cannot be: any text is one)."""
import contextlib
import ctypes
import gzip
import io
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMBA_NUM_THREADS'):
    os.environ[name] = '1'   # before anything imports numpy

from mutations import damage, mutate, mutate_elements, one_letter, one_of   # noqa: E402 (threads first)

LIMIT, ROOM = 10, 2**30   # seconds, bytes; for one case


# ---- what is read

@dataclass
class Case:
    "One broken input"
    kind: str
    data: bytes
    read: object   # called without arguments


KINDS = {}   # name -> (share of the cases, method of `Readers` that makes one)


def kind(name, share):
    "Register a kind of input: its method breaks one with a random stream, and gives (bytes, what reads them)"
    def register(f):
        KINDS[name] = share, f
        return f
    return register


def _lines(*lines):
    return ''.join(f'{line}\n' for line in lines).encode()


def _pair(f, spread):
    return b''.join(f(i, k) for i in ('a', 'b') for k in range(spread))


def small_films(folder):
    "[(bytes of a small film, where its pixels begin)] in several syntaxes"
    import numpy as np
    from pydicom.data import get_testdata_file

    from cxr_weakloc.films import save_dicom
    ramp, made = np.arange(1024).reshape(32, 32), []
    options = (dict(), dict(monochrome1=True, spacing=(.1, .1)), dict(bits=8),
               dict(WindowCenter=500, WindowWidth=300, PixelPaddingValue=0),
               dict(RescaleSlope=2, RescaleIntercept=-100))
    for kw in options:
        save_dicom(folder/'s.dcm', ramp % (256 if kw.get('bits') == 8 else 4096), **kw)
        made.append((folder/'s.dcm').read_bytes())
    names = ('MR_small_RLE.dcm', 'JPEG2000.dcm', 'JPEG-LL.dcm', 'MR_small_jpeg_ls_lossless.dcm',
             'MR_small_bigendian.dcm', 'image_dfl.dcm', 'OBXXXX1A.dcm', 'emri_small_jpeg_2k_lossless.dcm',
             'mlut_18.dcm', 'vlut_04.dcm')
    for name in names:
        data = Path(get_testdata_file(name, download=False)).read_bytes()
        if len(data) >= 400_000:
            continue
        for modality in (b'MR', b'CT', b'NM'):
            data = data.replace(b'CS\2\0' + modality, b'CS\2\0DX')
        made.append(data.replace(b'CS\0\2MR', b'CS\0\2DX'))
    return [(data, max(200, data.rfind(b'\xe0\x7f\x10\0') + 60)) for data in made]


def pictures():
    "Pictures of several kinds as bytes"
    import numpy as np
    from PIL import Image
    made = []
    for mode, form in (('u1', 'PNG'), ('u2', 'PNG'), ('u1', 'JPEG'), ('u1', 'TIFF'), ('u1', 'BMP')):
        out = io.BytesIO()
        Image.fromarray((np.arange(1024).reshape(32, 32)//4).astype(mode)).save(out, form)
        made.append(out.getvalue())
    return made


class Readers:
    "Whole inputs of all kinds, made once in folder `d`; each kind's method breaks one and says how it is read"
    def __init__(self, d):
        import numpy as np

        self.d, self.films, self.pictures = d, small_films(d), pictures()
        self.grey = (np.arange(1024).reshape(32, 32)//4).astype(np.uint8)
        self._make_vindr()
        self._make_mimic()
        self._make_nih()
        self._make_masks()
        self._make_studies()
        self.report = b' FINAL REPORT\n FINDINGS:  Clear lungs.\n\n IMPRESSION: No change.\n'
        self.xml = (b'<eCitation><uId id="CXR1"/><AbstractText Label="FINDINGS">Large heart.</AbstractText>'
                    b'<MeSH><major>Cardiomegaly</major></MeSH><parentImage id="CXR1_1"/></eCitation>')
        (d/'o').mkdir()

    def _picture(self, path):
        from PIL import Image
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(self.grey).save(path)

    def _make_vindr(self):
        from cxr_weakloc.films import save_dicom

        def box(i, k, f):
            return f'{i},R{k},{f},{1 + k},2,{20 + k},25\n'.encode()

        both = ('Cardiomegaly', 'Pleural effusion')
        boxes = _pair(lambda i, k: b''.join(box(i, k, f) for f in both), 3)
        labels = _pair(lambda i, k: f'{i},R{k},{k % 2},1,0\n'.encode(), 3)
        self.vindr = dict(
            annotations=b'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n' + boxes + b'b,R9,No finding,,,,\n',
            image_labels=b'image_id,rad_id,Cardiomegaly,Pleural effusion,No finding\n' + labels)
        self.sizes = _lines('image_id,height,width', 'a,64,64', 'b,64,64')
        (self.d/'v'/'annotations').mkdir(parents=True)
        for i in 'ab':
            save_dicom(self.d/'v'/'train'/f'{i}.dicom', self.grey.astype(int)*4)

    def _make_mimic(self):
        import pandas as pd
        rows = [('10000032', '50414267', '02aa-1', 'PA', 'train'), ('10000032', '53189527', '2a28-1', 'AP', 'train'),
                ('10000764', '57375967', '096a-1', 'AP', 'validate'), ('10000898', '50771383', '2a38-1', 'PA', 'test')]
        t = pd.DataFrame(rows, columns=['subject_id', 'study_id', 'dicom_id', 'ViewPosition', 'split'])
        for subject, study, film, *_ in rows:
            folder = self.d/'m'/f'files/p10/p{subject}/s{study}'
            self._picture(folder/f'{film}.jpg')
            (folder.parent/f's{study}.txt').write_text('IMPRESSION: Clear.')
        labels = _lines('subject_id,study_id,Cardiomegaly,Pleural Effusion', *(f'{r[0]},{r[1]},1.0,-1.0' for r in rows))
        self.mimic = dict(
            split=t.drop(columns='ViewPosition').to_csv(index=False).encode(),
            metadata=t.drop(columns='split').assign(Rows=32, Columns=32).to_csv(index=False).encode(),
            chexpert=labels)
        self.mscxr = _lines('dicom_id,category_name,label_text,path,x,y,w,h,image_width,image_height',
                            '02aa-1,Cardiomegaly,large heart,files/p10/p10000032/s50414267/02aa-1.jpg,1,2,10,12,32,32')

    def _make_nih(self):
        self.nih = dict(
            Data_Entry_2017=_lines('Image Index,Finding Labels,Patient ID,View Position',
                                   'a.png,Cardiomegaly|Effusion,1,PA', 'b.png,No Finding,2,AP'),
            BBox_List_2017=_lines('Image Index,Finding Label,Bbox [x,y,w,h],,,',
                                  'a.png,Cardiomegaly,1,2,300,400.5,,,', 'a.png,Effusion,5,6,70,80,,,'))
        self.own = dict(
            table=_lines('image_id,patient_id,split,Cardiomegaly,Effusion', 'a,p1,train,1,0', 'b,p2,test,0,'),
            boxes=_lines('image_id,class_name,x_min,y_min,x_max,y_max,rad_id', 'a,Cardiomegaly,1,2,30,31,R1',
                         'b,Effusion,1,2,3,4,R2'))
        for i in 'ab':
            self._picture(self.d/'n'/'images'/f'{i}.png')

    def _make_masks(self):
        import torch

        from cxr_weakloc.films import rle_encode
        self.mask = torch.rand(20, 30, generator=torch.Generator().manual_seed(0)) > .5
        self.code = code = rle_encode(self.mask)
        self.chexmask = _lines('image_id,Dice RCA (Mean),Landmarks,Left Lung,Right Lung,Heart,Height,Width',
                               *(f'{i},0.9,,{code},{code},{code},20,30' for i in 'ab'))
        self.masktable = _lines('image_id,class_name,rle,height,width', f'a,Cardiomegaly,{code},20,30',
                                f'b,Pleural effusion,{code},20,30')

    def _make_studies(self):
        import pandas as pd

        from cxr_weakloc.data import BOX, Studies, save_studies
        films = pd.DataFrame(dict(study_id='x', patient_id='x', split='', view='', path='a.dicom'),
                             index=pd.Index(['x'], name='image_id'))
        boxes = pd.DataFrame([('x', 'Cardiomegaly', 'R1', 1., 2., 3., 4.)],
                             columns=['image_id', 'finding', 'reader', *BOX])
        labels = pd.DataFrame({'Cardiomegaly': [1.]}, index=films.index)
        save_studies(Studies('One', self.d/'v'/'train', films, labels, boxes), self.d/'saved')
        self.saved = {p.name: p.read_bytes() for p in (self.d/'saved').iterdir()}
        image = dict(id=1, file_name='a.png', width=9, height=9)
        box = dict(image_id=1, category_id=1, bbox=[1, 1, 2, 2])
        self.coco = json.dumps(dict(
            images=[image], categories=[dict(id=1, name='Cardiomegaly')], annotations=[box])).encode()

    # each reader also checks that what it returns is sound

    def read_film(self, data, how):
        import torch

        from cxr_weakloc.films import film_size, read_film, read_square
        path = self.d/'f.dcm'
        path.write_bytes(data)
        if how == 'size':
            return film_size(path)
        if how == 'square':
            return read_square(path, 16)
        film = read_film(path, body_part=None, frame=0)
        assert film.pixels.ndim == 2 and bool(torch.isfinite(film.pixels).all())
        assert 0 <= float(film.pixels.min()) and float(film.pixels.max()) <= 1

    def check(self, studies):
        import numpy as np

        from cxr_weakloc.core import safe_join
        from cxr_weakloc.data import BOX
        films, labels = studies.films, studies.labels.to_numpy(float)
        assert films.index.is_unique and studies.labels.index.equals(films.index)
        boxes = studies.boxes[BOX].to_numpy(float)
        assert np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all() and (boxes >= 0).all()
        assert studies.boxes.image_id.isin(films.index).all()
        assert np.isin(labels[~np.isnan(labels)], (-1, 0, 1)).all()
        for i in studies.ids[:2]:
            safe_join(studies.root, films.path[i])

    def lay(self, folder, tables, broken, data, suffix='.csv'):
        "Write the tables into a folder, one of them broken"
        for name, whole in tables.items():
            (folder/f'{name}{suffix}').write_bytes(data if name == broken else whole)

    def read_vindr(self, broken, data, **kw):
        from cxr_weakloc.data import load_vindr
        self.lay(self.d/'v'/'annotations', self.vindr, broken, data, '_train.csv')
        self.check(load_vindr(self.d/'v', 'train', progress=False, **kw))

    def read_mimic(self, broken, data):
        from cxr_weakloc.data import GUARD_WORD, load_mimic, stream_pairs
        named = {f'mimic-cxr-2.0.0-{name}': whole for name, whole in self.mimic.items()}
        self.lay(self.d/'m', named, f'mimic-cxr-2.0.0-{broken}', data)
        studies = load_mimic(self.d/'m', progress=False, keep_out=(), findings='all')
        self.check(studies)
        list(stream_pairs(studies.unlock(GUARD_WORD)))

    def read_nih(self, broken, data):
        from cxr_weakloc.data import load_nih
        self.lay(self.d/'n', self.nih, broken, data)
        self.check(load_nih(self.d/'n', progress=False))

    def read_own(self, broken, data):
        from cxr_weakloc.data import load_folder
        self.lay(self.d, self.own, broken, data)
        self.check(load_folder(self.d/'n'/'images', self.d/'table.csv', self.d/'boxes.csv', progress=False))

    def read_chexmask(self, data, name):
        from cxr_weakloc.data import CheXmask
        (self.d/name).write_bytes(data)
        masks = CheXmask(self.d/name)
        for i in masks.ids[:2]:
            masks.get(i, (20, 30))

    def read_masktable(self, data):
        from cxr_weakloc.data import MaskTable
        (self.d/'mt.csv').write_bytes(data)
        masks = MaskTable(self.d/'mt.csv')
        for i in list(masks.rows)[:2]:
            masks.get(i, (20, 30))

    def read_saved(self, broken, data):
        from cxr_weakloc.data import load_studies
        self.lay(self.d/'saved', self.saved, broken, data, '')
        repr(load_studies(self.d/'saved'))

    def read_in(self, name, data, read):
        "Write the bytes to a file, and read it"
        (self.d/name).write_bytes(data)
        return read(self.d/name)

    def case(self, r):
        "A broken input"
        shares = [share for share, _ in KINDS.values()]
        name = list(KINDS)[r.choice(len(KINDS), p=[s/sum(shares) for s in shares])]
        data, read = KINDS[name][1](self, r)
        return Case(name, data, read)


# ---- the kinds

def _how(r):
    return str(r.choice(('film', 'square', 'size'), p=(.6, .3, .1)))


@kind('DICOM header', .46)
def _(readers, r):
    whole, head = one_of(readers.films, r)
    data, how = mutate(whole, r, head), _how(r)
    return data, lambda: readers.read_film(data, how)


@kind('DICOM elements', .10)
def _(readers, r):
    data, how = mutate_elements(one_of(readers.films, r)[0], r), _how(r)
    return data, lambda: readers.read_film(data, how)


@kind('DICOM pixels', .06)
def _(readers, r):
    data = mutate(one_of(readers.films, r)[0], r)
    return data, lambda: readers.read_film(data, 'film')


@kind('picture', .04)
def _(readers, r):
    data = mutate(one_of(readers.pictures, r), r)
    return data, lambda: readers.read_film(data, 'square' if len(data) % 2 else 'film')


def table_kind(name, share, tables, read):
    "Register a kind of which one of several tables is broken"
    @kind(name, share)
    def _(readers, r):
        whole = getattr(readers, tables)
        broken = one_of(list(whole), r)
        data = (mutate if name == 'Parquet' else damage)(whole[broken], r)
        return data, lambda: getattr(readers, read)(broken, data)


table_kind('VinDr table', .08, 'vindr', 'read_vindr')
table_kind('MIMIC table', .06, 'mimic', 'read_mimic')
table_kind('NIH table', .03, 'nih', 'read_nih')
table_kind('own table', .03, 'own', 'read_own')
table_kind('Parquet', .015, 'saved', 'read_saved')


@kind('CheXmask table', .03)
def _(readers, r):
    packed = str(r.choice(('no', 'broken', 'whole'), p=(.6, .2, .2)))
    if packed == 'broken':
        data = mutate(gzip.compress(readers.chexmask), r)
    else:
        data = damage(readers.chexmask, r)
        data = gzip.compress(data) if packed == 'whole' else data
    return data, lambda: readers.read_chexmask(data, 'c.csv' if packed == 'no' else 'c.csv.gz')


@kind('mask table', .02)
def _(readers, r):
    data = damage(readers.masktable, r)
    return data, lambda: readers.read_masktable(data)


@kind('MS-CXR table', .01)
def _(readers, r):
    from cxr_weakloc.data import load_mscxr
    data = damage(readers.mscxr, r)

    def read(path):
        readers.check(load_mscxr(path, readers.d/'m', progress=False))
    return data, lambda: readers.read_in('ms.csv', data, read)


@kind('table of sizes', .01)
def _(readers, r):
    data = damage(readers.sizes, r)
    return data, lambda: readers.read_in('sz.csv', data, lambda path: readers.read_vindr('', b'', sizes=path))


@kind('run-length code', .01)
def _(readers, r):
    from cxr_weakloc.films import rle_decode
    whole = readers.code.encode()
    data = mutate(whole, r) if r.random() < .6 else whole.replace(b' 1 ', b' 2 ', 1)
    dialect = one_of(('chexmask', 'kaggle', 'siim'), r)
    return data, lambda: rle_decode(data.decode('latin1'), 20, 30, dialect)


@kind('COCO mask', .01)
def _(readers, r):
    from cxr_weakloc.films import coco_decode, coco_encode
    whole = coco_encode(readers.mask)
    data = (mutate if r.random() < .5 else one_letter)(whole['counts'].encode(), r)
    return data, lambda: coco_decode(dict(size=whole['size'], counts=data.decode('latin1')))


@kind('COCO file', .01)
def _(readers, r):
    from cxr_weakloc.data import from_coco
    data = (mutate if r.random() < .5 else one_letter)(readers.coco, r)
    return data, lambda: readers.read_in('c.json', data, lambda path: from_coco(path, readers.d))


@kind('OpenI report', .01)
def _(readers, r):
    from cxr_weakloc.data import load_openi
    data = mutate(readers.xml, r)
    return data, lambda: readers.read_in('o/1.xml', data, lambda path: load_openi(path.parent, progress=False))


@kind('report', .015)
def _(readers, r):
    from cxr_weakloc.data import caption, report_sections
    data = mutate(readers.report, r)
    return data, lambda: caption(report_sections(data.decode('utf-8', 'replace')))


# ---- the process that reads

def status(key):
    "A line of /proc/self/status, in bytes"
    with open('/proc/self/status') as f:
        return int(next(line for line in f if line.startswith(key)).split()[1])*1024


def warm_up(readers):
    "Read inputs of all kinds: what is loaded and compiled at the first use belongs to no case"
    import numpy as np
    for i in range(120):
        with contextlib.suppress(BaseException):
            readers.case(np.random.default_rng([10**6, i])).read()


def outcome_of(read):
    "(what happened, its message) of one case"
    from cxr_weakloc.core import BadInput
    try:
        read()
        return 'used', ''
    except BadInput as e:
        greedy = 'more pixels than memory' in str(e) or isinstance(e.__cause__, MemoryError)
        return 'OUT OF MEMORY' if greedy else 'rejected', str(e)[:120]
    except MemoryError:
        return 'OUT OF MEMORY', ''
    except BaseException as e:
        return f'CRASH {type(e).__name__}', str(e)[:120]


def measured(case):
    "(what happened, its message, seconds, bytes) of one case"
    with open('/proc/self/clear_refs', 'w') as f:
        f.write('5')   # the peak counts anew
    before, start = status('VmRSS'), time.perf_counter()
    how, said = outcome_of(case.read)
    seconds, room = time.perf_counter() - start, max(0, status('VmHWM') - before)
    if room > ROOM and how in ('used', 'rejected'):
        how = f'{room/2**20:.0f} MiB'
    return how, said, seconds, room


def work(folder, seed, first, n):
    "A line before and after each case, to whoever watches"
    import numpy as np
    import torch
    warnings.simplefilter('ignore')
    torch.set_num_threads(1)
    watcher, sys.stdout = sys.stdout, open(os.devnull, 'w')

    def tell(*words):
        print(json.dumps(words), file=watcher, flush=True)

    readers = Readers(Path(folder))
    warm_up(readers)
    room = status('VmSize') + 8*ROOM   # the machine is to survive what the case does not
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    for i in range(first, n):
        case = SELF[i] if seed < 0 else readers.case(np.random.default_rng([seed, i]))
        tell('start', i, case.kind)
        tell('end', i, case.kind, *measured(case))
    tell('done')


# ---- does the watcher see what it is there for?

def _hog():
    return bytearray(os.urandom(2**20))*1500   # written, not only reserved


def _segfault():
    ctypes.string_at(0)


def _asleep():
    ctypes.CDLL(None).sleep(600)   # in C, where no handler of Python's runs


def _wrong():
    raise KeyError('x')


def _fine():
    pass


SELF = [Case(f.__name__[1:], b'', f) for f in (_fine, _wrong, _segfault, _asleep, _hog, _fine)]


def check():
    with contextlib.redirect_stdout(io.StringIO()) as out:
        rc = main(len(SELF), -1)
    got = out.getvalue()
    wanted = ('wrong            CRASH KeyError', 'segfault         CRASH', 'asleep           HANG',
              'hog              15', 'fine             used           2', 'failures 4')
    missing = [line for line in wanted if line not in got]
    print(got)
    seen = rc and not missing
    print('the watcher sees a crash, a hang in C, memory and an error' if seen else f'NOT SEEN: {missing}')
    return int(not rc or bool(missing))


# ---- the process that watches

@dataclass
class Watch:
    "What happened so far"
    n: int
    at: int = 0                                # number of the next case
    now: tuple = None                          # (number, kind) of the case that is being read
    since: float = 0.                          # when the worker was last heard of
    count: Counter = field(default_factory=Counter)
    bad: list = field(default_factory=list)
    slow: tuple = (0, -1)                      # (seconds, number) of the slowest
    room: tuple = (0, -1)                      # (bytes, number) of the greediest

    def fail(self, how):
        "The case that is being read has failed; go on behind it"
        self.bad.append((*self.now, how, ''))
        self.count[self.now[1], how.split(' (')[0]] += 1
        self.at = self.now[0] + 1

    def hear(self, line):
        "A line of the worker"
        what, *rest = json.loads(line)
        self.since = time.time()
        if what == 'start':
            self.now = tuple(rest)
        elif what == 'end':
            self.end(*rest)
        else:
            self.at = self.n

    def end(self, i, kind, how, said, seconds, room):
        "A case is done"
        self.count[kind, how] += 1
        self.slow, self.room = max(self.slow, (seconds, i)), max(self.room, (room, i))
        self.at, self.now = i + 1, None
        if how not in ('used', 'rejected') or seconds > LIMIT:
            self.bad.append((i, kind, how if seconds <= LIMIT else f'{seconds:.0f} s', said))

    def follow(self, worker):
        "Until the worker ends, or hangs"
        buffer, self.since, self.now = b'', time.time(), None
        while True:
            ready, _, _ = select.select([worker.stdout], [], [], 1)
            new = os.read(worker.stdout.fileno(), 2**16) if ready else None
            *lines, buffer = (buffer + (new or b'')).split(b'\n')
            for line in lines:
                self.hear(line)
            if ready and not new:
                return self.over(worker.wait())
            if self.now and time.time() - self.since > LIMIT + 2:
                self.fail(f'HANG (more than {LIMIT} s)')
                os.killpg(worker.pid, signal.SIGKILL)
                return worker.wait()

    def over(self, rc):
        "The worker has ended"
        if self.now:
            self.fail(f'CRASH (the process ended with {rc})')
        elif self.at < self.n:
            raise SystemExit(f'the process ended with {rc} before a case; run it with --work to see why')

    def tell(self, seconds):
        "The figures; the exit code"
        for (kind, how), c in sorted(self.count.items()):
            print(f'{kind:16} {how:14} {c}')
        kinds = {kind for kind, _ in self.count}
        total = sum(self.count.values())
        print(f'cases {total}\nkinds {len(kinds)}\nfailures {len(self.bad)}\n'
              f'slowest_seconds {self.slow[0]:.2f} (case {self.slow[1]})\n'
              f'most_memory_mib {self.room[0]/2**20:.0f} (case {self.room[1]})\nseconds {seconds:.0f}')
        for one in self.bad[:30]:
            print('FAILED', *one)
        never = {how: [k for k in sorted(kinds - {'report'}) if self.n >= 2000 and not self.count[k, how]]
                 for how in ('used', 'rejected')}
        for how, names in never.items():
            for name in names:
                print(f'{name}: never {how}: is it broken at all?')
        return int(bool(self.bad) or total < self.n or bool(never['rejected']))


def main(n=20000, seed=0):
    watch, start = Watch(n), time.time()
    while watch.at < n:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, '--work', folder, str(seed), str(watch.at), str(n)]
            quiet = dict(stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
            worker = subprocess.Popen(command, **quiet)
            watch.follow(worker)
    return watch.tell(time.time() - start)


def again(i, seed=0):
    "One case, in this process"
    import numpy as np
    with tempfile.TemporaryDirectory() as folder:
        case = Readers(Path(folder)).case(np.random.default_rng([seed, i]))
        kept = Path('fuzz-case')/f'{seed}-{i}'
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(case.data)
        print(f'{case.kind}: {len(case.data)} bytes in {kept}')
        try:
            case.read()
            print('used')
        except BaseException:
            traceback.print_exc()


def command(words):
    if words[:1] == ['--work']:
        return work(words[1], *map(int, words[2:]))
    if words[:1] == ['--case']:
        return again(*map(int, words[1:]))
    if words[:1] == ['--check']:
        return check()
    if words[:1] in (['-h'], ['--help']):
        return print(__doc__)
    return main(*map(int, words))


if __name__ == '__main__':
    sys.exit(command(sys.argv[1:]))
