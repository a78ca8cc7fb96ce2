"""How long the explorer takes to follow a hand, in a browser: from the key, click or choice to pictures that are drawn.

Run it on a machine that does nothing else: `python benchmarks/explorer.py`"""
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT/'tests')]

from browser import browser, chromium   # noqa: E402
from explorer_page import make_films, opened, served, took   # noqa: E402

GOALS = dict(threshold=100, gate=100, opacity=100, film=300, prompt=1000)   # milliseconds


def keys(page, name, times):
    "An arrow key on a slider: values that were not there before"
    page.get_by_role('slider', name=name, exact=True).focus()
    return [took(page, lambda: page.keyboard.press('ArrowLeft')) for _ in range(times)]


def fades(page, times):
    "The opacity has few steps: another film after ten of them"
    res, back = [], page.get_by_role('slider', name='Opacity', exact=True)
    for k in range(0, times, 10):
        res += keys(page, 'Opacity', 10)
        took(page, page.get_by_role('button', name='next ▶').click)
        back.focus()
        for _ in range(10):
            took(page, lambda: page.keyboard.press('ArrowRight'))
        took(page, page.get_by_role('button', name='next ▶').click)
    return res


def gates(page, times):
    "Gates in turn"
    names = ('soft', 'hard', 'dilated', 'none')
    buttons = [page.get_by_role('button', name=name, exact=True) for name in names]
    return [took(page, buttons[k % 4].click) for k in range(times)]


def films(page, times):
    "The next film of the list"
    button = page.get_by_role('button', name='next ▶')
    return [took(page, button.click) for _ in range(times)]


def prompts(page, times):
    "Prompts that nobody has asked yet"
    sides, sizes = ('left', 'right', 'bilateral'), ('small', 'moderate', 'large')
    field, res = page.get_by_label('Prompt'), []
    for text in [f'{size} {side} pleural effusion' for size in sizes for side in sides][:times]:
        field.fill(text)
        res.append(took(page, lambda: field.press('Enter')))
    field.fill('')
    took(page, lambda: field.press('Enter'))
    return res


def measure(page, times=40):
    "What was done -> milliseconds"
    page.get_by_label('Finding').select_option(label='Pleural effusion')
    page.wait_for_timeout(3000)          # the distribution is filled while nobody does anything
    first = keys(page, 'Threshold', 3)   # warms up
    res = dict(threshold=keys(page, 'Threshold', times), opacity=fades(page, times), gate=gates(page, times),
               film=films(page, times), prompt=prompts(page, 9))
    assert first
    return res


def table(found):
    "A row for each of `GOALS`"
    rows = [dict(what=what, median_ms=round(float(np.median(ms)), 1), p95_ms=round(float(np.quantile(ms, .95)), 1),
                 fastest_ms=round(float(np.min(ms)), 1), goal_ms=GOALS[what], times=len(ms),
                 cpus=os.cpu_count(), load=round(os.getloadavg()[0], 1)) for what, ms in found.items()]
    return pd.DataFrame(rows)


if __name__ == '__main__':
    if chromium() is None: raise SystemExit('no Chromium on the path: run .ci/chromium')
    with tempfile.TemporaryDirectory() as folder:
        make_films(Path(folder), 24)
        with served(Path(folder)) as url, browser() as b:
            page = opened(b, url)
            t = table(measure(page))
    t.to_csv(ROOT/'benchmarks'/'results'/'explorer.csv', index=False)
    print(t.to_string(index=False))
