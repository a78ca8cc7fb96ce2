"""Whoever is named in a DICOM header must not be found in anything that the package writes. Films in which every field
that may name or date somebody holds a marker (used, refused for each reason, damaged in the marked fields themselves)
go through the commands of a user, `prepare` and `heatmaps`, with every logger on; then through tables, COCO, the look
and a report. Searched: what was printed and logged, and every byte of every file, unpacked where it is packed."""
import base64
import contextlib
import gzip
import io
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom

from cxr_weakloc.core import BadInput
from cxr_weakloc.data import load_folder, load_studies, load_vindr, save_studies, to_coco
from cxr_weakloc.films import save_dicom

MARK = 'ZYXMARKER'
DATES = ('19001231', '19009999', '1900-12-31', '31.12.1900')
UID = '1.2.3.987654321'
FIELDS = (
    'PatientName', 'PatientID', 'PatientAddress', 'PatientTelephoneNumbers', 'AccessionNumber', 'InstitutionName',
    'InstitutionAddress', 'ReferringPhysicianName', 'PerformingPhysicianName', 'OtherPatientNames', 'OtherPatientIDs',
    'StudyID', 'PatientComments', 'StudyDescription', 'SeriesDescription', 'OperatorsName', 'RequestingPhysician',
    'PatientMotherBirthName', 'ProtocolName', 'StationName', 'DeviceSerialNumber', 'ImageComments',
    'AdditionalPatientHistory', 'RequestedProcedureDescription',
)
DATE_FIELDS = ('PatientBirthDate', 'StudyDate', 'SeriesDate', 'AcquisitionDate', 'ContentDate')
UID_FIELDS = ('StudyInstanceUID', 'SeriesInstanceUID')
GEN = np.random.default_rng(0)


def marked(path, damage=None, **kw):
    "A film with a marker in every such field; `damage` changes its bytes"
    save_dicom(path, GEN.integers(0, 4096, (60, 50)), **kw)
    ds = pydicom.dcmread(path)
    values = dict.fromkeys(FIELDS, MARK) | dict.fromkeys(DATE_FIELDS, DATES[0]) | dict.fromkeys(UID_FIELDS, UID)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for name, value in values.items():
            setattr(ds, name, value)
        ds.add_new(0x00091001, 'LO', MARK)
        ds.save_as(path)
    if damage:
        path.write_bytes(damage(path.read_bytes()))


def broken_name(b):
    "The name's length said to be more than there is"
    b = bytearray(b)
    i = b.find(b'PN', 300)
    b[i+2:i+4] = b'\xff\xff'
    return bytes(b)


def without_header(b):
    "The file's meta information taken out"
    return b[132 + 12 + int.from_bytes(b[140:144], 'little'):]


def changed(old, new):
    "A change of the file's bytes"
    return lambda b: b.replace(old, new)


KINDS = dict(       # a film of each kind: (damage, elements)
    used=(None, {}),
    inverted=(None, dict(monochrome1=True)),
    ct=(None, dict(Modality='CT')),
    ankle=(None, dict(BodyPartExamined='ANKLE')),
    name_as_part=(None, dict(BodyPartExamined='HAND')),
    cut=(lambda b: b[:-3000], {}),
    name=(broken_name, {}),
    date=(changed(b'19001231', b'19009999'), {}),
    no_header=(without_header, {}),
    preamble=(lambda b: MARK.encode()*14 + b[126:], {}),
    garbled=(lambda b: b[:500] + MARK.encode()*20 + b[500:], {}),
    number=(changed(b'IS\4\0', b'IS\x02\0'), {}),
    rows=(changed(b'\x28\0\x10\0US\2\0', b'\x28\0\x10\0LO\2\0'), {}),
)


def files_in(*places):
    return [p for place in places for p in ([place] if place.is_file() else sorted(place.rglob('*'))) if p.is_file()]


def everything(*places):
    "The bytes of all files, and of what is packed in them: gzip, Parquet, data: URLs"
    out = []
    for p in files_in(*places):
        content = p.read_bytes()
        out += [content, p.name.encode()]
        if content[:2] == b'\x1f\x8b':
            out.append(gzip.decompress(content))
        if p.suffix == '.parquet':
            out.append(pd.read_parquet(p).to_csv().encode())
        if p.suffix in ('.html', '.svg'):
            out += [base64.b64decode(m) for m in re.findall(rb'base64,([A-Za-z0-9+/=]+)', content)]
    return b'\n'.join(out)


def assert_clean(data, where):
    "None of the markers is in `data`, in no way of writing it"
    for word in (MARK, *DATES, UID):
        plain = word.encode()
        for form in (plain, word.encode('utf-16-le'), plain.lower(), base64.b64encode(plain)[:12]):
            if form in data:
                at = data.index(form)
                raise AssertionError(f'{word!r} in {where}: ...{data[max(0, at-80):at+40]!r}')


def command(*args):
    """(exit code, what it said) of `cxr-weakloc` in a process of its own, every logger at its most talkative (but for
    pydicom.config.debug, which exists to print a file's bytes)"""
    code = '''
import sys, logging, warnings
logging.basicConfig(level=1, stream=sys.stdout)
logging.getLogger('pydicom').setLevel(1)
warnings.simplefilter('always')
from cxr_weakloc.cli import main
sys.exit(main(sys.argv[1:]))
'''
    quiet = {'OMP_NUM_THREADS': '1', 'MPLBACKEND': 'agg', 'HF_HUB_OFFLINE': '1'}
    done = subprocess.run([sys.executable, '-c', code, *map(str, args)], capture_output=True, env=os.environ | quiet)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-2000:]
    assert_clean(said, f'what {args[0]} {args[1].name} says')
    return said


def tree(d):
    "A folder of marked films of every kind, and a VinDr-CXR tree of the same"
    folder, vindr = d/'films', d/'vindr'
    (vindr/'annotations').mkdir(parents=True)
    for i, (damage, kw) in KINDS.items():
        for p in (folder/f'{i}.dcm', vindr/'train'/f'{i}.dicom'):
            marked(p, damage, **kw)
    boxes = [f'{i},R{k},Cardiomegaly,10,20,40,4{k}\n' for i in KINDS for k in range(3)]
    labels = [f'{i},R{k},1,0\n' for i in KINDS for k in range(3)]
    for name, header, rows in (
        ('annotations', 'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n', boxes),
        ('image_labels', 'image_id,rad_id,Cardiomegaly,Pleural effusion\n', labels),
    ):
        (vindr/'annotations'/f'{name}_train.csv').write_text(header + ''.join(rows))
    return folder, vindr


@contextlib.contextmanager
def overheard():
    "All that is printed, logged or warned of, in one text"
    log = io.StringIO()
    handler, root = logging.StreamHandler(log), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), warnings.catch_warnings():
            warnings.simplefilter('always')
            yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def tell_all(studies, out):
    "Say and write of these studies all that the package can"
    from cxr_weakloc.data import write_intake
    for i in studies.ids:
        try:
            print(i, studies.read(i), studies.read(i).meta)
        except BadInput as e:
            print(i, repr(e), e, e.__cause__ and type(e.__cause__).__name__)
    studies.sizes()
    save_studies(studies, out)
    print(load_studies(out))
    out.with_suffix('.json').write_text(json.dumps(to_coco(studies)))
    write_intake(studies, out.with_suffix('.html'))
    print(studies, studies.rejected.frame().to_string(), studies.mended.summary())


def test_the_marker_is_there():
    with tempfile.TemporaryDirectory() as o:
        folder, _ = tree(Path(o))
        for p in folder.iterdir():
            assert p.read_bytes().count(MARK.encode()) >= len(FIELDS)-4, p.name
        try:
            assert_clean(everything(folder), 'the films')
        except AssertionError:
            return
        raise SystemExit('the search finds nothing in marked films')


def test_commands_name_nobody():
    with tempfile.TemporaryDirectory() as o:
        d = Path(o)
        folder, vindr = tree(d)
        for root in (folder, vindr):
            said = command('prepare', root, '--out', d/'out'/root.name, '--size', 32, '--workers', 1)
            assert b'films used' in said and b'set aside' in said
        names = {p.name for p in (d/'out').rglob('*')}
        assert {'look.html', 'rejected.csv', 'index.parquet', 'cache.json', 'shard-00000.safetensors'} <= names
        assert_clean(everything(d/'out'), 'cache, look and list')
        command('heatmaps', folder, '--weights', 'phantom', '--out', d/'maps', '--workers', 0, '--png')
        assert_clean(everything(d/'maps'), 'store, probabilities and overlays')
        assert list((d/'maps').glob('overlays/*.png'))


def test_tables_and_pages_name_nobody():
    with tempfile.TemporaryDirectory() as o:
        d = Path(o)
        folder, vindr = tree(d)
        out = d/'out'
        out.mkdir()
        with overheard() as log:
            tell_all(load_folder(folder), out/'films')
            tell_all(load_vindr(vindr, 'train'), out/'vindr')
        said = log.getvalue()
        assert 'modality CT' in said and 'body part ANKLE' in said and said.count('Film 60 x 50') >= 2
        assert_clean(said.encode(), 'what was said')
        assert_clean(everything(out), 'tables and pages')


if __name__ == '__main__':
    test_the_marker_is_there()
    test_commands_name_nobody()
    test_tables_and_pages_name_nobody()
    print('nobody was named')
