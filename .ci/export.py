"All that is made from the notebooks, in the folder that holds this one: the package, all.py, the site's sidebar, the README"
import os, re, sys
from pathlib import Path
root = Path(__file__).resolve().parent.parent
os.chdir(root); os.environ.pop('IN_TEST', None)   # nbdev_export does nothing when it believes itself under test
sys.path.insert(0, str(root/'.ci'))
import json
from nbdev.config import get_config
from nbdev.doclinks import nbdev_export, nbglob
from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
import readme

def modules()->list:
    "Names of the modules that the notebooks define, in the notebooks' order"
    code = (''.join(c['source']) for f in nbglob(as_path=True).sorted('name') for c in json.loads(f.read_text(encoding='utf-8'))['cells']
            if c['cell_type'] == 'code')
    return [m[1] for s in code if (m := re.match(r'#\|\s*default_exp\s+(\S+)', s))]

if __name__ == '__main__':
    (get_config().lib_path/'all.py').write_text(''.join(f'from .{m} import *\n' for m in modules()))
    nbdev_export.__wrapped__()
    nbdev_sidebar.__wrapped__(force=True)
    refresh_quarto_yml()                          # nbs/nbdev.yml
    if (root/readme.NB).exists(): readme.write(root)
