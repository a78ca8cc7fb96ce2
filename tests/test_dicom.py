"""What a DICOM header says about its values, each against a reading of the standard that is worked out here, pixel by
pixel: modality LUT and rescale, VOI LUT and window, their order, both MONOCHROMEs, 8 to 16 bits, signed, padding,
spacing; and pydicom's and pydicom-data's own files."""
import itertools
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
import torch
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from cxr_weakloc.core import BadInput
from cxr_weakloc.films import read_film, read_square, save_dicom

warnings.simplefilter('ignore')
RANDOM = np.random.default_rng(0)
RISING = np.arange(480).reshape(20, 24)


# ---- writing films

def write(folder, values, bits=12, signed=False, **tags):
    "A film with stored `values` of any sign and depth; a tag that is None is taken out"
    path = Path(folder)/'x.dcm'
    save_dicom(path, np.zeros(values.shape, int), bits=bits)
    ds = pydicom.dcmread(path)
    ds.PixelRepresentation = int(signed)
    ds.PixelData = values.astype(f'<{"i" if signed else "u"}{1 if bits <= 8 else 2}').tobytes()
    for key, value in tags.items():
        if value is None: delattr(ds, key)
        elif key.startswith('PixelPadding'): ds.add_new(key, 'SS' if signed else 'US', value)
        else: setattr(ds, key, value)
    ds.save_as(path)
    return path


def lut(entries, first, bits=16):
    "A sequence with one look-up table, which begins with the value `first`"
    item = Dataset()
    item.add_new('LUTDescriptor', 'US', [len(entries), first, bits])
    item.add_new('LUTData', 'US', list(map(int, entries)))
    return Sequence([item])


# ---- the standard, pixel by pixel

def unit(x, take=True):
    "Min-max of what is taken"
    x = np.asarray(x, float)
    low, high = (f(x[np.broadcast_to(take, x.shape)]) for f in (np.min, np.max))
    return (x - low)/(high - low)


def looked_up(x, entries, first):
    "PS3.3 C.11.1.1.1: a value below the first has the first entry, one above the last the last"
    return np.asarray(entries)[np.clip(np.asarray(x) - first, 0, len(entries) - 1)]


def windowed(x, center, width):
    "PS3.3 C.11.2.1.2.1"
    x = np.asarray(x, float)
    line = (x - (center - .5))/(width - 1) + .5
    below, above = x <= center - .5 - (width - 1)/2, x > center - .5 + (width - 1)/2
    return np.where(below, 0, np.where(above, 1, line))


def assert_same(path, want, eps=2e-6):
    "The film is as wanted, and so is the short way of the cache"
    film = read_film(path).pixels.numpy()
    assert np.abs(film - want).max() < eps, np.abs(film - want).max()
    square, geometry, _, _ = read_square(path, 16)
    by_hand = geometry.image(torch.from_numpy(np.asarray(want, np.float32))).clamp(0, 1)
    assert (square.int() - (by_hand*255).round().int()).abs().max() <= 1


def written_as(values, want, bits=12, signed=False, eps=2e-6, **tags):
    "A film with these values and tags is read as wanted"
    with tempfile.TemporaryDirectory() as folder:
        assert_same(write(folder, values, bits, signed, **tags), want, eps)


# ---- tests

def test_bits_and_signs():
    "8 to 16 bits, signed and unsigned, both MONOCHROMEs: the film is the values' own range"
    for bits, signed, mono in itertools.product(range(8, 17), (False, True), (1, 2)):
        low, high = (-2**(bits - 1), 2**(bits - 1)) if signed else (0, 2**bits)
        values = RANDOM.integers(low, high, (20, 24))
        values[0, :2] = low, high - 1
        want = unit(values) if mono == 2 else 1 - unit(values)
        written_as(values, want, bits, signed, PhotometricInterpretation=f'MONOCHROME{mono}',
                   BitsStored=bits, HighBit=bits - 1)


def both_polarities(values, want, eps=2e-6, **tags):
    "As `written_as`, for both MONOCHROMEs; `want` in any unit"
    for mono, shown in ((1, 1 - unit(want)), (2, unit(want))):
        written_as(values, shown, eps=eps, PhotometricInterpretation=f'MONOCHROME{mono}', **tags)


def test_modality():
    "A modality LUT or a rescale alone"
    values, roots = RISING*8, (np.sqrt(np.arange(4096))*500).astype(int)
    both_polarities(values, looked_up(values, roots, 0), ModalityLUTSequence=lut(roots, 0))
    both_polarities(values, values*2.5 - 1000, RescaleSlope=2.5, RescaleIntercept=-1000)
    both_polarities(values, 4095 - values, RescaleSlope=-1, RescaleIntercept=4095)


def test_voi():
    "A VOI LUT or a window alone; the first view of several; a window that shows nothing counts as none"
    values, squares = RISING*8, np.minimum(np.arange(4096)**2//300, 50000)
    both_polarities(values, looked_up(values, squares, 0), VOILUTSequence=lut(squares, 0))
    both_polarities(values, windowed(values, 2000, 1500), WindowCenter=2000, WindowWidth=1500)
    both_polarities(values, 1/(1 + np.exp(-4*(values - 2000)/900)), eps=1e-5,
                    WindowCenter=2000, WindowWidth=900, VOILUTFunction='SIGMOID')
    both_polarities(values, looked_up(values, squares, 0), VOILUTSequence=lut(squares, 0),
                    WindowCenter=10, WindowWidth=5)   # both: the LUT
    both_polarities(values, windowed(values, 2000, 1500), WindowCenter=[2000, 1], WindowWidth=[1500, 1])
    for center, width in ((2000, 0), (2000, -5), ('', ''), (1e9, 1)):
        both_polarities(values, values, WindowCenter=center, WindowWidth=width)


def test_modality_then_voi():
    "Modality LUT or rescale first, then VOI LUT or window; the order matters"
    values, roots = RISING*8, (np.sqrt(np.arange(4096))*500).astype(int)
    physical, curve = looked_up(values, roots, 0), (np.linspace(0, 1, 30000)**2*60000).astype(int)
    both_polarities(values, windowed(values*2 - 500, 2000, 1500), RescaleSlope=2, RescaleIntercept=-500,
                    WindowCenter=2000, WindowWidth=1500)   # the window is of rescaled values
    other_order = windowed(values, 2000, 1500)*2 - 500
    assert np.abs(windowed(values*2 - 500, 2000, 1500) - other_order).max() > .1
    both_polarities(values, looked_up(physical, curve, 100), ModalityLUTSequence=lut(roots, 0),
                    VOILUTSequence=lut(curve, 100))        # a LUT of a LUT


def test_blank_window_after_lut():
    "A window in which nothing lies counts as none behind a modality LUT too"
    values, roots = RISING*8, (np.sqrt(np.arange(4096))*500).astype(int)
    both_polarities(values, looked_up(values, roots, 0), ModalityLUTSequence=lut(roots, 0),
                    WindowCenter=1e9, WindowWidth=1)


def test_padding():
    "Declared padding is black whatever the polarity, and takes no part in the stretch"
    values = 500 + RISING
    values[:4], values[:, :3] = 0, 0
    padding = values == 0
    for mono, tags in itertools.product((1, 2), ({}, dict(PixelPaddingRangeLimit=3))):
        shown = unit(values, ~padding)
        want = np.where(padding, 0, shown if mono == 2 else 1 - shown)
        written_as(values, want, PixelPaddingValue=0, PhotometricInterpretation=f'MONOCHROME{mono}', **tags)
    signed = values - 1000
    signed[padding] = -2000
    written_as(signed, np.where(padding, 0, unit(signed, ~padding)), 16, True, PixelPaddingValue=-2000)


def test_spacing():
    "Pixel spacing, or the imager's; zeros and negative ones mean that nobody knows"
    cases = [(dict(PixelSpacing=[.2, .1]), (.2, .1)), (dict(PixelSpacing=[0, 0]), None),
             (dict(PixelSpacing=[0, 0], ImagerPixelSpacing=[.15, .16]), (.15, .16)),
             (dict(ImagerPixelSpacing=[.1, .1]), (.1, .1)), (dict(PixelSpacing=[-1, 1]), None), (dict(), None)]
    with tempfile.TemporaryDirectory() as folder:
        for tags, want in cases:
            assert read_film(write(folder, RISING, **tags)).spacing == want


def test_frames():
    "Of several frames the one that was named; none by itself"
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, np.concatenate([RISING, RISING[::-1]]), Rows=20, NumberOfFrames=2)
        for frame, want in ((0, RISING), (1, RISING[::-1])):
            assert np.abs(read_film(path, frame=frame).pixels.numpy() - unit(want)).max() < 1e-6
        try:
            read_film(path)
        except BadInput as e:
            assert '2 frames' in str(e) and 'frame=0' in str(e)
        else:
            raise AssertionError('two frames were taken for one')


def test_transfer_syntax_missing():
    "A header without its transfer syntax, and a file without any meta information"
    with tempfile.TemporaryDirectory() as folder:
        content, other = write(folder, RISING).read_bytes(), Path(folder)/'y.dcm'
        at = content.index(b'1.2.840.10008.1.2.1\0')
        data_set = 132 + 12 + int.from_bytes(content[140:144], 'little')
        for changed in (content[:at] + b'\0'*20 + content[at + 20:], content[data_set:]):
            other.write_bytes(changed)
            assert np.abs(read_film(other).pixels.numpy() - unit(RISING)).max() < 1e-6


def test_real_tables():
    "pydicom's files with LUTs: as pydicom's own functions give them"
    tables = ('ModalityLUTSequence', 'VOILUTSequence', 'WindowCenter', 'RescaleSlope')
    n = 0
    for name in ('mlut_18.dcm', 'vlut_04.dcm', 'RG1_UNCR.dcm', 'RG1_J2KR.dcm'):
        path = get_testdata_file(name, download=False)
        ds = pydicom.dcmread(path)
        if not any(key in ds for key in tables): continue
        try:
            film = read_film(path, body_part=None).pixels.numpy()
        except BadInput:
            continue
        want = unit(apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds))
        if ds.PhotometricInterpretation == 'MONOCHROME1': want = 1 - want
        assert np.abs(film - want).max() < 1e-5, name
        n += 1
    assert n >= 2, n
    print(f'{n} real files with tables')


if __name__ == '__main__':
    for name, f in list(globals().items()):
        if name.startswith('test_'):
            f()
            print(name)
