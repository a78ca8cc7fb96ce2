"""What a DICOM header says about its values, each against a reading of the standard that is worked out here, pixel by pixel: modality LUT and rescale, VOI LUT and window,
their order, both MONOCHROMEs, 8 to 16 bits, signed, padding, spacing; and pydicom's and pydicom-data's own files."""
import itertools, tempfile, warnings
from pathlib import Path
import numpy as np, pydicom, torch
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian
from cxr_weakloc.core import BadInput
from cxr_weakloc.films.images import read_film, read_square, save_dicom

warnings.simplefilter('ignore')
def unit(x, ok=True): x = np.asarray(x, float); lo,hi = x[np.broadcast_to(ok, x.shape)].min(),x[np.broadcast_to(ok, x.shape)].max(); return (x-lo)/(hi-lo)

def write(d, a, bits=12, signed=False, **tags):
    "A film with stored values `a` of any sign and depth"
    p = Path(d)/'x.dcm'; save_dicom(p, np.zeros(a.shape, int), bits=bits); ds = pydicom.dcmread(p); word = 8 if bits <= 8 else 16
    ds.PixelRepresentation = int(signed); ds.PixelData = a.astype(f'<{"i" if signed else "u"}{word//8}').tobytes()
    for k,v in tags.items():
        if v is None: delattr(ds, k)
        elif k.startswith('PixelPadding'): ds.add_new(k, 'SS' if signed else 'US', v)
        else: setattr(ds, k, v)
    ds.save_as(p); return p

def lut(values, first, bits=16, signed=False):
    o = Dataset(); o.add_new(0x00283002, 'SS' if signed else 'US', [len(values), first, bits]); o.add_new(0x00283006, 'US', list(map(int, values))); return Sequence([o])

def looked_up(x, values, first): return np.asarray(values)[np.clip(np.asarray(x)-first, 0, len(values)-1)]       # below the first value its entry, above the last one the last: PS3.3 C.11.1.1.1

def windowed(x, c, w): # PS3.3 C.11.2.1.2.1
    x = np.asarray(x, float); return np.where(x <= c-.5-(w-1)/2, 0, np.where(x > c-.5+(w-1)/2, 1, (x-(c-.5))/(w-1)+.5))

def same(p, want, eps=2e-6):
    f = read_film(p).pixels.numpy(); assert np.abs(f-want).max() < eps, np.abs(f-want).max()
    x,g,_,_ = read_square(p, 16); y = (g.image(torch.from_numpy(np.asarray(want, np.float32))).clamp(0,1)*255).round(); assert (x.int()-y.int()).abs().max() <= 1      # and the short way of the cache

G = np.random.default_rng(0)
def test_bits_and_signs():
    "8 to 16 bits, signed and unsigned, both MONOCHROMEs: the film is the values' own range"
    for bits,signed,mono in itertools.product(range(8, 17), (False, True), (1, 2)):
        lo,hi = (-2**(bits-1), 2**(bits-1)) if signed else (0, 2**bits); a = G.integers(lo, hi, (20,24)); a[0,:2] = lo,hi-1
        with tempfile.TemporaryDirectory() as d: same(write(d, a, bits, signed, PhotometricInterpretation=f'MONOCHROME{mono}', BitsStored=bits, HighBit=bits-1), unit(a) if mono==2 else 1-unit(a))

def test_modality_then_voi():
    "Modality LUT or rescale first, then VOI LUT or window, then polarity: each alone, each pair, and that the order matters"
    a = np.arange(480).reshape(20,24)*8; mv = np.sqrt(np.arange(4096))*500; vv = (np.linspace(0, 1, 30000)**2*60000).astype(int); vs = np.minimum(np.arange(4096)**2//300, 50000)
    for mono in (1, 2):
        end = lambda x: unit(x) if mono==2 else 1-unit(x); kw = dict(PhotometricInterpretation=f'MONOCHROME{mono}'); mod = looked_up(a, mv.astype(int), 0)
        with tempfile.TemporaryDirectory() as d:
            same(write(d, a, ModalityLUTSequence=lut(mv.astype(int), 0), **kw), end(mod))
            same(write(d, a, RescaleSlope=2.5, RescaleIntercept=-1000, **kw), end(a*2.5-1000)); same(write(d, a, RescaleSlope=-1, RescaleIntercept=4095, **kw), end(4095-a))
            same(write(d, a, VOILUTSequence=lut(vs, 0), **kw), end(looked_up(a, vs, 0)))
            same(write(d, a, WindowCenter=2000, WindowWidth=1500, **kw), end(windowed(a, 2000, 1500)))
            same(write(d, a, RescaleSlope=2, RescaleIntercept=-500, WindowCenter=2000, WindowWidth=1500, **kw), end(windowed(a*2-500, 2000, 1500)))          # the window is of rescaled values
            assert np.abs(windowed(a*2-500, 2000, 1500)-(windowed(a, 2000, 1500)*2-500)).max() > .1
            same(write(d, a, ModalityLUTSequence=lut(mv.astype(int), 0), VOILUTSequence=lut(vv, 100), **kw), end(looked_up(mod, vv, 100)))                         # LUT of a LUT
            same(write(d, a, VOILUTSequence=lut(vs, 0), WindowCenter=10, WindowWidth=5, **kw), end(looked_up(a, vs, 0)))                                        # both: the LUT, the first view
            same(write(d, a, WindowCenter=2000, WindowWidth=900, VOILUTFunction='SIGMOID', **kw), end(1/(1+np.exp(-4*(a-2000)/900))), 1e-5)
            same(write(d, a, WindowCenter=[2000,1], WindowWidth=[1500,1], **kw), end(windowed(a, 2000, 1500)))                                                  # the first of several
            for c,w in ((2000,0), (2000,-5), ('',''), (1e9,1)): same(write(d, a, WindowCenter=c, WindowWidth=w, **kw), end(a))                                     # a window that shows nothing counts as none

def test_padding():
    "Declared padding is black whatever the polarity, and takes no part in the stretch"
    a = 500 + np.arange(480).reshape(20,24); a[:4] = 0; a[:,:3] = 0; pad = a==0
    for mono,(lo,hi) in itertools.product((1,2), ((0,None), (0,3))):
        with tempfile.TemporaryDirectory() as d:
            x = unit(a, ~pad); want = np.where(pad, 0, x if mono==2 else 1-x); same(write(d, a, PixelPaddingValue=lo, **({} if hi is None else dict(PixelPaddingRangeLimit=hi)), PhotometricInterpretation=f'MONOCHROME{mono}'), want)
    with tempfile.TemporaryDirectory() as d: b = a-1000; b[pad] = -2000; same(write(d, b, 16, True, PixelPaddingValue=-2000), np.where(pad, 0, unit(b, ~pad)))   # signed

def test_spacing_and_frames():
    with tempfile.TemporaryDirectory() as d:
        a = np.arange(480).reshape(20,24)
        for kw,want in ((dict(PixelSpacing=[.2,.1]), (.2,.1)), (dict(PixelSpacing=[0,0]), None), (dict(PixelSpacing=[0,0], ImagerPixelSpacing=[.15,.16]), (.15,.16)), (dict(ImagerPixelSpacing=[.1,.1]), (.1,.1)), (dict(PixelSpacing=[-1,1]), None), (dict(), None)): assert read_film(write(d, a, **kw)).spacing == want
        p = write(d, np.concatenate([a, a[::-1]]), Rows=20, NumberOfFrames=2)
        for k,want in ((0, a), (1, a[::-1])): assert np.abs(read_film(p, frame=k).pixels.numpy()-unit(want)).max() < 1e-6
        try: read_film(p); raise AssertionError('two frames were taken for one')
        except BadInput as e: assert '2 frames' in str(e) and 'frame=0' in str(e)

def test_transfer_syntax_missing():
    with tempfile.TemporaryDirectory() as d:
        a = np.arange(480).reshape(20,24); p = write(d, a); ds = pydicom.dcmread(p); b = p.read_bytes(); q = Path(d)/'y.dcm'; i = b.index(b'1.2.840.10008.1.2.1\0'); q.write_bytes(b[:i] + b'\0'*20 + b[i+20:]); assert np.abs(read_film(q).pixels.numpy()-unit(a)).max() < 1e-6
        q.write_bytes(b[132 + 12 + int.from_bytes(b[140:144], 'little'):]); assert np.abs(read_film(q).pixels.numpy()-unit(a)).max() < 1e-6

def test_real_tables():
    "pydicom's files with LUTs: as pydicom's own functions give them"
    from pydicom.pixels import apply_modality_lut, apply_voi_lut
    n = 0
    for name in ('mlut_18.dcm','vlut_04.dcm','RG1_UNCR.dcm','RG1_J2KR.dcm'):
        f = get_testdata_file(name, download=False); ds = pydicom.dcmread(f)
        if not any(k in ds for k in ('ModalityLUTSequence','VOILUTSequence','WindowCenter','RescaleSlope')): continue
        try: x = read_film(f, body_part=None).pixels.numpy()
        except BadInput: continue
        y = unit(apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds)); assert np.abs(x-(1-y if ds.PhotometricInterpretation=='MONOCHROME1' else y)).max() < 1e-5, name; n += 1
    assert n >= 2, n; print(f'{n} real files with tables')

if __name__ == '__main__':
    for k,f in list(globals().items()):
        if k.startswith('test_'): f(); print(k)
