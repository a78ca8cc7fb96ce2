"""Distinct malformed inputs (DICOM, image, table, mask, report), each of which must end in a rejection that names what
is wrong: `CASES` lists them with the words that must be in it. A case that is accepted, or that ends in anything but a
`BadInput`, fails. Run alone: .ci/test_nbs.py malformed"""
import gzip
import io
import os
import pickle
import struct
import tempfile
import warnings
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pydicom
import torch
from PIL import Image
from pydicom.data import get_testdata_file

from cxr_weakloc.core import BadInput, safe_join
from cxr_weakloc.data import (
    Cache, CheXmask, MaskFolder, MaskTable, MimicPlaces, Studies, chexlocalize_map, from_coco, load_chexlocalize,
    load_folder, load_imagenome, load_mimic, load_mscxr, load_nih, load_openi, load_padchest_gr, load_reflacx,
    load_siim, load_studies, load_vindr, may_choose, open_studies, prepare_cache, save_studies,
)
from cxr_weakloc.films import (
    Geometry, coco_decode, film_size, polygon_mask, read_film, read_square, rle_decode, rle_encode, save_dicom,
)

warnings.simplefilter('ignore')
RAMP = np.arange(4096).reshape(64, 64)
CASES = []      # (title, words, function of a fresh folder that makes the input and reads it)


def each(kind, table):
    "Short cases: {title: (words, function)}"
    for title, (words, f) in table.items():
        CASES.append((f'{kind}: {title}', words, f))


def case(kind, title, words):
    "A longer case: the decorated function of a fresh folder"
    def add(f):
        CASES.append((f'{kind}: {title}', words, f))
        return f
    return add


def wrote(path, content):
    "`path`, with a text or bytes in it"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# ---- DICOM
def dcm(d, change=None, raw=None, **kw):
    "A small film whose data set `change`s, whose bytes go through `raw`"
    p = d/'x.dcm'
    save_dicom(p, RAMP, **kw)
    if change is not None:
        ds = pydicom.dcmread(p)
        change(ds)
        ds.save_as(p)
    if raw is not None:
        p.write_bytes(raw(p.read_bytes()))
    return read_film(p)


def put(**elements):
    "A change of a data set: elements set, or taken out (None)"
    def change(ds):
        for name, value in elements.items():
            if value is None:
                delattr(ds, name)
            else:
                setattr(ds, name, value)
    return change


def patch_us(tag, value):
    "A change of the file's bytes: an unsigned short"
    head = struct.pack('<HH', *tag) + b'US\2\0'

    def change(b):
        i = b.index(head) + 8
        return b[:i] + struct.pack('<H', value) + b[i+2:]
    return change


def compressed():
    "A real film in JPEG 2000"
    return Path(get_testdata_file('RG1_J2KR.dcm', download=False)).read_bytes()


def codestream(change):
    "That film after `change(bytes, where the codestream begins)`"
    b = compressed()
    return change(b, b.index(b'\xff\x4f\xff\x51'))


def raw_film(d, b):
    return read_film(wrote(d/'x.dcm', b))


def deflated(content):
    "A change of the file's bytes: an empty header in the deflated syntax, with `content` behind it"
    def change(b):
        meta = pydicom.dataset.FileMetaDataset()
        meta.TransferSyntaxUID = '1.2.840.10008.1.2.1.99'
        meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.1.1'
        meta.MediaStorageSOPInstanceUID = '1.2.3'
        o = io.BytesIO()
        o.write(b'\0'*128 + b'DICM')
        pydicom.filewriter.write_file_meta_info(o, meta)
        return o.getvalue() + content()
    return change


def bomb():
    "640 MiB of zeros, deflated"
    c = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b''.join(c.compress(bytes(2**24)) for _ in range(40)) + c.flush()


PREAMBLE = b'\0'*128 + b'DICM'
each('DICOM', {
    'empty file': ('the file is empty', lambda d: raw_film(d, b'')),
    'no such file': ('no such file', lambda d: read_film(d/'none.dcm')),
    'a folder': ('a folder where a file', lambda d: read_film(d)),
    'preamble only': ('cut off', lambda d: raw_film(d, PREAMBLE)),
    'preamble and noise': ('x.dcm: ', lambda d: raw_film(d, PREAMBLE + np.random.default_rng(0).bytes(5000))),
    'noise': ('x.dcm: ', lambda d: raw_film(d, np.random.default_rng(1).bytes(5000))),
    'a web page': ('neither DICOM nor an image', lambda d: raw_film(d, b'<html>please log in</html>'*30)),
    'no pixel data': ('without pixels', lambda d: dcm(d, put(PixelData=None))),
    'empty pixel data': ('without pixels', lambda d: dcm(d, put(PixelData=b''))),
    'pixels cut off': ('cut off', lambda d: dcm(d, put(PixelData=RAMP.astype('<u2').tobytes()[:4000]))),
    'file cut off in the pixels': ('cut off', lambda d: dcm(d, raw=lambda b: b[:-3000])),
    'file cut off in the header': ('x.dcm: ', lambda d: dcm(d, raw=lambda b: b[:420])),
    'no rows': ('without an image size', lambda d: dcm(d, put(Rows=None))),
    'zero columns': ('without an image size', lambda d: dcm(d, put(Columns=0))),
    'more pixels than any detector': ('more than any detector', lambda d: dcm(d, put(Rows=65535, Columns=65535))),
    'rows larger than the pixels': ('cut off', lambda d: dcm(d, put(Rows=80))),
    'one row': ('not a film', lambda d: dcm(d, put(Rows=1, Columns=4096))),
    'two frames': ('2 frames', lambda d: dcm(d, put(NumberOfFrames=2))),
    'CT': ('modality CT', lambda d: dcm(d, Modality='CT')),
    'MR': ('modality MR', lambda d: dcm(d, Modality='MR')),
    'ultrasound': ('modality US', lambda d: dcm(d, Modality='us ')),
    'mammogram': ('modality MG', lambda d: dcm(d, Modality='MG')),
    'structured report': ('modality SR', lambda d: dcm(d, Modality='SR')),
    'segmentation': ('modality SEG', lambda d: dcm(d, Modality='SEG')),
    'ankle': ('body part ANKLE', lambda d: dcm(d, BodyPartExamined='ANKLE')),
    'the real ankle': ('body part EXTREMITY', lambda d: read_film(get_testdata_file('RG3_UNCR.dcm', download=False))),
    'one grey': ('same value', lambda d: dcm(d, put(PixelData=b'\7\0'*4096))),
    'a colour picture': ('colour picture', lambda d: read_film(get_testdata_file('SC_rgb_rle.dcm', download=False))),
    '70 bits stored': ('x.dcm: ', lambda d: dcm(d, raw=patch_us((0x28, 0x101), 70))),
    'zero bits stored': ('bits stored', lambda d: dcm(d, raw=patch_us((0x28, 0x101), 0))),
    '24 bits allocated': ('x.dcm: ', lambda d: dcm(d, raw=patch_us((0x28, 0x100), 24))),
    'three samples, pixels for one': (
        'x.dcm: ', lambda d: dcm(d, put(SamplesPerPixel=3, PhotometricInterpretation='RGB'))),
    'palette without a palette': ('x.dcm: ', lambda d: dcm(d, put(PhotometricInterpretation='PALETTE COLOR'))),
    'compressed pixels cut off': ('x.dcm: ', lambda d: raw_film(d, compressed()[:2_000_000])),
    'compressed pixels without their end': (
        'cut off', lambda d: raw_film(d, compressed().replace(b'\xff\xd9', b'\xff\xd8'))),
    'deflated noise': ('deflated', lambda d: dcm(d, raw=deflated(lambda: b'\xff'*500))),
    'a deflated bomb': ('beyond all size', lambda d: dcm(d, raw=deflated(bomb))),
})


@case('DICOM', 'a named pipe', 'no ordinary file')
def _(d):
    os.mkfifo(d/'p')
    read_film(d/'p')


@case('DICOM', 'float pixels', 'floating-point')
def _(d):
    def change(ds):
        del ds.PixelData
        ds.add_new(0x7fe00008, 'OF', RAMP.astype('<f4').tobytes())
    dcm(d, change)


@case('DICOM', 'a frame that is not there', 'no frame 3')
def _(d):
    save_dicom(d/'x.dcm', RAMP)
    read_film(d/'x.dcm', frame=3)


@case('DICOM', 'compressed pixels of another size', 'the header says')
def _(d):
    raw_film(d, codestream(lambda b, i: b[:i+8] + struct.pack('>II', 100, 100) + b[i+16:]))


@case('DICOM', 'a codestream of noise', 'x.dcm: ')
def _(d):
    raw_film(d, codestream(lambda b, i: b[:i+400] + np.random.default_rng(2).bytes(len(b)-i-500) + b[-100:]))


@case('DICOM', 'video', 'x.dcm: ')
def _(d):
    b = compressed().replace(b'1.2.840.10008.1.2.4.90', b'1.2.840.10008.1.2.4.10')
    raw_film(d, b.replace(b'\xff\x4f\xff\x51', b'\0\0\0\1'))


@case('DICOM', 'header only, as film_size sees it', 'without an image size')
def _(d):
    save_dicom(d/'x.dcm', RAMP)
    ds = pydicom.dcmread(d/'x.dcm')
    del ds.Rows
    ds.save_as(d/'x.dcm')
    film_size(d/'x.dcm')


@case('DICOM', 'a film of 1.1 GB', 'too large')
def _(d):
    with open(d/'x.dcm', 'wb') as f:
        f.truncate(1_200_000_000)
    read_film(d/'x.dcm')


# ---- pictures
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
SIGNATURE = b'\x89PNG\r\n\x1a\n'


def encoded(kind, pixels=NOISE):
    "Bytes of a picture"
    o = io.BytesIO()
    Image.fromarray(pixels).save(o, kind)
    return o.getvalue()


def png(pixels=NOISE):
    return encoded('PNG', pixels)


def png_bomb(side):
    "A PNG whose header says that it has a great many pixels"
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0))
    return SIGNATURE + header + chunk(b'IDAT', zlib.compress(b'\0'*1000)) + chunk(b'IEND', b'')


def pic(d, b, name='x.png'):
    return read_film(wrote(d/name, b))


def half(b):
    return b[:len(b)//2]


each('picture', {
    'PNG cut off': ('unreadable image', lambda d: pic(d, half(png()))),
    'JPEG cut off': ('unreadable image', lambda d: pic(d, half(encoded('JPEG')), 'x.jpg')),
    'PNG signature only': ('unreadable image', lambda d: pic(d, SIGNATURE)),
    'PNG with a false checksum': ('unreadable image', lambda d: pic(d, png()[:29] + b'\0\0\0\0' + png()[33:])),
    'PNG bomb': ('more than any detector', lambda d: pic(d, png_bomb(12000))),
    'PNG of 60,000 x 60,000': ('image', lambda d: pic(d, png_bomb(60000))),
    'one grey': ('same value', lambda d: pic(d, png(np.full((9, 9), 7, np.uint8)))),
    'colour': ('colour picture', lambda d: pic(d, png(COLOURS))),
    'one pixel': ('not a film', lambda d: pic(d, png(np.zeros((1, 1), np.uint8)))),
    'a text called .png': (
        'neither DICOM nor an image', lambda d: pic(d, b'this is no picture, but a note to myself '*9)),
    'as read_square sees it': ('unreadable image', lambda d: read_square(wrote(d/'x.png', png()[:99]), 32)),
})


@case('picture', 'animated', 'frames')
def _(d):
    o = io.BytesIO()
    first, second = (Image.fromarray(np.full((9, 9), value, np.uint8)) for value in (0, 1))
    first.save(o, 'TIFF', save_all=True, append_images=[second])
    pic(d, o.getvalue(), 'x.tif')


# ---- VinDr-CXR
ANN = '''image_id,rad_id,class_name,x_min,y_min,x_max,y_max
a,R8,Cardiomegaly,10,20,40,40
a,R9,No finding,,,,
a,R10,Cardiomegaly,11,20,40,41
'''
LAB = '''image_id,rad_id,Cardiomegaly,Pleural effusion,Other diseases,No finding
a,R8,1,0,0,0
a,R9,0,0,0,1
a,R10,1,0,0,0
'''
TEST_ANN = 'image_id,class_name,x_min,y_min,x_max,y_max\n'
TEST_LAB = 'image_id,Cardiomegaly,Pleural effusion\n'
BOXED = '10,20,40,40'       # coordinates of the first box


def vindr(d, ann=ANN, lab=LAB, films=('a',), split='train', **kw):
    "A tree of VinDr-CXR in `d`/v, read; None for a table leaves it out"
    v = d/'v'
    (v/'annotations').mkdir(parents=True)
    (v/split).mkdir()
    for name, table in (('annotations', ann), ('image_labels', lab)):
        if table is not None:
            wrote(v/'annotations'/f'{name}_{split}.csv', table)
    for i in films:
        save_dicom(v/split/f'{i}.dicom', np.random.default_rng(0).integers(0, 4096, (60, 50)))
    return load_vindr(v, split, progress=False, **kw)


def rejected(studies, words):
    "What was set aside, as an error: one row, the rest is used"
    reasons = '; '.join(o['reason'] for o in studies.rejected)
    assert words in reasons and len(studies) > 0, reasons
    raise BadInput(reasons)


def aside(words, **kw):
    "A case of VinDr-CXR that sets something aside"
    return words, lambda d: rejected(vindr(d, **kw), words)


def boxed(coordinates):
    "A table with other coordinates of the first box"
    return ANN.replace(BOXED, coordinates)


UNCLOSED = '"a,R8,Cardiomegaly,1,2,3,4\n'
each('VinDr table', {
    'no annotations': ('no such folder', lambda d: load_vindr(d)),
    'no table of boxes': ('annotations_train.csv: no such file', lambda d: vindr(d, ann=None)),
    'no table of labels': ('image_labels_train.csv: no such file', lambda d: vindr(d, lab=None)),
    'an empty table': ('the table is empty', lambda d: vindr(d, ann='')),
    'a header only': ('no rows', lambda d: vindr(d, ann=ANN.split('\n')[0] + '\n')),
    'a column missing': ("no column 'x_min'", lambda d: vindr(d, ann=ANN.replace('x_min', 'xmin'))),
    'no rad_id': ("no column 'rad_id'", lambda d: vindr(d, ann=ANN.replace('rad_id', 'reader'))),
    'no column of a finding': (
        'no column for Cardiomegaly', lambda d: vindr(d, lab=LAB.replace('Cardiomegaly', 'Big'))),
    'a label that is no number': ("row 3: label 'no'", lambda d: vindr(d, lab=LAB.replace('R9,0', 'R9,no'))),
    'a label of 7': ("label '7'", lambda d: vindr(d, lab=LAB.replace('R9,0', 'R9,7'))),
    'rows of unequal length': ('not a readable csv', lambda d: vindr(d, ann=ANN + 'a,b,c,d,e,f,g,h,i,j\n')),
    'another encoding': ('not a readable csv', lambda d: vindr(d, ann=b'\xff\xfe' + ANN.encode('utf-16-le'))),
    'a zip called .csv': ('annotations_train.csv: ', lambda d: vindr(d, ann=b'PK\3\4' + bytes(range(256))*9)),
    'a quote that swallows rows': aside('no class_name', ann=ANN + UNCLOSED*3 + '"'),
    'an unclosed quote': ('not a readable csv', lambda d: vindr(d, ann=ANN + UNCLOSED)),
    'a row without image': aside('no image_id', ann=ANN + ',R8,Cardiomegaly,1,2,3,4\n'),
    'films of another set': ('none of the 1 films', lambda d: vindr(d, films=('z',))),
    'no films': ('no films in this folder', lambda d: vindr(d, films=())),
    'a split that is not': ("no split 'valid'", lambda d: (vindr(d), load_vindr(d/'v', 'valid'))),
    'an unknown finding': ('no column for Hernia', lambda d: vindr(d, findings=['Hernia'])),
    'a film missing': aside('film is missing', lab=LAB + 'b,R8,0,0,0,1\n'),
    'a box without area': aside('without area', ann=boxed('10,20,10,40')),
    'a box outside': aside('outside the film', ann=boxed('100,200,400,400')),
    'a box with x and y exchanged': aside('x and y are exchanged', ann=boxed('55,5,59,40')),
    'a coordinate that is a word': aside('no number', ann=boxed('ten,20,40,40')),
    'a coordinate missing': aside('without coordinates', ann=boxed(',20,40,40')),
    'an infinite coordinate': aside('box with', ann=boxed('10,20,inf,40')),
    'test rows that disagree': aside(
        'disagree', split='test', films=('a', 'b'), ann=TEST_ANN + 'b,No finding,,,,\n',
        lab=TEST_LAB + 'a,1,0\na,0,0\nb,0,0\n'),
    'sizes without width': (
        "no columns 'height'", lambda d: vindr(d, sizes=wrote(d/'s.csv', 'image_id,h\na,1\n'))),
})


@case('VinDr table', 'a film that is none', 'no films could')
def _(d):
    vindr(d)
    wrote(d/'v'/'train'/'a.dicom', 'nothing')
    studies = load_vindr(d/'v', 'train', progress=False)
    assert not len(studies) and 'neither DICOM' in studies.rejected[0]['reason']
    raise BadInput('no films could be used')


# ---- MIMIC-CXR
FILM = dict(subject_id='10000032', study_id='50414267', dicom_id='02aa-1', ViewPosition='PA', split='train')
SPLIT_TABLE = 'm/mimic-cxr-2.0.0-split.csv.gz'
REPORT = 'files/p10/p10000032/s50414267.txt'


def mimic(d, label='1', make=True, drop=None, options=None, **film):
    "A tree of MIMIC-CXR in `d`/m with one film, read; `drop` a column, or do not `make` the film"
    m, film = d/'m', FILM | film
    (m/'files').mkdir(parents=True)
    if make:
        p = m/f"files/p{film['subject_id'][:2]}/p{film['subject_id']}/s{film['study_id']}/{film['dicom_id']}.jpg"
        p.parent.mkdir(parents=True)
        Image.fromarray((RAMP//16).astype(np.uint8)).save(p)
    columns = dict(split=['dicom_id', 'study_id', 'subject_id', 'split'], metadata=['dicom_id', 'ViewPosition'])
    for name, kept in columns.items():
        table = pd.DataFrame([film])[[c for c in kept if c != drop]]
        table.to_csv(m/f'mimic-cxr-2.0.0-{name}.csv.gz', index=False)
    labels = pd.DataFrame([{'study_id': film['study_id'], 'Cardiomegaly': label, 'Pleural Effusion': ''}])
    labels.to_csv(m/'mimic-cxr-2.0.0-chexpert.csv.gz', index=False)
    return load_mimic(m, progress=False, **(options or {}))


def kept_out(d, table):
    "That tree, with a table of films that must be kept out"
    return mimic(d, options=dict(keep_out=[wrote(d/'k.csv', table)]))


each('MIMIC table', {
    'no tables': ('no such file', lambda d: load_mimic(d)),
    'no study_id': ("no column 'study_id'", lambda d: mimic(d, drop='study_id')),
    'no view': ("no column 'ViewPosition'", lambda d: mimic(d, drop='ViewPosition')),
    'no frontal film': ('no film with view', lambda d: mimic(d, ViewPosition='LATERAL')),
    'a label that is a word': ("label 'yes'", lambda d: mimic(d, label='yes')),
    'a dicom_id that climbs': ('none of', lambda d: mimic(d, dicom_id='../../../etc/passwd', make=False)),
    'a subject_id that climbs': ('none of', lambda d: mimic(d, subject_id='../../..', make=False)),
    'a split that is not': ("no split 'dev'", lambda d: mimic(d) and load_mimic(d/'m', 'dev')),
    'no films': ('none of 1 films', lambda d: mimic(d, make=False)),
    'MS-CXR table without films': ('no column names films', lambda d: kept_out(d, 'a\n1\n')),
    'the set kept out whole': ('all films are kept out', lambda d: kept_out(d, 'subject_id\n10000032\n')),
})


@case('MIMIC table', 'a gz that is none', 'not a readable csv')
def _(d):
    mimic(d)
    wrote(d/SPLIT_TABLE, b'no gzip at all')
    load_mimic(d/'m')


@case('MIMIC table', 'a gz cut off', 'not a readable csv')
def _(d):
    mimic(d)
    wrote(d/SPLIT_TABLE, (d/SPLIT_TABLE).read_bytes()[:30])
    load_mimic(d/'m')


# ---- reports
def with_zip(d, content):
    "The tree of MIMIC-CXR, its reports in a zip of these files, or of these bytes"
    p = d/'r.zip'
    if isinstance(content, bytes):
        wrote(p, content)
    else:
        with zipfile.ZipFile(p, 'w', zipfile.ZIP_DEFLATED) as z:
            for name, text in content.items():
                z.writestr(name, text)
    return mimic(d, options=dict(places=MimicPlaces(reports=p)))


def openi(d, text):
    wrote(d/'o'/'1.xml', text)
    return load_openi(d/'o', progress=False)


ENTITIES = '<!DOCTYPE x [<!ENTITY a "' + 'b'*99 + '">]><eCitation>&a;</eCitation>'
each('report', {
    'missing': ('report cannot be read', lambda d: mimic(d).report('02aa-1')),
    'of an unknown study': ('no report for', lambda d: mimic(d).report('7')),
    'a zip that is none': ('not a readable archive', lambda d: with_zip(d, b'no')),
    'a zip without reports': ('no files/pXX/', lambda d: with_zip(d, {'a.txt': 'b'})),
    'not in the zip': (
        'not in the archive', lambda d: with_zip(d, {'files/p10/p1/s1.txt': 'b'}).report('02aa-1')),
    'a zip bomb': ('more than 4 MiB', lambda d: with_zip(d, {REPORT: 'a'*2**24}).report('02aa-1')),
    'OpenI: no XML': ('no reports here', lambda d: openi(d, 'hello')),
    'OpenI: cut off': ('no reports here', lambda d: openi(d, '<eCitation><uId id="1"/>')),
    'OpenI: another XML': ('no reports here', lambda d: openi(d, '<a/>')),
    'OpenI: entities that multiply': ('no reports here', lambda d: openi(d, ENTITIES)),
    'OpenI: a tgz that is none': ('not a readable archive', lambda d: load_openi(wrote(d/'x.tgz', 'no'))),
})


@case('report', 'of 5 MiB', 'more than 4 MiB')
def _(d):
    studies = mimic(d)
    wrote(d/'m'/REPORT, 'a'*5*2**20)
    studies.report('02aa-1')


# ---- masks
M = np.zeros((60, 50), bool)
M[10:30, 10:30] = True
EMPTY = np.zeros((60, 50), np.uint8)


def chexmask_table(d, **change):
    "CheXmask's table of film `a`, columns changed, or dropped (None)"
    code = rle_encode(M)
    row = {'image_id': 'a', 'Landmarks': '', 'Height': 60, 'Width': 50, 'Dice RCA (Mean)': .9}
    row |= {'Left Lung': code, 'Right Lung': code, 'Heart': code}
    row = {column: value for column, value in (row | change).items() if value is not None}
    pd.DataFrame([row]).to_csv(d/'c.csv', index=False)
    return d/'c.csv'


def chexmask(d, shape=(60, 50), **change):
    return CheXmask(chexmask_table(d, **change)).get('a', shape)


def mask_table(d, rle='1 2', h='60', w='50', columns='image_id,class_name,rle,height,width'):
    return MaskTable(wrote(d/'t.csv', f'{columns}\na,Cardiomegaly,{rle},{h},{w}\n')).get('a', (60, 50))


def mask_folder(d, b, image='a'):
    "A folder with the mask of film `a`, asked for that of `image`"
    wrote(d/'a.png', b)
    return MaskFolder(d).get(image, (60, 50))


def coco(**code):
    return coco_decode(code)


each('mask', {
    'odd run-length code': ('odd number', lambda d: rle_decode('1 2 3', 9, 9)),
    'words for numbers': ('whole numbers', lambda d: rle_decode('1 two', 9, 9)),
    'starts that go back': ('do not grow', lambda d: rle_decode('9 2 3 1', 9, 9)),
    'beyond the end': ('wrong shape', lambda d: rle_decode('80 20', 9, 9)),
    'huge numbers': ('run-length code', lambda d: rle_decode('1 99999999999999999999999', 9, 9)),
    'a dialect unknown': ('unknown run-length dialect', lambda d: rle_decode('1 2', 9, 9, 'x')),
    'a grid of a billion': ('a mask of', lambda d: rle_decode('1 2', 10**5, 10**5)),
    'SIIM read as CheXmask': ('do not grow', lambda d: rle_decode('5 3 2 3', 9, 9)),
    'COCO of another size': ('wrong shape', lambda d: coco(size=[5, 5], counts=[3, 3])),
    'COCO cut off': ('cut off', lambda d: coco(size=[5, 5], counts='o')),
    'COCO in odd letters': ('letters that none', lambda d: coco(size=[5, 5], counts='\x7f\u00e9')),
    'COCO without size': ('without size', lambda d: coco()),
    'COCO negative': ('wrong shape', lambda d: coco(size=[5, 5], counts=[-5, 30])),
    'a polygon of two points': ('polygon', lambda d: polygon_mask([[1, 1, 2, 2]], 9, 9)),
    'a polygon of words': ('polygon', lambda d: polygon_mask(['abc'], 9, 9)),
    'a polygon with NaN': ('polygon', lambda d: polygon_mask([[1, 1, 2, 2, float('nan'), 3]], 9, 9)),
    'CheXmask: no file': ('no such file', lambda d: CheXmask(d/'n.csv')),
    'CheXmask: no heart': ("no column 'Heart'", lambda d: chexmask(d, Heart=None)),
    'CheXmask: no id': ("no column 'image_id'", lambda d: chexmask(d, image_id=None)),
    'CheXmask: poor quality': ('no usable mask', lambda d: chexmask(d, **{'Dice RCA (Mean)': .2})),
    'CheXmask: another size': ('60x50, the film', lambda d: chexmask(d, (64, 64))),
    'CheXmask: runs too long': ('wrong shape', lambda d: chexmask(d, Heart='1 9999')),
    'CheXmask: height a word': ('no usable mask', lambda d: chexmask(d, Height='tall')),
    'CheXmask: height huge': ('no usable mask', lambda d: chexmask(d, Height=10**9)),
    'table: no rle': (
        "no column 'rle'", lambda d: mask_table(d, columns='image_id,class_name,code,height,width')),
    'table: no height': ('without height', lambda d: mask_table(d, h='')),
    'table: height huge': ('without height', lambda d: mask_table(d, h='1e12')),
    'table: odd': ('row 2: a run-length code with an odd', lambda d: mask_table(d, '1 2 3')),
    'table: another size': ('the film', lambda d: mask_table(d, w='51')),
    'folder: none': ('no such folder', lambda d: MaskFolder(d/'n')),
    'folder: empty': ('no PNG masks', lambda d: MaskFolder(d)),
    'folder: not a picture': ('unreadable mask', lambda d: mask_folder(d, b'no')),
    'folder: a label of 9': ('value 9', lambda d: mask_folder(d, png(EMPTY + 9))),
    'folder: another size': ('the film', lambda d: mask_folder(d, png(np.zeros((9, 9), np.uint8)))),
    'folder: a film without one': ('no mask of b', lambda d: mask_folder(d, png(EMPTY), 'b')),
    'folder: an id that climbs': ('leaves the data folder', lambda d: mask_folder(d, png(EMPTY), '../../x')),
})


@case('mask', 'CheXmask: a gz cut off', 'not a readable csv')
def _(d):
    packed = gzip.compress(chexmask_table(d).read_bytes())
    CheXmask(wrote(d/'c.csv.gz', packed[:80]))


@case('mask', 'CheXmask: changed after it was opened', 'not where it was')
def _(d):
    table = chexmask_table(d)
    masks = CheXmask(table)
    wrote(table, table.read_text().replace('\na,', '\nb,'))
    masks.get('a')


class Evil:
    "Runs a command when it is unpickled"
    def __reduce__(self):
        return os.system, ('true',)


def chexlocalize(d, text):
    wrote(d/'CheXlocalize'/'gt_segmentations_test.json', text)
    return load_chexlocalize(d)


each('mask', {
    'a heatmap that is code': (
        'a pickle that asks for', lambda d: chexlocalize_map(wrote(d/'e.pkl', pickle.dumps(dict(map=Evil()))))),
    'a heatmap that is noise': ('not a heatmap', lambda d: chexlocalize_map(wrote(d/'x.pkl', b'\x80\x04noise'))),
    'CheXlocalize: no JSON': ('not a CheXlocalize file', lambda d: chexlocalize(d, '[')),
    'CheXlocalize: no films': ('none of 1 films', lambda d: chexlocalize(d, '{"patient1_study1_view1_frontal": {}}')),
})


# ---- other sets, saved tables, caches
def one(d, path='x.dcm'):
    "Studies of one film, which lies in `d`/f"
    save_dicom(d/'f'/'x.dcm', RAMP)
    films = pd.DataFrame(dict(study_id='x', patient_id='x', split='', view='', path=path),
                         index=pd.Index(['x'], name='image_id'))
    return Studies('One', d/'f', films, None, None)


def saved(d, name, b):
    "Those, saved and damaged"
    save_studies(one(d), d/'s')
    wrote(d/'s'/name, b)
    return load_studies(d/'s')


def cached(d, name, b):
    "Their cache, damaged"
    cache = prepare_cache(one(d), d/'c', 16, progress=False)
    wrote(cache/name, b)
    return Cache(cache)[0]


def nih(d, boxes):
    wrote(d/'images'/'a.png', png())
    wrote(d/'Data_Entry_2017.csv', 'Image Index,Finding Labels\na.png,Hernia\n')
    wrote(d/'BBox_List_2017.csv', boxes)
    return load_nih(d)


def guarded(d):
    return vindr(d, split='test', ann=TEST_ANN + 'a,Cardiomegaly,1,2,30,40\n', lab=TEST_LAB + 'a,1,0\n')


def own_table(d, text):
    one(d)
    return load_folder(d/'f', wrote(d/'t.csv', text))


CLIMBING = dict(images=[dict(id=1, file_name='../x.png')], categories=[], annotations=[])
TRUTH = SimpleNamespace(split='test', dataset='VinDr-CXR')
each('set', {
    'a path that climbs': ('leaves the data folder', lambda d: one(d, '../../etc/passwd').read('x')),
    'a path that is absolute': ('leaves the data folder', lambda d: one(d, '/etc/passwd').read('x')),
    'a path with a null': ('leaves the data folder', lambda d: safe_join(d, 'a\0b')),
    'NIH without its table': ('no such file', lambda d: load_nih(d)),
    'NIH boxes without columns': ('no column for', lambda d: nih(d, 'Image Index,Finding Label\na,b\n')),
    'MS-CXR: no JSON': ('not a table of MS-CXR', lambda d: load_mscxr(wrote(d/'m.json', '{'), d)),
    'MS-CXR: a column missing': (
        "no column 'label_text'", lambda d: load_mscxr(wrote(d/'m.csv', 'dicom_id,category_name\na,b\n'), d)),
    'PadChest-GR: no JSON': (
        'not a PadChest-GR file', lambda d: load_padchest_gr(wrote(d/'grounded_reports_1.json', '{"a":').parent)),
    'ImaGenome: no graphs': ('no scene graphs', lambda d: load_imagenome(d, one(d))),
    'a folder without films': ('no films in this folder', lambda d: load_folder(d)),
    'an image twice in a table': ('twice', lambda d: own_table(d, 'image_id\nx\nx\n')),
    'no folder': ('no such folder', lambda d: open_studies(d/'n')),
    'COCO: no JSON': ('not a COCO file', lambda d: from_coco(wrote(d/'c.json', 'no'), d)),
    'COCO: no images': ('not a COCO file', lambda d: from_coco({}, d)),
    'COCO: a path that climbs': ('leaves the data folder', lambda d: from_coco(CLIMBING, d)),
    'saved: damaged': ('damaged', lambda d: saved(d, 'studies.json', b'{')),
    'saved: no Parquet': ('not a readable Parquet', lambda d: saved(d, 'boxes.parquet', b'no')),
    'saved: not there': ('no saved studies', lambda d: load_studies(d)),
    'cache: not finished': ('no finished cache', lambda d: Cache(d)),
    'cache: damaged settings': ('damaged', lambda d: cached(d, 'cache.json', b'{')),
    'cache: damaged index': ('not a readable index', lambda d: cached(d, 'index.parquet', b'no')),
    'cache: damaged shard': ('not a readable shard', lambda d: cached(d, 'shard-00000.safetensors', b'no')),
    'REFLACX without its table': ('no such file', lambda d: load_reflacx(d, one(d))),
    'SIIM without codes': (
        "no column 'EncodedPixels'", lambda d: load_siim(wrote(d/'s.csv', 'ImageId,a\nx,1\n'))),
    'a folder of data sets': ('a folder of data sets', lambda d: (vindr(d), open_studies(d))),
    'an option of another set': (
        'sizes is for VinDr-CXR', lambda d: (one(d), open_studies(d/'f', sizes='s.csv'))),
    'guarded studies that choose': ('must not be used to choose', lambda d: guarded(d).check_choice()),
    'a guarded truth': ('must not choose a threshold', lambda d: may_choose(TRUTH, what='choose a threshold')),
    'a word that is not the word': ('that is not the word', lambda d: guarded(d).unlock('please')),
    'geometry: a mask of another film': (
        'mask of shape', lambda d: Geometry(9, 9, 4).mask(torch.zeros(8, 8))),
    'geometry: no size': ('no geometry', lambda d: Geometry(9, 9, 0)),
})


@case('set', 'a link to nothing', 'no such file')
def _(d):
    studies = one(d, 'y.dcm')
    (d/'f'/'y.dcm').symlink_to(d/'not fetched'/'y.dcm')
    studies.read('x')


@case('set', 'cache: no film usable', 'none of 1 films')
def _(d):
    studies = one(d)
    wrote(d/'f'/'x.dcm', 'no')
    prepare_cache(studies, d/'c', 16, progress=False)


@case('set', 'REFLACX of other films', 'none of the films')
def _(d):
    wrote(d/'metadata_phase_3.csv', 'id,dicom_id\nP1,nobody\n')
    load_reflacx(d, one(d))


@case('set', 'SIIM: a code that is none', 'whole numbers')
def _(d):
    table = wrote(d/'s.csv', 'ImageId, EncodedPixels\nx, 1 two\ny, -1\n')
    rejected(load_siim(table, progress=False), 'whole numbers')


def trial(words, f):
    "What is wrong with how a case ends; '' if nothing is"
    with tempfile.TemporaryDirectory() as d:
        try:
            f(Path(d))
        except BadInput as e:
            return '' if words in str(e) else f'{str(e)[-200:]!r} says nothing of {words!r}'
        except BaseException as e:
            return f'{type(e).__name__}: {str(e)[:200]}'
    return 'accepted'


def test_every_case_is_rejected_by_name():
    bad = [f'{title}: {wrong}' for title, words, f in CASES if (wrong := trial(words, f))]
    print(f'{len(CASES)} malformed inputs, {len(CASES)-len(bad)} rejected by name')
    assert not bad, '\n'.join(bad)


def test_there_are_enough_and_they_differ():
    assert len({title for title, _, _ in CASES}) == len(CASES) >= 189


if __name__ == '__main__':
    test_there_are_enough_and_they_differ()
    test_every_case_is_rejected_by_name()
