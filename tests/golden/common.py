"How golden values are packed: arrays into one npz (no pickle), tables into csv with every digit. Nothing here imports the package"
import io, json, zipfile
from pathlib import Path
import numpy as np, pandas as pd, torch

HERE = Path(__file__).parent

def flat(o, name=''): # nested dicts, lists, named tuples, tensors, frames -> {path: array}; None is left out
    if o is None: return {}
    if torch.is_tensor(o): return {name: o.detach().cpu().numpy()}
    if isinstance(o, pd.DataFrame): return {k: v for c in o.columns for k,v in flat(o[c].to_numpy() if o[c].dtype != object else o[c].astype(str).to_numpy().astype(str), f'{name}/{c}').items()}
    if isinstance(o, pd.Series): return flat(o.to_numpy(), name)
    if hasattr(o, '_asdict'): return flat(o._asdict(), name)
    if isinstance(o, dict): return {k: v for n,x in o.items() for k,v in flat(x, f'{name}/{n}' if name else str(n)).items()}
    if isinstance(o, (list,tuple)):
        if o and all(isinstance(x, np.ndarray) and x.ndim == 2 and x.shape[1] == 4 for x in o): return {f'{name}.flat': np.concatenate(o), f'{name}.count': np.array([len(x) for x in o])}  # boxes per film
        if o and all(isinstance(x, str) for x in o): return {name: np.array(o)}
        if o and all(isinstance(x, (int,float,np.generic)) for x in o): return {name: np.array(o)}
        return {k: v for n,x in enumerate(o) for k,v in flat(x, f'{name}/{n}').items()}
    a = np.asarray(o)
    if a.dtype == object: a = a.astype(str)
    return {name: a}

def boxes_of(z, name): # the list of arrays (m,4) that `flat` packed
    n = z[f'{name}.count']; return np.split(z[f'{name}.flat'], np.cumsum(n)[:-1])

def save(file, d): # npz, compressed, the same bytes every time
    with zipfile.ZipFile(HERE/file, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for k,v in flat(d).items():
            b = io.BytesIO(); np.lib.format.write_array(b, np.asarray(v), allow_pickle=False)
            z.writestr(zipfile.ZipInfo(f'{k}.npy', (2020,1,1,0,0,0)), b.getvalue(), zipfile.ZIP_DEFLATED, 9)

def load(file): return dict(np.load(HERE/file, allow_pickle=False))
def save_csv(file, d): (HERE/file).parent.mkdir(parents=True, exist_ok=True); d.to_csv(HERE/file, index=False, float_format='%.17g', **(dict(compression=dict(method='gzip', mtime=0)) if file.endswith('.gz') else {}))
def load_csv(file, **kw): return pd.read_csv(HERE/file, float_precision='round_trip', **kw)
def save_json(file, d): (HERE/file).write_text(json.dumps(d, indent=1, sort_keys=True, default=lambda o: o.tolist() if hasattr(o, 'tolist') else str(o)) + '\n')
