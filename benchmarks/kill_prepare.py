"""`cxr-weakloc prepare`, killed at random moments by a signal that cannot be caught, and resumed with the same command: all that it leaves (shards, index,
settings, the look, the list of what was set aside) must be byte for byte that of an undisturbed run.

    python benchmarks/kill_prepare.py [TIMES] [SEED] [WORKERS]     default 20 0 2

Every other time the kill takes the whole group, as a scheduler or a machine that goes down does; else the command alone, and its workers must end by themselves. Some runs are killed again
while they resume. A kill that came too late, when the command had ended, does not count and is done again. Ends with 1 if anything differs, or is left over."""
import os, signal, subprocess, sys, tempfile, time
for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'): os.environ[k] = '1'
os.environ['MPLBACKEND'] = 'agg'
from pathlib import Path
import numpy as np
from cxr_weakloc.films.images import save_dicom

def state(c): return {p.relative_to(c).as_posix(): p.read_bytes() for p in sorted(c.rglob('*')) if p.is_file()}    # hidden files too: nothing half-written may stay

def tree(d, n, g): # a folder of films with a table, some of them no films, one missing
    for i in range(n): save_dicom(d/'films'/f'{i:04}.dcm', g.integers(0, 4096, (512, 512)), monochrome1=i%7==3)
    (d/'films'/'0007.dcm').write_text('no film'); b = (d/'films'/'0090.dcm').read_bytes(); (d/'films'/'0090.dcm').write_bytes(b[:len(b)//2])
    (d/'labels.csv').write_text('image_id,patient_id,split,view,Cardiomegaly\n' + ''.join(f'{i:04},p{i//2},train,PA,{i%2}\n' for i in range(n+1))); (d/'boxes.csv').write_text('image_id,class_name,x_min,y_min,x_max,y_max,rad_id\n' + ''.join(f'{i:04},Cardiomegaly,{50+i%9},60,300,{400+i%9},R{i%3}\n' for i in range(1, n, 2)))

def main(times=20, seed=0, workers=2, n=400):
    g = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as o:
        d = Path(o); tree(d, n, g); code = 'import sys; from cxr_weakloc.cli import main; sys.exit(main(sys.argv[1:]))'
        def run(out, stop=None, group=False): # seconds until its end; with `stop`: was it killed at work, that many seconds after its first line
            p = subprocess.Popen([sys.executable, '-c', code, 'prepare', str(d/'films'), '--table', str(d/'labels.csv'), '--boxes', str(d/'boxes.csv'), '--out', str(out), '--size', '224', '--workers', str(workers)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
            first = p.stdout.readline(); t = time.perf_counter(); assert str(n) in first, first
            if stop is None: p.stdout.read(); assert p.wait() == 0; return time.perf_counter()-t
            try: p.wait(stop); early = False
            except subprocess.TimeoutExpired: early = True
            os.killpg(p.pid, signal.SIGKILL) if early and group else p.kill(); p.wait(); p.stdout.close(); return early
        whole = run(d/'clean'); clean = state(d/'clean'); assert state_again(run, d, clean); print(f'undisturbed_s {whole:.2f}\nfiles {len(clean)}: ' + ', '.join(sorted({Path(k).name.split("-0")[0] for k in clean})), flush=True); same = hit = late = parts = begun = 0
        for k in range(times):
            out = d/f'k{k}'; kills = 0
            while kills < 1+k%3 and late < 10*times: # some are killed again while they resume
                early = run(out, float(g.uniform(0, whole)), group=k%2==0); kills += early; hit += early; late += not early
                if not early: __import__('shutil').rmtree(out)                                        # it was done: from the start
            names = [p.name for p in out.rglob('*') if p.is_file()]; parts += any(p.endswith('.part') for p in names); begun += any(p.startswith('shard-') for p in names); run(out); time.sleep(.6); ok = state(out) == clean; same += ok     # workers whose parent is gone have ended by then
            print(f'killed {k+1}: {kills} kills of {"the group" if k%2==0 else "the command"}, {sum(p.startswith("shard-") for p in names)} shards were there: {"identical" if ok else "DIFFERENT"}', flush=True)
        print(f'killed_while_at_work {hit}\ncame_too_late {late}\nleft_half_written {parts}\nwith_work_to_keep {begun}\nidentical {same} of {times}'); return int(same < times or hit < times or not begun)

def state_again(run, d, clean): run(d/'clean2'); return state(d/'clean2') == clean      # two undisturbed runs agree, or nothing could be concluded

if __name__ == '__main__': sys.exit(main(*map(int, sys.argv[1:4])))
