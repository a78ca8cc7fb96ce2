"""Whoever is named in a DICOM header must not be found in anything that the package writes. Films in which every field that may name or date somebody
holds a marker (used, refused for each reason, damaged in the marked fields themselves) go through the commands of a user, `prepare` and `heatmaps`, with every
logger on; then through tables, COCO, the look and a report. Searched: what was printed and logged, and every byte of every file, unpacked where it is packed."""
import base64, contextlib, gzip, io, json, logging, os, re, shutil, subprocess, sys, tempfile, warnings
from pathlib import Path
import numpy as np, pandas as pd, pydicom
from cxr_weakloc.core import BadInput
from cxr_weakloc.films.images import read_film, save_dicom
from cxr_weakloc.data.schema import save_studies, load_studies, to_coco
from cxr_weakloc.data.vindr import load_vindr
from cxr_weakloc.data.sets import load_folder

MARK,DATES,UID = 'ZYXMARKER', ('19001231','19009999','1900-12-31','31.12.1900'), '1.2.3.987654321'
FIELDS = ('PatientName','PatientID','PatientAddress','PatientTelephoneNumbers','AccessionNumber','InstitutionName','InstitutionAddress','ReferringPhysicianName','PerformingPhysicianName','OtherPatientNames','OtherPatientIDs','StudyID','PatientComments','StudyDescription','SeriesDescription',
          'OperatorsName','RequestingPhysician','PatientMotherBirthName','ProtocolName','StationName','DeviceSerialNumber','ImageComments','AdditionalPatientHistory','RequestedProcedureDescription')
GEN = np.random.default_rng(0)

def marked(path, damage=None, **kw):
    "A film with a marker in every such field; `damage` changes its bytes"
    save_dicom(path, GEN.integers(0, 4096, (60,50)), **kw); ds = pydicom.dcmread(path)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for k in FIELDS: setattr(ds, k, MARK)
        for k in ('PatientBirthDate','StudyDate','SeriesDate','AcquisitionDate','ContentDate'): setattr(ds, k, '19001231')
        for k in ('StudyInstanceUID','SeriesInstanceUID'): setattr(ds, k, UID)
        ds.add_new(0x00091001, 'LO', MARK); ds.save_as(path)
    if damage: path.write_bytes(damage(path.read_bytes()))

def broken_name(b): b = bytearray(b); i = b.find(b'PN', 300); b[i+2:i+4] = b'\xff\xff'; return bytes(b)
def value_of(k): return lambda b: b.replace(*k)
KINDS = dict(used=(None, {}), inverted=(None, dict(monochrome1=True)), ct=(None, dict(Modality='CT')), ankle=(None, dict(BodyPartExamined='ANKLE')), name_as_part=(None, dict(BodyPartExamined='HAND')), cut=(lambda b: b[:-3000], {}), name=(broken_name, {}), date=(value_of((b'19001231', b'19009999')), {}),
             no_header=(lambda b: b[132 + 12 + int.from_bytes(b[140:144], 'little'):], {}), preamble=(lambda b: MARK.encode()*14 + b[126:], {}), garbled=(lambda b: b[:500] + MARK.encode()*20 + b[500:], {}), number=(value_of((b'IS\4\0', b'IS\x02\0')), {}), rows=(lambda b: b.replace(b'\x28\0\x10\0US\2\0', b'\x28\0\x10\0LO\2\0'), {}))

def everything(*places):
    "The bytes of all files, and of what is packed in them: gzip, Parquet, data: URLs, numbers as text"
    out = []
    for p in (q for o in places for q in ([o] if o.is_file() else sorted(o.rglob('*'))) if q.is_file()):
        b = p.read_bytes(); out += [b, p.name.encode()]
        if b[:2] == b'\x1f\x8b': out.append(gzip.decompress(b))
        if p.suffix == '.parquet': out.append(pd.read_parquet(p).to_csv().encode())
        if p.suffix in ('.html','.svg'): out += [base64.b64decode(m) for m in re.findall(rb'base64,([A-Za-z0-9+/=]+)', b)]
    return b'\n'.join(out)

def assert_clean(data, where):
    for w in (MARK, *DATES, UID):
        for form in (w.encode(), w.encode('utf-16-le'), w.lower().encode(), base64.b64encode(w.encode())[:12]): assert form not in data, f'{w!r} in {where}: ...{data[max(0, data.index(form)-80):data.index(form)+40]!r}'

def command(*args):
    "`cxr-weakloc` in a process of its own, every logger at its most talkative (but for pydicom.config.debug, which exists to print a file's bytes); what it said"
    code = "import sys, logging, warnings; logging.basicConfig(level=1, stream=sys.stdout); logging.getLogger('pydicom').setLevel(1); warnings.simplefilter('always'); from cxr_weakloc.cli import main; sys.exit(main(sys.argv[1:]))"
    p = subprocess.run([sys.executable, '-c', code, *map(str, args)], capture_output=True, env={**os.environ, 'OMP_NUM_THREADS':'1', 'MPLBACKEND':'agg', 'HF_HUB_OFFLINE':'1'}); return p.returncode, p.stdout+p.stderr

def tree(d):
    "A folder of marked films of every kind, and a VinDr-CXR tree of the same"
    f = d/'films'; v = d/'vindr'; (v/'annotations').mkdir(parents=True); ids = list(KINDS)
    for i,(damage,kw) in KINDS.items():
        for p in (f/f'{i}.dcm', v/'train'/f'{i}.dicom'): marked(p, damage, **kw)
    (v/'annotations'/'annotations_train.csv').write_text('image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n' + ''.join(f'{i},R{k},Cardiomegaly,10,20,40,4{k}\n' for i in ids for k in range(3)))
    (v/'annotations'/'image_labels_train.csv').write_text('image_id,rad_id,Cardiomegaly,Pleural effusion\n' + ''.join(f'{i},R{k},1,0\n' for i in ids for k in range(3))); return f,v

def test_the_marker_is_there():
    with tempfile.TemporaryDirectory() as o:
        f,v = tree(Path(o))
        for p in f.iterdir(): assert p.read_bytes().count(MARK.encode()) >= len(FIELDS)-4, p.name
        try: assert_clean(everything(f), 'the films'); raise SystemExit('the search finds nothing in marked films')
        except AssertionError: pass

def test_commands_name_nobody():
    with tempfile.TemporaryDirectory() as o:
        d = Path(o); f,v = tree(d)
        for k,root in (('films',f), ('vindr',v)):
            rc,said = command('prepare', root, '--out', d/'out'/k, '--size', 32, '--workers', 1); assert rc == 0, said[-2000:]; assert b'films used' in said and b'set aside' in said; assert_clean(said, f'what prepare {k} says')
        names = {p.name for p in (d/'out').rglob('*')}; assert {'look.html','rejected.csv','index.parquet','cache.json','shard-00000.safetensors'} <= names; assert_clean(everything(d/'out'), 'cache, look and list')
        rc,said = command('heatmaps', f, '--out', d/'maps', '--workers', 0, '--png'); assert rc == 0, said[-2000:]; assert_clean(said, 'what heatmaps says'); assert_clean(everything(d/'maps'), 'store, probabilities and overlays'); assert list((d/'maps').glob('overlays/*.png'))

def test_tables_and_pages_name_nobody():
    from cxr_weakloc.data.intake import write_intake
    with tempfile.TemporaryDirectory() as o:
        d = Path(o); f,v = tree(d); out = d/'out'; out.mkdir(); log = io.StringIO(); h = logging.StreamHandler(log); root = logging.getLogger(); was = root.level; root.addHandler(h); root.setLevel(1)
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), warnings.catch_warnings():
                warnings.simplefilter('always')
                for k,s in (('films', load_folder(f)), ('vindr', load_vindr(v, 'train'))):
                    for i in s.ids:
                        try: print(i, s.read(i), s.read(i).meta)
                        except BadInput as e: print(i, repr(e), e, e.__cause__ and type(e.__cause__).__name__)
                    s.sizes(); save_studies(s, out/k); print(load_studies(out/k)); (out/f'{k}.json').write_text(json.dumps(to_coco(s))); write_intake(s, out/f'{k}.html'); print(s, s.rejected.frame().to_string(), s.mended.summary())
        finally: root.removeHandler(h); root.setLevel(was)
        said = log.getvalue(); assert 'modality CT' in said and 'body part ANKLE' in said and said.count('Film 60 x 50') >= 2; assert_clean(said.encode(), 'what was said'); assert_clean(everything(out), 'tables and pages')

if __name__ == '__main__': test_the_marker_is_there(); test_commands_name_nobody(); test_tables_and_pages_name_nobody(); print('nobody was named')
