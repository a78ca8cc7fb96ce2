"""What `prepare` costs, beside bare decoding and resizing of the same files in the same run; how it scales; what it
needs of memory; how fast a million-row table is.

    python benchmarks/prepare.py [cost] [scale] [memory] [table]     default: all; on a quiet machine with two cores

The floor decodes with pydicom (its own choice of decoder) or Pillow, turns the pixels into float32 and resizes them
with torch's antialiased bilinear filter; nothing else. It applies no LUT or window, checks nothing, hashes nothing,
writes nothing. Both run on one core, by turns, on the real chest film of pydicom-data as it is shipped uncompressed and
in JPEG 2000 (as VinDr-CXR and MIMIC-CXR have them) and as a JPEG (as MIMIC-CXR-JPG has it)."""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ[name] = '1'   # before anything imports numpy

import numpy as np   # noqa: E402
import pandas as pd   # noqa: E402
import pydicom   # noqa: E402
import torch   # noqa: E402
import torch.nn.functional as F   # noqa: E402
from PIL import Image   # noqa: E402
from pydicom.data import get_testdata_file   # noqa: E402

from cxr_weakloc.core import start_worker   # noqa: E402
from cxr_weakloc.data import Studies, load_studies, prepare_cache, save_studies   # noqa: E402
from cxr_weakloc.films import read_film, save_dicom   # noqa: E402

torch.set_num_threads(1)
SIZE = 224


def studies_of(root, paths):
    "Films as studies, each of a patient of its own"
    ids = [f'{i:06}' for i in range(len(paths))]
    films = pd.DataFrame(dict(study_id=ids, patient_id=ids, split='train', view='PA', path=paths),
                         index=pd.Index(ids, name='image_id'))
    return Studies('Benchmark', root, films, None, None)


def chest(name):
    return get_testdata_file(name, download=False)


def dicom_films(d, kind, name, n):
    "The film so many times: sixteen copies, and links to them"
    data = Path(chest(name)).read_bytes()
    for i in range(n):
        path = d/f'{kind}{i}.dcm'
        if i < 16:
            path.write_bytes(data)
        else:
            os.link(d/f'{kind}{i % 16}.dcm', path)
    return studies_of(d, [f'{kind}{i}.dcm' for i in range(n)])


def jpeg_films(d, n):
    pixels = (read_film(chest('RG1_UNCR.dcm')).pixels*255).byte().numpy()
    for i in range(n):
        Image.fromarray(pixels).save(d/f'{i}.jpg', quality=95)
    return studies_of(d, [f'{i}.jpg' for i in range(n)])


def films(d, n):
    "Kind -> studies of `n` films (fewer in JPEG 2000, which takes its time)"
    return dict(
        uncompressed=dicom_films(d, 'uncompressed', 'RG1_UNCR.dcm', n),
        jpeg2000=dicom_films(d, 'jpeg2000', 'RG1_J2KR.dcm', max(4, n//24)),
        jpeg=jpeg_films(d, n))


def floor(studies):
    "Seconds for decoding and resizing alone"
    start = time.perf_counter()
    for path in studies.films.path:
        file = studies.root/path
        pixels = np.asarray(Image.open(file)) if path.endswith('.jpg') else pydicom.dcmread(file).pixel_array
        h, w = pixels.shape
        k = SIZE/max(h, w)
        x = torch.from_numpy(pixels.astype(np.float32))[None, None]
        F.interpolate(x, (round(h*k), round(w*k)), mode='bilinear', antialias=True)
    return time.perf_counter() - start


def ours(studies, out, workers=1):
    "Seconds for `prepare_cache`"
    start = time.perf_counter()
    prepare_cache(studies, out, SIZE, workers=workers, progress=False)
    return time.perf_counter() - start


def by_turns(studies, out, runs):
    "[(seconds of the floor, of ours)]: what else the machine does meets both alike"
    times = []
    for r in range(runs):
        if r % 2:
            bare = floor(studies)
            times.append((bare, ours(studies, out/f'{r}')))
        else:
            mine = ours(studies, out/f'{r}')
            times.append((floor(studies), mine))
    return times


def cost(d, n=96, runs=7):
    start_worker(os.getppid())   # memory kept as in a worker, for both; and one core
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    total = np.zeros(2)
    for kind, studies in films(d, n).items():
        by_turns(studies.subset(studies.ids[:2]), d/f'warm-{kind}', 1)
        times = by_turns(studies, d/f'c-{kind}', runs if kind != 'jpeg2000' else 5)
        bare, mine = (median(t)/len(studies)*1e3 for t in zip(*times))
        total += bare, mine
        ratio = median(b/a for a, b in times)
        print(f'{kind}_floor_ms {bare:.2f}\n{kind}_prepare_ms {mine:.2f}\n{kind}_ratio {ratio:.3f}', flush=True)
    print(f'all_ratio {total[1]/total[0]:.3f}', flush=True)


def scale(d, n=192, runs=3):
    few = dicom_films(d, 'jpeg2000', 'RG1_J2KR.dcm', 4)
    studies, times = studies_of(d, list(few.films.path)*(n//4)), {1: [], 2: []}
    for r in range(runs):
        for workers in times:
            times[workers].append(ours(studies, d/f's-{workers}-{r}', workers))
    one, two = (median(t) for t in times.values())
    print(f'one_worker_films_per_s {n/one:.1f}\ntwo_workers_films_per_s {n/two:.1f}\nscaling_on_two {one/two:.2f}',
          flush=True)


def resident(pid):
    "kB of a process and its children; memory that processes share counts once"
    try:
        with open(f'/proc/{pid}/smaps_rollup') as f:
            own = sum(int(line.split()[1]) for line in f if line.startswith('Pss:'))
        children = [int(k) for t in os.listdir(f'/proc/{pid}/task')
                    for k in Path(f'/proc/{pid}/task/{t}/children').read_text().split()]
    except OSError:   # it has just ended
        return 0
    return own + sum(map(resident, children))


def peak(code):
    "MiB of a process and its children together, at most"
    process, most = subprocess.Popen([sys.executable, '-c', code]), 0
    while process.poll() is None:
        most = max(most, resident(process.pid))
        time.sleep(.05)
    if process.returncode:
        raise SystemExit('the run failed')
    return most/1024


def memory(d, counts=(200, 5000)):
    g = np.random.default_rng(0)
    for i in range(20):
        save_dicom(d/'m'/f'{i}.dcm', g.integers(0, 4096, (1024, 1024)))
    for n in counts:
        for i in range(n):
            if not (d/'m'/f'n{i}.dcm').exists():
                os.link(d/'m'/f'{i % 20}.dcm', d/'m'/f'n{i}.dcm')
        saved = d/f'saved{n}'
        save_studies(studies_of(d/'m', [f'n{i}.dcm' for i in range(n)]), saved)
        code = (f'from cxr_weakloc.data import load_studies, prepare_cache; '
                f'prepare_cache(load_studies({str(saved)!r}), {str(d/"mc")!r}, {SIZE}, workers=2, progress=False)')
        print(f'memory_mib_{n}_studies {peak(code):.0f}', flush=True)


def million(d, n):
    "Studies of `n` films, saved"
    g = np.random.default_rng(0)
    ids = np.array([f'{i:032x}' for i in range(n)])
    films = pd.DataFrame(dict(
        study_id=[f's{i//2}' for i in range(n)], patient_id=[f'p{i}' for i in g.integers(0, n//4, n)],
        split=g.choice(['train', 'validate', 'test'], n), view=g.choice(['PA', 'AP', 'LATERAL'], n),
        path=[f'files/{i}.jpg' for i in range(n)]), index=pd.Index(ids, name='image_id'))
    boxes = pd.DataFrame(dict(image_id=ids[g.integers(0, n, n//5)], finding='Cardiomegaly', reader='R1',
                              x_min=1., y_min=2., x_max=3., y_max=4.))
    labels = pd.DataFrame({'Cardiomegaly': g.choice([0., 1, -1, np.nan], n)}, index=films.index)
    return save_studies(Studies('Million', d, films, labels, boxes), d/'million')


def table(d, n=10**6):
    million(d, n)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        studies = load_studies(d/'million')
        loaded = time.perf_counter()
        frontal = studies.where(split='train', view=('PA', 'AP'))
        times.append((loaded - start, time.perf_counter() - loaded))
        assert 0 < len(frontal) < n and set(frontal.films['view'].unique()) == {'PA', 'AP'}
    load, where = (median(t) for t in zip(*times))
    print(f'million_rows_load_s {load:.2f}\nmillion_rows_filter_s {where:.2f}\nmillion_rows_total_s {load + where:.2f}',
          flush=True)


MEASURES = dict(cost=cost, scale=scale, memory=memory, table=table)

if __name__ == '__main__':
    if sys.argv[1:2] in (['-h'], ['--help']):
        sys.exit(print(__doc__))
    for name in sys.argv[1:] or MEASURES:
        with tempfile.TemporaryDirectory() as folder:
            MEASURES[name](Path(folder))
