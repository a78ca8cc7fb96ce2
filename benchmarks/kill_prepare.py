"""`prepare`, killed at random moments by a signal that cannot be caught, and resumed: every cache must be byte for byte that of an undisturbed run.

    python benchmarks/kill_prepare.py [TIMES] [SEED] [WORKERS]     default 20 0 2"""
import os, subprocess, sys, tempfile, time
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'): os.environ[k] = '1'
from pathlib import Path
import numpy as np
sys.path.insert(0, str(Path(__file__).parent))
from prepare import save_dicom, save_studies, studies

def state(c): return {p.relative_to(c).as_posix(): p.read_bytes() for p in sorted(c.rglob('*')) if p.is_file()}

def main(times=20, seed=0, workers=2):
    g = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as o:
        d = Path(o); n = 400
        for i in range(n): save_dicom(d/'f'/f'{i}.dcm', g.integers(0, 4096, (512, 512)))
        (d/'f'/'7.dcm').write_text('no film'); (d/'f'/'50.dcm').unlink(); s = studies(d/'f', [f'{i}.dcm' for i in range(n)]); save_studies(s, d/'saved')
        code = lambda out: [sys.executable, '-c', f'from cxr_weakloc.cache import prepare_cache; from cxr_weakloc.studies import load_studies; s = load_studies({str(d/"saved")!r}); print("on", flush=True); prepare_cache(s, {str(out)!r}, 224, workers={workers}, progress=False); print("end", flush=True)']
        def run(out, stop=None): # seconds until its end; or killed after `stop` seconds
            p = subprocess.Popen(code(out), stdout=subprocess.PIPE, text=True, start_new_session=True); p.stdout.readline(); t = time.perf_counter()
            if stop is None: assert p.wait() == 0; return time.perf_counter()-t
            time.sleep(stop); early = p.poll() is None; p.kill(); p.wait(); return early
        whole = run(d/'clean'); clean = state(d/'clean'); print(f'undisturbed_s {whole:.2f}\nfiles {len(clean)}', flush=True); same = hit = parts = 0
        for k in range(times):
            out = d/f'k{k}'
            for again in range(1+k%3): hit += run(out, float(g.uniform(0, whole)))       # some are killed again while they resume
            parts += any(p.name.endswith('.part') for p in out.rglob('*')); run(out); time.sleep(.6); ok = state(out) == clean; same += ok
            print(f'killed {k+1}: {"identical" if ok else "DIFFERENT"}', flush=True)
        print(f'killed_while_at_work {hit}\nleft_half_written {parts}\nidentical {same} of {times}'); return int(same < times)

if __name__ == '__main__': sys.exit(main(*map(int, sys.argv[1:4])))
