"""Memory of pretraining from films on disk: benchmarks/results/stream.csv

Columns: pairs, films (on disk: `stream_films`; in memory: `load_films`), steps, mb_before (resident memory when all is
imported), mb_peak (greatest resident memory of the process). Each row is a process of its own that pretrains a tiny
ALBEF for one epoch on so many pairs of made films (64 px) and reports, from a cache in the layout of `prepare`. What
else grows with the pairs (tables of films and reports are in memory) was not taken apart.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

SIDE = 64
SAID = ('The heart is enlarged.', 'The heart is of normal size.', 'There is a left pleural effusion.',
        'No pleural effusion.', 'The lungs are clear.')


def made_studies(root, n, first=0):
    "Studies with reports; their films are in the cache alone"
    import cxr_weakloc.data.reports  # noqa: F401  (studies learn to read reports)
    from cxr_weakloc.data import Studies
    ids = [f'film{i:06}' for i in range(first, first + n)]
    films = pd.DataFrame(dict(study_id=[f's{i}' for i in ids], patient_id=ids, split='train', view='PA',
                              path=[f'{i}.png' for i in ids]), index=pd.Index(ids, name='image_id'))
    g = np.random.default_rng(first)
    findings = ('Cardiomegaly', 'Pleural effusion')
    labels = pd.DataFrame({name: g.integers(0, 2, n) for name in findings}, index=films.index)
    (root/'reports').mkdir(exist_ok=True)
    for study_id, which in zip(films.study_id, g.integers(0, len(SAID), (n, 2))):
        (root/'reports'/f'{study_id}.txt').write_text(f'FINDINGS: {SAID[which[0]]} {SAID[which[1]]}\n')
    paths = pd.Series([f'{s}.txt' for s in films.study_id], index=pd.Index(films.study_id))
    return Studies('made', root, films, labels, None, paths, root/'reports')


def made_cache(studies, folder):
    "A cache as `prepare` leaves it, of noise"
    import torch
    from safetensors.torch import save_file

    from cxr_weakloc.core import write_json
    from cxr_weakloc.data import Outcome, Recipe, cache_settings
    folder.mkdir(parents=True)
    g, rows = torch.Generator().manual_seed(0), []
    films = list(studies.films.path.items())
    for shard, at in enumerate(range(0, len(films), 32)):
        part = [Outcome(image_id, path, height=SIDE, width=SIDE) for image_id, path in films[at:at + 32]]
        images = torch.randint(0, 256, (len(part), SIDE, SIDE), dtype=torch.uint8, generator=g)
        told = json.dumps([asdict(o) for o in part])
        save_file(dict(images=images), folder/f'shard-{shard:05}.safetensors', metadata=dict(rows=told))
        rows += [(o.id, shard, row, SIDE, SIDE, '', '') for row, o in enumerate(part)]
    columns = ['image_id', 'shard', 'row', 'height', 'width', 'reason', 'digest']
    pd.DataFrame(rows, columns=columns).to_parquet(folder/'index.parquet')
    write_json(folder/'cache.json', cache_settings(studies, Recipe(SIDE)) | dict(used=len(films), rejected={}))


def resident(which) -> float:
    "VmRSS or VmHWM of this process, MB"
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which))/1024


def one(n, films, folder):
    "A row of the table, in this process"
    import torch

    from cxr_weakloc.data import load_films, stream_films
    from cxr_weakloc.models import PretrainConfig, VLMConfig, pretrain
    torch.set_num_threads(1)
    studies, others = made_studies(folder, n), made_studies(folder, 64, first=900_000)
    take = stream_films if films == 'on disk' else load_films
    shape = VLMConfig(image_size=SIDE, dim=16, heads=2, vision_layers=1, text_layers=1, fusion_layers=1, embed_dim=8)
    cfg = PretrainConfig((32,), (1,), (1e-3,), word_epochs=0, bs=64, queue=64)
    valid = load_films(others, SIDE, cache=folder/'valid')
    before = resident('VmRSS')
    pretrain(take(studies, SIDE, cache=folder/'train'), valid, folder/'model', cfg, shape, device='cpu')
    return dict(pairs=n, films=films, steps=n//64, mb_before=round(before), mb_peak=round(resident('VmHWM')))


def main():
    "Each row in a process of its own"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default=Path(__file__).parent/'results'/'stream.csv', type=Path)
    parser.add_argument('--one', nargs=3, help='pairs, films, folder: a row, by itself')
    parser.add_argument('--pairs', nargs='*', type=int, default=[500, 20_000])
    a = parser.parse_args()
    if a.one:
        print(json.dumps(one(int(a.one[0]), a.one[1], Path(a.one[2]))))
        return
    rows = []
    for n in a.pairs:
        with tempfile.TemporaryDirectory() as d:
            made_cache(made_studies(Path(d), n), Path(d)/'train')
            made_cache(made_studies(Path(d), 64, first=900_000), Path(d)/'valid')
            for films in ('on disk', 'in memory'):
                command = [sys.executable, __file__, '--one', str(n), films, d]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                rows.append(json.loads(done.stdout.splitlines()[-1]))
                print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(a.out, index=False)
    print(a.out)


if __name__ == '__main__':
    main()
