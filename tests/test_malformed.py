"""Distinct malformed inputs (DICOM, image, table, mask, report), each of which must end in a rejection that names what is wrong: `CASES` lists
them with the words that must be in it. A case that is accepted, or that ends in anything but a `BadInput`, fails. Run alone: .ci/test_nbs.py malformed"""
import gzip, io, json, os, pickle, shutil, struct, tempfile, warnings, zipfile, zlib
from pathlib import Path
import numpy as np, pandas as pd, pydicom, torch
from PIL import Image
from pydicom.data import get_testdata_file
from cxr_weakloc.core import BadInput, Rejections, safe_join
from cxr_weakloc.films.geometry import Geometry
from cxr_weakloc.films.images import read_film, read_square, film_size, save_dicom
from cxr_weakloc.films.rle import rle_decode, coco_decode, polygon_mask, rle_encode
from cxr_weakloc.data.schema import Studies, may_choose, check_boxes, from_coco, load_studies, save_studies, BOX
from cxr_weakloc.data.vindr import load_vindr
from cxr_weakloc.data.mimic import load_mimic
from cxr_weakloc.data.masks import CheXmask, MaskFolder, MaskTable
from cxr_weakloc.data.sets import chexlocalize_map, load_chexlocalize, load_folder, load_imagenome, load_mscxr, load_nih, load_openi, load_padchest_gr, load_reflacx, load_siim, open_set
from cxr_weakloc.data.cache import Cache, prepare_cache

warnings.simplefilter('ignore')
RAMP = np.arange(4096).reshape(64, 64)
CASES = []
def case(kind, words):
    "A case: a function of a fresh folder that makes the input and reads it"
    def f(g): CASES.append((f'{kind}: {g.__doc__}', words, g)); return g
    return f
def each(kind, table): # {title: (words, function)}
    for k,(words,g) in table.items(): CASES.append((f'{kind}: {k}', words, g))

# ---- DICOM
def dcm(d, change=None, raw=None, name='x.dcm', **kw):
    "A small film whose data set `change`s, whose bytes go through `raw`"
    p = d/name; save_dicom(p, RAMP, **kw)
    if change is not None:
        ds = pydicom.dcmread(p); change(ds); ds.save_as(p)
    if raw is not None: p.write_bytes(raw(p.read_bytes()))
    return read_film(p)
def put(**kw):
    def f(ds):
        for k,v in kw.items():
            if v is None: delattr(ds, k)
            else: setattr(ds, k, v)
    return f
def element(tag, vr, value): # raw bytes of an element, explicit little endian
    return struct.pack('<HH', *tag) + vr + (b'\0\0' + struct.pack('<I', len(value)) if vr in (b'OW', b'OB', b'UN', b'SQ') else struct.pack('<H', len(value))) + value
def patch_us(tag, value): # set an unsigned short in the file's bytes
    head = struct.pack('<HH', *tag) + b'US\2\0'
    def f(b): i = b.index(head)+8; return b[:i] + struct.pack('<H', value) + b[i+2:]
    return f
def compressed(d, name='RG1_J2KR.dcm'): return Path(get_testdata_file(name, download=False)).read_bytes()
def raw_film(d, b): (d/'x.dcm').write_bytes(b); return read_film(d/'x.dcm')

each('DICOM', {
    'empty file': ('the file is empty', lambda d: raw_film(d, b'')),
    'no such file': ('no such file', lambda d: read_film(d/'none.dcm')),
    'a folder': ('a folder where a file', lambda d: read_film(d)),
    'a named pipe': ('no ordinary file', lambda d: (os.mkfifo(d/'p'), read_film(d/'p'))),
    'preamble only': ('cut off', lambda d: raw_film(d, b'\0'*128 + b'DICM')),
    'preamble and noise': ('x.dcm: ', lambda d: raw_film(d, b'\0'*128 + b'DICM' + np.random.default_rng(0).bytes(5000))),
    'noise': ('x.dcm: ', lambda d: raw_film(d, np.random.default_rng(1).bytes(5000))),
    'a web page': ('neither DICOM nor an image', lambda d: raw_film(d, b'<html>please log in</html>'*30)),
    'no pixel data': ('without pixels', lambda d: dcm(d, put(PixelData=None))),
    'empty pixel data': ('without pixels', lambda d: dcm(d, put(PixelData=b''))),
    'float pixels': ('floating-point', lambda d: dcm(d, lambda ds: (put(PixelData=None)(ds), ds.add_new(0x7fe00008, 'OF', RAMP.astype('<f4').tobytes())))),
    'pixels cut off': ('cut off', lambda d: dcm(d, put(PixelData=RAMP.astype('<u2').tobytes()[:4000]))),
    'file cut off in the pixels': ('cut off', lambda d: dcm(d, raw=lambda b: b[:-3000])),
    'file cut off in the header': ('x.dcm: ', lambda d: dcm(d, raw=lambda b: b[:420])),
    'no rows': ('without an image size', lambda d: dcm(d, put(Rows=None))),
    'zero columns': ('without an image size', lambda d: dcm(d, put(Columns=0))),
    'more pixels than any detector': ('more than any detector', lambda d: dcm(d, put(Rows=65535, Columns=65535))),
    'rows larger than the pixels': ('cut off', lambda d: dcm(d, put(Rows=80))),
    'one row': ('not a film', lambda d: dcm(d, put(Rows=1, Columns=4096))),
    'two frames': ('2 frames', lambda d: dcm(d, put(NumberOfFrames=2))),
    'a frame that is not there': ('no frame 3', lambda d: (save_dicom(d/'x.dcm', RAMP), read_film(d/'x.dcm', frame=3))),
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
    '70 bits stored': ('x.dcm: ', lambda d: dcm(d, raw=patch_us((0x28,0x101), 70))),
    'zero bits stored': ('bits stored', lambda d: dcm(d, raw=patch_us((0x28,0x101), 0))),
    '24 bits allocated': ('x.dcm: ', lambda d: dcm(d, raw=patch_us((0x28,0x100), 24))),
    'three samples, pixels for one': ('x.dcm: ', lambda d: dcm(d, put(SamplesPerPixel=3, PhotometricInterpretation='RGB'))),
    'palette without a palette': ('x.dcm: ', lambda d: dcm(d, put(PhotometricInterpretation='PALETTE COLOR'))),
    'compressed pixels cut off': ('x.dcm: ', lambda d: raw_film(d, compressed(d)[:2_000_000])),
    'compressed pixels without their end': ('cut off', lambda d: raw_film(d, compressed(d).replace(b'\xff\xd9', b'\xff\xd8'))),
    'compressed pixels of another size': ('the header says', lambda d: raw_film(d, (lambda b: (lambda i: b[:i+8] + struct.pack('>II', 100, 100) + b[i+16:])(b.index(b'\xff\x4f\xff\x51')))(compressed(d)))),
    'a codestream of noise': ('x.dcm: ', lambda d: raw_film(d, (lambda b: (lambda i: b[:i+400] + np.random.default_rng(2).bytes(len(b)-i-500) + b[-100:])(b.index(b'\xff\x4f\xff\x51')))(compressed(d)))),
    'video': ('x.dcm: ', lambda d: raw_film(d, compressed(d).replace(b'1.2.840.10008.1.2.4.90', b'1.2.840.10008.1.2.4.10').replace(b'\xff\x4f\xff\x51', b'\0\0\0\1'))),
    'deflated noise': ('deflated', lambda d: dcm(d, raw=lambda b: deflate(b, noise=True))),
    'a deflated bomb': ('beyond all size', lambda d: dcm(d, raw=lambda b: deflate(b, bomb=True))),
    'header only, as film_size sees it': ('without an image size', lambda d: (save_dicom(d/'x.dcm', RAMP), cut_rows(d/'x.dcm'), film_size(d/'x.dcm'))),
    'a film of 1.1 GB': ('too large', lambda d: sparse(d/'x.dcm', 1_200_000_000)),
})
def cut_rows(p): ds = pydicom.dcmread(p); del ds.Rows; ds.save_as(p)
def sparse(p, n):
    with open(p, 'wb') as f: f.truncate(n)
    return read_film(p)
def deflate(b, noise=False, bomb=False): # the same header in the deflated syntax
    meta = pydicom.dataset.FileMetaDataset(); meta.TransferSyntaxUID = '1.2.840.10008.1.2.1.99'; meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.1.1'; meta.MediaStorageSOPInstanceUID = '1.2.3'
    o = io.BytesIO(); o.write(b'\0'*128 + b'DICM'); pydicom.filewriter.write_file_meta_info(o, meta); c = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return o.getvalue() + (b'\xff'*500 if noise else b''.join(c.compress(bytes(2**24)) for _ in range(40)) + c.flush())

# ---- pictures
def pic(d, b, name='x.png'): (d/name).write_bytes(b); return read_film(d/name)
NOISE = np.random.default_rng(0).integers(0, 256, (64,64)).astype(np.uint8)
def png(a=None): o = io.BytesIO(); Image.fromarray(NOISE if a is None else a).save(o, 'PNG'); return o.getvalue()
def jpg(): o = io.BytesIO(); Image.fromarray(NOISE).save(o, 'JPEG'); return o.getvalue()
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind+data))
each('picture', {
    'PNG cut off': ('unreadable image', lambda d: pic(d, png()[:len(png())//2])),
    'JPEG cut off': ('unreadable image', lambda d: pic(d, jpg()[:len(jpg())//2], 'x.jpg')),
    'PNG signature only': ('unreadable image', lambda d: pic(d, b'\x89PNG\r\n\x1a\n')),
    'PNG with a false checksum': ('unreadable image', lambda d: pic(d, png()[:29] + b'\0\0\0\0' + png()[33:])),
    'PNG bomb': ('more than any detector', lambda d: pic(d, b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 12000, 12000, 8, 0, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(b'\0'*1000)) + chunk(b'IEND', b''))),
    'PNG of 60,000 x 60,000': ('image', lambda d: pic(d, b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 60000, 60000, 8, 0, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(b'\0'*1000)) + chunk(b'IEND', b''))),
    'one grey': ('same value', lambda d: pic(d, png(np.full((9,9), 7, np.uint8)))),
    'colour': ('colour picture', lambda d: pic(d, png(np.random.default_rng(0).integers(0,256,(30,30,3)).astype(np.uint8)))),
    'one pixel': ('not a film', lambda d: pic(d, png(np.zeros((1,1), np.uint8)))),
    'animated': ('frames', lambda d: (lambda o: (Image.fromarray(np.zeros((9,9), np.uint8)).save(o, 'TIFF', save_all=True, append_images=[Image.fromarray(np.ones((9,9), np.uint8))]), pic(d, o.getvalue(), 'x.tif')))(io.BytesIO())),
    'a text called .png': ('neither DICOM nor an image', lambda d: pic(d, b'this is no picture, but a note to myself '*9)),
    'as read_square sees it': ('unreadable image', lambda d: ((d/'x.png').write_bytes(png()[:99]), read_square(d/'x.png', 32))),
})

# ---- tables
ANN = 'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R8,Cardiomegaly,10,20,40,40\na,R9,No finding,,,,\na,R10,Cardiomegaly,11,20,40,41\n'
LAB = 'image_id,rad_id,Cardiomegaly,Pleural effusion,Other diseases,No finding\na,R8,1,0,0,0\na,R9,0,0,0,1\na,R10,1,0,0,0\n'
def vindr(d, ann=ANN, lab=LAB, films=('a',), split='train', hw=(60,50), **kw):
    v = d/'v'; (v/'annotations').mkdir(parents=True); (v/split).mkdir()
    for n,t in (('annotations',ann), ('image_labels',lab)):
        if t is not None: (v/'annotations'/f'{n}_{split}.csv').write_bytes(t if isinstance(t, bytes) else t.encode())
    for i in films: save_dicom(v/split/f'{i}.dicom', np.random.default_rng(0).integers(0, 4096, hw))
    return load_vindr(v, split, progress=False, **kw)
def rejected(s, words): # one row set aside, the rest used
    r = '; '.join(o['reason'] for o in s.rejected); assert words in r and len(s) > 0, r; raise BadInput(r)
def aside(words, **kw): return (words, lambda d: rejected(vindr(d, **kw), words))
each('VinDr table', {
    'no annotations': ('no such folder', lambda d: load_vindr(d)), 'no table of boxes': ('annotations_train.csv: no such file', lambda d: vindr(d, ann=None)), 'no table of labels': ('image_labels_train.csv: no such file', lambda d: vindr(d, lab=None)),
    'an empty table': ('the table is empty', lambda d: vindr(d, ann='')), 'a header only': ('no rows', lambda d: vindr(d, ann=ANN.split('\n')[0]+'\n')), 'a column missing': ("no column 'x_min'", lambda d: vindr(d, ann=ANN.replace('x_min','xmin'))),
    'no rad_id': ("no column 'rad_id'", lambda d: vindr(d, ann=ANN.replace('rad_id','reader'))), 'no column of a finding': ('no column for Cardiomegaly', lambda d: vindr(d, lab=LAB.replace('Cardiomegaly','Big'))),
    'a label that is no number': ("row 3: label 'no'", lambda d: vindr(d, lab=LAB.replace('R9,0','R9,no'))), 'a label of 7': ("label '7'", lambda d: vindr(d, lab=LAB.replace('R9,0','R9,7'))), 'rows of unequal length': ('not a readable csv', lambda d: vindr(d, ann=ANN+'a,b,c,d,e,f,g,h,i,j\n')),
    'another encoding': ('not a readable csv', lambda d: vindr(d, ann=b'\xff\xfe' + ANN.encode('utf-16-le'))), 'a zip called .csv': ('annotations_train.csv: ', lambda d: vindr(d, ann=b'PK\3\4'+bytes(range(256))*9)), 'a quote that swallows rows': aside('no class_name', ann=ANN+'"a,R8,Cardiomegaly,1,2,3,4\n'*3 + '"'), 'an unclosed quote': ('not a readable csv', lambda d: vindr(d, ann=ANN+'"a,R8,Cardiomegaly,1,2,3,4\n')), 'a row without image': aside('no image_id', ann=ANN+',R8,Cardiomegaly,1,2,3,4\n'),
    'films of another set': ('none of the 1 films', lambda d: vindr(d, films=('z',))), 'no films': ('no films in this folder', lambda d: vindr(d, films=())), 'a split that is not': ("no split 'valid'", lambda d: (vindr(d), load_vindr(d/'v', 'valid'))), 'an unknown finding': ('no column for Hernia', lambda d: vindr(d, findings=['Hernia'])),
    'a film missing': aside('film is missing', lab=LAB+'b,R8,0,0,0,1\n'), 'a box without area': aside('without area', ann=ANN.replace('10,20,40,40','10,20,10,40')), 'a box outside': aside('outside the film', ann=ANN.replace('10,20,40,40','100,200,400,400')),
    'a box with x and y exchanged': aside('x and y are exchanged', ann=ANN.replace('10,20,40,40','10,49,40,59').replace('10,49,40,59','55,5,59,40'), hw=(60,50)), 'a coordinate that is a word': aside('no number', ann=ANN.replace('10,20,40,40','ten,20,40,40')), 'a coordinate missing': aside('without coordinates', ann=ANN.replace('10,20,40,40',',20,40,40')),
    'an infinite coordinate': aside('box with', ann=ANN.replace('10,20,40,40','10,20,inf,40')), 'a film that is none': ('no films could', lambda d: nofilm(d)),
    'test rows that disagree': aside('disagree', split='test', films=('a','b'), ann='image_id,class_name,x_min,y_min,x_max,y_max\nb,No finding,,,,\n', lab='image_id,Cardiomegaly,Pleural effusion\na,1,0\na,0,0\nb,0,0\n'),
    'sizes without width': ("no columns 'height'", lambda d: ((d/'s.csv').write_text('image_id,h\na,1\n'), vindr(d, sizes=d/'s.csv'))),
})
def nofilm(d):
    vindr(d); (d/'v'/'train'/'a.dicom').write_text('nothing'); s = load_vindr(d/'v', 'train', progress=False); assert not len(s) and 'neither DICOM' in s.rejected[0]['reason']; raise BadInput('no films could be used')

def mimic(d, sub='10000032', st='50414267', dc='02aa-1', view='PA', split='train', lab='1', make=True, drop=None, **kw):
    m = d/'m'; (m/'files').mkdir(parents=True); t = pd.DataFrame([dict(dicom_id=dc, study_id=st, subject_id=sub, split=split, ViewPosition=view)])
    if make: p = m/f'files/p{sub[:2]}/p{sub}/s{st}'; p.mkdir(parents=True); Image.fromarray((RAMP//16).astype(np.uint8)).save(p/f'{dc}.jpg')
    for n,c in (('split',['dicom_id','study_id','subject_id','split']), ('metadata',['dicom_id','ViewPosition'])): t[[k for k in c if k != drop]].to_csv(m/f'mimic-cxr-2.0.0-{n}.csv.gz', index=False)
    pd.DataFrame([{'study_id': st, 'Cardiomegaly': lab, 'Pleural Effusion': ''}]).to_csv(m/'mimic-cxr-2.0.0-chexpert.csv.gz', index=False); return load_mimic(m, progress=False, **kw)
each('MIMIC table', {
    'no tables': ('no such file', lambda d: load_mimic(d)), 'no study_id': ("no column 'study_id'", lambda d: mimic(d, drop='study_id')), 'no view': ("no column 'ViewPosition'", lambda d: mimic(d, drop='ViewPosition')), 'no frontal film': ('no film with view', lambda d: mimic(d, view='LATERAL')),
    'a label that is a word': ("label 'yes'", lambda d: mimic(d, lab='yes')), 'a dicom_id that climbs': ('none of', lambda d: mimic(d, dc='../../../etc/passwd', make=False)), 'a subject_id that climbs': ('none of', lambda d: mimic(d, sub='../../..', make=False)), 'a split that is not': ("no split 'dev'", lambda d: mimic(d, split='train', make=True) and load_mimic(d/'m', 'dev')),
    'no films': ('none of 1 films', lambda d: mimic(d, make=False)), 'a gz that is none': ('not a readable csv', lambda d: (mimic(d), (d/'m'/'mimic-cxr-2.0.0-split.csv.gz').write_bytes(b'no gzip at all'), load_mimic(d/'m'))), 'a gz cut off': ('not a readable csv', lambda d: (mimic(d), (lambda p: p.write_bytes(p.read_bytes()[:30]))(d/'m'/'mimic-cxr-2.0.0-split.csv.gz'), load_mimic(d/'m'))),
    'MS-CXR table without films': ('no column names films', lambda d: ((d/'k.csv').write_text('a\n1\n'), mimic(d, keep_out=[d/'k.csv']))), 'the set kept out whole': ('all films are kept out', lambda d: ((d/'k.csv').write_text('subject_id\n10000032\n'), mimic(d, keep_out=[d/'k.csv']))),
})
each('report', {
    'missing': ('report cannot be read', lambda d: mimic(d).report('02aa-1')), 'of an unknown study': ('no report for', lambda d: mimic(d).report('7')), 'a zip that is none': ('not a readable archive', lambda d: ((d/'r.zip').write_text('no'), mimic(d, reports_root=d/'r.zip'))),
    'a zip without reports': ('no files/pXX/', lambda d: (zipped(d, {'a.txt':'b'}), mimic(d, reports_root=d/'r.zip'))), 'not in the zip': ('not in the archive', lambda d: (zipped(d, {'files/p10/p1/s1.txt':'b'}), mimic(d, reports_root=d/'r.zip').report('02aa-1'))),
    'of 5 MiB': ('more than 4 MiB', lambda d: (mimic(d), (d/'m/files/p10/p10000032/s50414267.txt').write_text('a'*5*2**20), load_mimic(d/'m').report('02aa-1'))), 'a zip bomb': ('more than 4 MiB', lambda d: (zipped(d, {'files/p10/p10000032/s50414267.txt':'a'*2**24}), mimic(d, reports_root=d/'r.zip').report('02aa-1'))),
    'OpenI: no XML': ('no reports here', lambda d: openi(d, 'hello')), 'OpenI: cut off': ('no reports here', lambda d: openi(d, '<eCitation><uId id="1"/>')), 'OpenI: another XML': ('no reports here', lambda d: openi(d, '<a/>')), 'OpenI: entities that multiply': ('no reports here', lambda d: openi(d, '<!DOCTYPE x [<!ENTITY a "' + 'b'*99 + '">]><eCitation>&a;</eCitation>')),
    'OpenI: a tgz that is none': ('not a readable archive', lambda d: ((d/'x.tgz').write_text('no'), load_openi(d/'x.tgz'))),
})
def zipped(d, files):
    with zipfile.ZipFile(d/'r.zip', 'w', zipfile.ZIP_DEFLATED) as z: [z.writestr(k, v) for k,v in files.items()]
def openi(d, text): (d/'o').mkdir(); (d/'o'/'1.xml').write_text(text); return load_openi(d/'o', progress=False)

# ---- masks
M = np.zeros((60,50), bool); M[10:30,10:30] = True
def chexmask(d, shape=(60,50), **kw): pd.DataFrame([{**dict(image_id='a', Landmarks='', Height=60, Width=50), **{'Dice RCA (Mean)': .9, 'Left Lung': rle_encode(M), 'Right Lung': rle_encode(M), 'Heart': rle_encode(M)}, **kw}]).drop(columns=[k for k,v in kw.items() if v is None]).to_csv(d/'c.csv', index=False); return CheXmask(d/'c.csv').get('a', shape)
def masktable(d, rle='1 2', h='60', w='50', cols='image_id,class_name,rle,height,width'): (d/'t.csv').write_text(f'{cols}\na,Cardiomegaly,{rle},{h},{w}\n'); return MaskTable(d/'t.csv').get('a', (60,50))
def folder(d, b, name='a.png'): (d/name).write_bytes(b); return MaskFolder(d).get('a', (60,50))
each('mask', {
    'odd run-length code': ('odd number', lambda d: rle_decode('1 2 3', 9, 9)), 'words for numbers': ('whole numbers', lambda d: rle_decode('1 two', 9, 9)), 'starts that go back': ('do not grow', lambda d: rle_decode('9 2 3 1', 9, 9)), 'beyond the end': ('wrong shape', lambda d: rle_decode('80 20', 9, 9)), 'huge numbers': ('run-length code', lambda d: rle_decode('1 99999999999999999999999', 9, 9)),
    'a dialect unknown': ('unknown run-length dialect', lambda d: rle_decode('1 2', 9, 9, 'x')), 'a grid of a billion': ('a mask of', lambda d: rle_decode('1 2', 10**5, 10**5)), 'SIIM read as CheXmask': ('do not grow', lambda d: rle_decode('5 3 2 3', 9, 9)),
    'COCO of another size': ('wrong shape', lambda d: coco_decode(dict(size=[5,5], counts=[3,3]))), 'COCO cut off': ('cut off', lambda d: coco_decode(dict(size=[5,5], counts='o'))), 'COCO in odd letters': ('letters that none', lambda d: coco_decode(dict(size=[5,5], counts='\x7f\u00e9'))), 'COCO without size': ('without size', lambda d: coco_decode({})), 'COCO negative': ('wrong shape', lambda d: coco_decode(dict(size=[5,5], counts=[-5,30]))),
    'a polygon of two points': ('polygon', lambda d: polygon_mask([[1,1,2,2]], 9, 9)), 'a polygon of words': ('polygon', lambda d: polygon_mask(['abc'], 9, 9)), 'a polygon with NaN': ('polygon', lambda d: polygon_mask([[1,1,2,2,float('nan'),3]], 9, 9)),
    'CheXmask: no file': ('no such file', lambda d: CheXmask(d/'n.csv')), 'CheXmask: no heart': ("no column 'Heart'", lambda d: chexmask(d, Heart=None)), 'CheXmask: no id': ("no column 'image_id'", lambda d: chexmask(d, image_id=None)), 'CheXmask: poor quality': ('no usable mask', lambda d: chexmask(d, **{'Dice RCA (Mean)': .2})), 'CheXmask: another size': ('60x50, the film', lambda d: chexmask(d, (64,64))), 'CheXmask: runs too long': ('wrong shape', lambda d: chexmask(d, Heart='1 9999')), 'CheXmask: height a word': ('no usable mask', lambda d: chexmask(d, Height='tall')), 'CheXmask: height huge': ('no usable mask', lambda d: chexmask(d, Height=10**9)), 'CheXmask: a gz cut off': ('not a readable csv', lambda d: (chexmask(d), (d/'c.csv.gz').write_bytes(gzip.compress((d/'c.csv').read_bytes())[:80]), CheXmask(d/'c.csv.gz'))), 'CheXmask: changed after it was opened': ('not where it was', lambda d: (lambda k: ((d/'c.csv').write_text((d/'c.csv').read_text().replace('\na,', '\nb,')), k.get('a')))((chexmask(d), CheXmask(d/'c.csv'))[1])),
    'table: no rle': ("no column 'rle'", lambda d: masktable(d, cols='image_id,class_name,code,height,width')), 'table: no height': ('without height', lambda d: masktable(d, h='')), 'table: height huge': ('without height', lambda d: masktable(d, h='1e12')), 'table: odd': ('row 2: a run-length code with an odd', lambda d: masktable(d, '1 2 3')), 'table: another size': ('the film', lambda d: masktable(d, w='51')),
    'folder: none': ('no such folder', lambda d: MaskFolder(d/'n')), 'folder: empty': ('no PNG masks', lambda d: MaskFolder(d)), 'folder: not a picture': ('unreadable mask', lambda d: folder(d, b'no')), 'folder: a label of 9': ('value 9', lambda d: folder(d, png(np.full((60,50), 9, np.uint8)))), 'folder: another size': ('the film', lambda d: folder(d, png(np.zeros((9,9), np.uint8)))), 'folder: a film without one': ('no mask of b', lambda d: (folder(d, png(np.zeros((60,50), np.uint8))), MaskFolder(d).get('b'))), 'folder: an id that climbs': ('leaves the data folder', lambda d: (folder(d, png(np.zeros((60,50), np.uint8))), MaskFolder(d).get('../../x'))),
    'a heatmap that is code': ('a pickle that asks for', lambda d: evil(d)), 'a heatmap that is noise': ('not a heatmap', lambda d: ((d/'x.pkl').write_bytes(b'\x80\x04noise'), chexlocalize_map(d/'x.pkl'))), 'CheXlocalize: no JSON': ('not a CheXlocalize file', lambda d: chex(d, '[')), 'CheXlocalize: no films': ('none of 1 films', lambda d: chex(d, '{"patient1_study1_view1_frontal": {}}')),
})
class Evil:
    def __reduce__(self): return os.system, ('true',)
def evil(d):
    with open(d/'e.pkl', 'wb') as f: pickle.dump(dict(map=Evil()), f)
    return chexlocalize_map(d/'e.pkl')
def chex(d, text): (d/'CheXlocalize').mkdir(); (d/'CheXlocalize'/'gt_segmentations_test.json').write_text(text); return load_chexlocalize(d)

# ---- other sets, saved tables, caches
def one(d): save_dicom(d/'f'/'x.dcm', RAMP); f = pd.DataFrame(dict(study_id='x', patient_id='x', split='', view='', path='x.dcm'), index=pd.Index(['x'], name='image_id')); return Studies('One', d/'f', f, pd.DataFrame(index=f.index), pd.DataFrame(columns=['image_id','finding','reader',*BOX]))
def saved(d, name, b): save_studies(one(d), d/'s'); (d/'s'/name).write_bytes(b); return load_studies(d/'s')
def cached(d, name, b): c = prepare_cache(one(d), d/'c', 16, progress=False); (c/name).write_bytes(b); return Cache(c)[0]
each('set', {
    'a path that climbs': ('leaves the data folder', lambda d: (lambda s: (s.films.__setitem__('path', '../../etc/passwd'), s.read('x')))(one(d))), 'a path that is absolute': ('leaves the data folder', lambda d: (lambda s: (s.films.__setitem__('path', '/etc/passwd'), s.read('x')))(one(d))), 'a link to nowhere': ('no such file', lambda d: linked(d)), 'a path with a null': ('leaves the data folder', lambda d: safe_join(d, 'a\0b')),
    'NIH without its table': ('no such file', lambda d: load_nih(d)), 'NIH boxes without columns': ('no column for', lambda d: nih(d, 'Image Index,Finding Label\na,b\n')), 'MS-CXR: no JSON': ('not a table of MS-CXR', lambda d: ((d/'m.json').write_text('{'), load_mscxr(d/'m.json', d))), 'MS-CXR: a column missing': ("no column 'label_text'", lambda d: ((d/'m.csv').write_text('dicom_id,category_name\na,b\n'), load_mscxr(d/'m.csv', d))),
    'PadChest-GR: no JSON': ('not a PadChest-GR file', lambda d: ((d/'grounded_reports_1.json').write_text('{"a":'), load_padchest_gr(d))), 'ImaGenome: no graphs': ('no scene graphs', lambda d: load_imagenome(d, one(d))), 'a folder without films': ('no films in this folder', lambda d: load_folder(d)), 'an image twice in a table': ('twice', lambda d: (one(d), (d/'t.csv').write_text('image_id\nx\nx\n'), load_folder(d/'f', d/'t.csv'))), 'no folder': ('no such folder', lambda d: open_set(d/'n')),
    'COCO: no JSON': ('not a COCO file', lambda d: ((d/'c.json').write_text('no'), from_coco(d/'c.json', d))), 'COCO: no images': ('not a COCO file', lambda d: from_coco({}, d)), 'COCO: a path that climbs': ('leaves the data folder', lambda d: from_coco(dict(images=[dict(id=1, file_name='../x.png')], categories=[], annotations=[]), d)),
    'saved: damaged': ('damaged', lambda d: saved(d, 'studies.json', b'{')), 'saved: no Parquet': ('not a readable Parquet', lambda d: saved(d, 'boxes.parquet', b'no')), 'saved: not there': ('no saved studies', lambda d: load_studies(d)),
    'cache: not finished': ('no finished cache', lambda d: Cache(d)), 'cache: damaged settings': ('damaged', lambda d: cached(d, 'cache.json', b'{')), 'cache: damaged index': ('not a readable index', lambda d: cached(d, 'index.parquet', b'no')), 'cache: damaged shard': ('not a readable shard', lambda d: cached(d, 'shard-00000.safetensors', b'no')), 'cache: no film usable': ('none of 1 films', lambda d: (lambda s: ((d/'f'/'x.dcm').write_text('no'), prepare_cache(s, d/'c', 16, progress=False)))(one(d))),
    'REFLACX without its table': ('no such file', lambda d: load_reflacx(d, one(d))), 'REFLACX of other films': ('none of the films', lambda d: ((d/'metadata_phase_3.csv').write_text('id,dicom_id\nP1,nobody\n'), load_reflacx(d, one(d)))), 'SIIM without codes': ("no column 'EncodedPixels'", lambda d: ((d/'s.csv').write_text('ImageId,a\nx,1\n'), load_siim(d/'s.csv'))), 'SIIM: a code that is none': ('whole numbers', lambda d: ((d/'s.csv').write_text('ImageId, EncodedPixels\nx, 1 two\ny, -1\n'), rejected(load_siim(d/'s.csv', progress=False), 'whole numbers'))),
    'a folder of data sets': ('a folder of data sets', lambda d: (vindr(d), open_set(d))), 'an option of another set': ('sizes is for VinDr-CXR', lambda d: (one(d), open_set(d/'f', sizes='s.csv'))), 'guarded studies that choose': ('must not be used to choose', lambda d: guarded(d).check_choice()), 'a guarded truth': ('must not choose a threshold', lambda d: may_choose(type('Truth', (), dict(split='test', dataset='VinDr-CXR'))(), what='choose a threshold')), 'a word that is not the word': ('that is not the word', lambda d: guarded(d).unlock('please')),
    'geometry: a mask of another film': ('mask of shape', lambda d: Geometry(9, 9, 4).mask(torch.zeros(8, 8))), 'geometry: no size': ('no geometry', lambda d: Geometry(9, 9, 0)),
})
def nih(d, boxes): (d/'images').mkdir(); (d/'images'/'a.png').write_bytes(png()); (d/'Data_Entry_2017.csv').write_text('Image Index,Finding Labels\na.png,Hernia\n'); (d/'BBox_List_2017.csv').write_text(boxes); return load_nih(d)
def guarded(d): vindr(d, split='test', ann='image_id,class_name,x_min,y_min,x_max,y_max\na,Cardiomegaly,1,2,30,40\n', lab='image_id,Cardiomegaly,Pleural effusion\na,1,0\n'); return load_vindr(d/'v', 'test', progress=False)
def linked(d):
    "A film of an annex whose content was not fetched"
    s = one(d)
    (d/'f'/'y.dcm').symlink_to(d/'out'/'y.dcm')
    s.films['path'] = 'y.dcm'
    return s.read('x')

def test_every_case_is_rejected_by_name():
    bad = []
    for title,words,g in CASES:
        with tempfile.TemporaryDirectory() as o:
            try: g(Path(o)); bad.append(f'{title}: accepted')
            except BadInput as e:
                if words not in str(e): bad.append(f'{title}: {str(e)[-200:]!r} says nothing of {words!r}')
            except BaseException as e: bad.append(f'{title}: {type(e).__name__}: {str(e)[:200]}')
    print(f'{len(CASES)} malformed inputs, {len(CASES)-len(bad)} rejected by name'); assert not bad, '\n'.join(bad)

def test_there_are_enough_and_they_differ():
    assert len({t for t,_,_ in CASES}) == len(CASES) >= 80

if __name__ == '__main__': test_there_are_enough_and_they_differ(); test_every_case_is_rejected_by_name()
