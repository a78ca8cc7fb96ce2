"""Phantoms, maps of the embedded model and the explorer served in a process of its own, for the tests in a browser and
for `benchmarks/explorer.py`; and how long a page takes to answer"""
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV = dict(OMP_NUM_THREADS='1', MPLBACKEND='agg', HF_HUB_OFFLINE='1', TOKENIZERS_PARALLELISM='false')
READY = '.cxw-stage[data-seq]'   # pictures are there
START = 180_000                  # milliseconds that a page may take to open: a process begins, and reads a model


def make_films(root, n=12):
    "Phantoms under `root`, and two stores of maps beside them"
    from cxr_weakloc.data import open_studies
    from cxr_weakloc.heatmaps import MapJob, StoreRun, write_store
    from cxr_weakloc.models import Model
    from cxr_weakloc.phantom import Population, write_phantom
    write_phantom(root, Population(seed=97), train=0, test=n, conditions=('matched',), workers=1)
    studies, quiet = open_studies(root/'vindr', 'test', progress=False), StoreRun(workers=0, quiet=True)
    write_store(studies, root/'maps'/'baseline', Model('phantom'), MapJob('cross_gradcam'), quiet)
    write_store(studies, root/'maps'/'other', Model('phantom'), MapJob('similarity'), quiet)


@contextmanager
def served(root, **options):
    "The address of an explorer of what `make_films` made; it ends with Ctrl-C, and must end well"
    known = dict(data=str(root/'vindr'), split='test', masks=str(root/'vindr'/'truth'/'masks.csv'), weights='phantom')
    call = f"serve({str(root/'maps')!r}, tell=lambda a: print(a.url, flush=True), **{known | options!r})"
    python = [sys.executable, '-c', f'from cxr_weakloc.report import serve; {call}']
    log = tempfile.TemporaryFile('w+')
    server = subprocess.Popen(python, stdout=subprocess.PIPE, stderr=log, text=True,
                              env={**os.environ, **ENV, 'PYTHONPATH': str(ROOT)})
    try:
        url = server.stdout.readline().strip()
        if not url.startswith('http'):
            log.seek(0)
            raise AssertionError(f'the explorer did not start: {log.read()}')
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        code = server.wait(180)
        log.seek(0)
        said = log.read()
        assert code == 0 and 'Traceback' not in said, said


def opened(browser, url, width=1500, height=1000):
    "A page whose pictures are there, and a list that collects what its console complains of"
    page = browser.new_context(viewport=dict(width=width, height=height)).new_page()
    complaints, elsewhere = [], []
    page.on('console', lambda m: m.type == 'error' and complaints.append(m.text))
    page.on('pageerror', lambda e: complaints.append(str(e)))
    page.on('request', lambda r: r.url.startswith(('http:', 'https:')) and '//127.0.0.1:' not in r.url
            and elsewhere.append(r.url))
    page.complaints, page.elsewhere = complaints, elsewhere
    page.set_default_timeout(60_000)
    page.goto(url, timeout=START)
    page.wait_for_selector(READY, timeout=START)
    return page


_WAIT = '''() => {
  const stage = document.querySelector('.cxw-stage');
  window.took = new Promise(done => {
    let start = null;
    const begin = () => { start ??= performance.now(); };
    const kinds = ['keydown', 'click', 'change'];
    for (const kind of kinds) document.addEventListener(kind, begin, { capture: true });
    new MutationObserver((_, observer) => {
      observer.disconnect();
      for (const kind of kinds) document.removeEventListener(kind, begin, { capture: true });
      requestAnimationFrame(() => done(performance.now() - start));
    }).observe(stage, { attributes: true, attributeFilter: ['data-seq'] });
  });
}'''


def took(page, act):
    "Milliseconds from what a hand does to the pictures that follow"
    page.evaluate(_WAIT)
    act()
    return page.evaluate('() => window.took')
