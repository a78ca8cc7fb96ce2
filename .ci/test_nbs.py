"Run every notebook, check that all that is made from them is in step, and say honestly how it went: `N passed, N failed`"
import argparse, ast, configparser, json, os, re, shutil, subprocess, sys, tempfile, time, traceback
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB,NBS = ROOT/'cxr_weakloc', ROOT/'nbs'
LIMIT = 1800 # seconds for one notebook; the longest takes under a minute, so this only ends what hangs
ENV = dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', TOKENIZERS_PARALLELISM='false',
           HF_HUB_OFFLINE='1', MPLBACKEND='agg', PYTHONUNBUFFERED='1')
_ansi = re.compile(r'\x1b\[[0-9;]*m')

def notebooks(root=ROOT): return sorted(p for p in (root/'nbs').glob('*.ipynb') if p.name[0] not in '_.')
def cells(fn, kind='code'): return [c for c in json.loads(fn.read_text(encoding='utf-8'))['cells'] if c['cell_type'] == kind]
def source(cell): return ''.join(cell['source'])

# ---- in a process of its own: one notebook, or one script of tests/

def run_notebook(fn:Path)->bool:
    "Run the notebook at `fn`; the error, if any, goes to stderr in full"
    from nbdev.config import get_config
    from nbdev.test import test_nb
    os.chdir(NBS)
    ok,secs = test_nb(fn, skip_flags=get_config().tst_flags.split(), basepath=ROOT)
    if ok and not secs:
        print('no cell was run (skip_exec in its front matter?): a notebook that does not run is not tested', file=sys.stderr); return False
    return ok

def run_script(fn:Path)->bool:
    "Call each function `test_*` of a script in tests/, without arguments"
    import runpy
    sys.path.insert(0, str(ROOT))
    fs = {k:v for k,v in runpy.run_path(str(fn)).items() if k.startswith('test_') and callable(v)}
    bad = 0 if fs else 1
    if not fs: print('no function called test_*', file=sys.stderr)
    for k,f in fs.items():
        try: f()
        except BaseException: bad += 1; print(f'-- {k}\n{traceback.format_exc()}', file=sys.stderr)
    return not bad

def in_process(fn:Path)->tuple:
    "(name, ok, seconds, what it printed) of `fn`, run in a process of its own"
    start = time.time()
    try:
        p = subprocess.run([sys.executable, __file__, '--one', str(fn)], cwd=ROOT, env={**os.environ, **ENV}, timeout=LIMIT,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ok,out = p.returncode == 0, p.stdout.decode(errors='replace')
        if p.returncode < 0: out += f'\nended by signal {-p.returncode}'
    except subprocess.TimeoutExpired as e: ok,out = False, (e.stdout or b'').decode(errors='replace') + f'\nstill running after {LIMIT} s'
    return fn.relative_to(ROOT).as_posix(), ok, time.time()-start, _ansi.sub('', out).strip()

# ---- checks of what is in the repository: each returns a list of complaints

def fresh()->Path:
    "A copy of the repository in which all that is generated has been generated anew"
    d = Path(tempfile.mkdtemp(prefix='cxr_weakloc_')); hide = shutil.ignore_patterns('.*', '_*', 'index_files')
    shutil.copytree(NBS, d/'nbs', ignore=hide)
    shutil.copytree(ROOT/'.ci', d/'.ci', ignore=shutil.ignore_patterns('__pycache__'))
    (d/LIB.name).mkdir()
    for f in ('settings.ini', '_quarto.yml', f'{LIB.name}/__init__.py'): shutil.copy(ROOT/f, d/f)
    (d/'nbs/_quarto.yml').symlink_to('../_quarto.yml')
    p = subprocess.run([sys.executable, '.ci/export.py'], cwd=d, capture_output=True, text=True)
    if p.returncode: raise RuntimeError(f'the export failed:\n{p.stdout}{p.stderr}')
    subprocess.run([Path(sys.executable).parent/'nbdev_clean'], cwd=d, check=True, capture_output=True)
    return d

def differs(new:Path, globs, mend)->list:
    "Files under `globs` that are not the same, byte for byte, in `new` as here"
    names = sorted({p.relative_to(r).as_posix() for r in (ROOT, new) for g in globs for p in r.glob(g)})
    def state(n):
        if not (new/n).exists(): return 'is made by no notebook'
        if not (ROOT/n).exists(): return 'is missing'
        return None if (new/n).read_bytes() == (ROOT/n).read_bytes() else 'is out of step'
    return [f'{n} {s}: {mend}' for n in names if (s := state(n))]

def check_package(new): return differs(new, [f'{LIB.name}/**/*.py'], 'run make export, or delete what is left over')
def check_readme(new): return differs(new, ['README.md', 'index_files/*'], 'run make export')
def check_site(new): return differs(new, ['nbs/sidebar.yml', 'nbs/nbdev.yml'], 'run make export')
def check_clean(new): return differs(new, ['nbs/*.ipynb'], 'run nbdev_clean')

def check_docs(new):
    "nbdev can prepare every notebook for the site: all that `make docs` does before Quarto"
    p = subprocess.run([sys.executable, '.ci/docs.py', '--check'], cwd=new, env={**os.environ, **ENV}, capture_output=True, text=True)
    if p.returncode: return _ansi.sub('', p.stdout + p.stderr).splitlines()
    return [f'{f.name} was not prepared' for f in notebooks() if not (new/'_proc'/f.name).exists()]

def check_outputs(new):
    "Every notebook was committed with its outputs, and none of them is an error"
    res = []
    for f in notebooks():
        outs = [o for c in cells(f) for o in c['outputs']]
        if not outs and cells(f): res.append(f'{f.name} has no outputs: run it and keep them')
        res += [f"{f.name} shows an error: {o['ename']}: {o['evalue']}" for o in outs if o['output_type'] == 'error']
    return res

def check_names(new):
    "No two modules export the same name: all.py would keep only the last"
    seen,res = {},[]
    for f in notebooks():
        for m in (re.match(r'#\|\s*default_exp\s+(\S+)', source(c)) for c in cells(f)):
            if not m or not (LIB/f'{m[1].replace(".", "/")}.py').exists(): continue
            for o in ast.parse((LIB/f'{m[1].replace(".", "/")}.py').read_text()).body:
                if isinstance(o, ast.Assign) and getattr(o.targets[0], 'id', '') == '__all__':
                    for n in ast.literal_eval(o.value):
                        if n in seen: res.append(f'{n} is exported by both {seen[n]} and {m[1]}')
                        seen[n] = m[1]
    return res

def imports(code:str)->dict:
    "Packages that `code` imports: name -> True if some of it does so as soon as it is loaded, not only inside a function"
    res = {}
    def walk(node, eager):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)): eager = False
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        for n in names: res[n.split('.')[0]] = res.get(n.split('.')[0], False) or eager
        for o in ast.iter_child_nodes(node): walk(o, eager)
    walk(ast.parse(code), True)
    return {k:v for k,v in res.items() if k not in sys.stdlib_module_names and k != LIB.name}

def check_requirements(new):
    "settings.ini asks for all that the package imports; what only a function or a notebook needs may stand in dev_requirements"
    cfg = configparser.ConfigParser(delimiters=['=']); cfg.read(ROOT/'settings.ini')
    norm = lambda s: re.sub(r'[-_.]+', '-', s).lower()
    asked = lambda k: {norm(re.split(r'[<>=!~\[]', o)[0]) for o in cfg['DEFAULT'][k].split()}
    run,dev = asked('requirements'), asked('requirements') | asked('dev_requirements') | {'ipython'}
    dists,res = packages_distributions(),[]
    codes = {f.name: imports(f.read_text(encoding='utf-8')) for f in LIB.rglob('*.py')}
    for f in notebooks():   # a shell line or magic is no Python
        code = '\n'.join(re.sub(r'^\s*[%!].*', 'pass', source(c), flags=re.M) for c in cells(f) if not source(c).startswith('%%'))
        codes[f.name] = {k: False for k in imports(code)}
    for f,names in codes.items():
        for n,eager in names.items():
            if n in dists and not (run if eager else dev) & set(map(norm, dists[n])): res.append(f'{f} imports {n}: add {dists[n][0]} to settings.ini')
    return res

def check_links(new):
    "What the README links to in this repository is there"
    links = re.findall(r'\]\(([^)\s#]+)', (ROOT/'README.md').read_text(encoding='utf-8'))
    return [f'README.md links to {l}, which is not there' for l in links if not re.match('[a-z]+:', l) and not (ROOT/l).exists()]

def check_workplace(new):
    "No file names a folder of the machine it was written on"
    p = subprocess.run(['git', 'grep', '-nIE', r'/(home|Users)/[a-z]|(^|[^[:alnum:]_.-])/(work|root)/', '--', '.', ':!.ci/test_nbs.py'], cwd=ROOT, capture_output=True, text=True)
    return [l[:160] for l in p.stdout.splitlines()]

CHECKS = dict(package='package in step with the notebooks', readme='README in step with index.ipynb', site='sidebar in step', docs='site can be prepared',
              clean='notebooks clean', outputs='notebooks keep their outputs',
              names='no name exported twice', requirements='imports are declared', links='links of the README lead somewhere', workplace='no path of this machine')

def main(only:str='')->int:
    "Run everything whose name contains `only`; the exit code"
    start,passed,failed = time.time(),0,0
    def tell(name, ok, secs, out):
        nonlocal passed,failed
        passed,failed = passed+ok, failed+(not ok)
        print(f"{'ok    ' if ok else 'FAILED'} {name:<44} {secs:6.1f} s", flush=True)
        if not ok: print('\n'.join(f'    {l}' for l in out.splitlines()), flush=True)
    files = [*notebooks(), *sorted((ROOT/'tests').glob('test_*.py'))]
    if not notebooks(): tell('notebooks', False, 0, 'there is no notebook in nbs/')
    with ThreadPoolExecutor(2) as ex:
        for r in ex.map(in_process, [f for f in files if only in f.name]): tell(*r)
    new = None
    try:
        for k,name in CHECKS.items():
            if only and only not in name: continue
            t = time.time()
            try:
                new = new or fresh()
                bad = globals()[f'check_{k}'](new)
            except Exception: bad = traceback.format_exc().splitlines()
            tell(name, not bad, time.time()-t, '\n'.join(bad))
    finally: shutil.rmtree(new, ignore_errors=True) if new else None
    skipped = [f'{f.name} ({n})' for f in notebooks() if (n := sum(bool(re.search(r'^#\|\s*(slow|eval:\s*false)\s*$', source(c), re.M)) for c in cells(f)))]
    if skipped: print(f"cells not run (slow, or eval: false): {', '.join(skipped)}")
    print(f'{time.time()-start:.0f} s\n{passed} passed, {failed} failed', flush=True)
    return int(failed > 0 or passed == 0)

if __name__ == '__main__':
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('only', nargs='?', default='', help='run only what has this in its name')
    ap.add_argument('--one', type=Path, help=argparse.SUPPRESS)
    a = ap.parse_args()
    if a.one: sys.exit(not (run_notebook if a.one.suffix == '.ipynb' else run_script)(a.one))
    sys.exit(main(a.only))
