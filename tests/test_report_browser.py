"""The report in a real browser: at the widths of a phone, half a screen and a screen no text leaves its box and the
page does not scroll sideways; films open large, tables sort and filter; nothing is fetched; the first text is there within
a second."""
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from browser import WIDTHS, browser, needs_browser

from cxr_weakloc.evaluation import Evaluation, Thresholds, controls, evaluate, mean_box_map, outcome_table, toy, tune
from cxr_weakloc.report import LIMIT, Report, choose_panels, curves, gating_section, make_panels, write_report

# Text wider than the box it is in, and text of a plot that leaves the plot. What scrolls may be wider inside.
MEASURE = '''() => {
  const lost = [], said = node => node.textContent.trim().slice(0, 60);
  for (const node of document.querySelectorAll('body *')) {
    if (node.closest('.scroll, defs, script, style, svg') || !said(node) || !node.getClientRects().length) continue;
    if (node.scrollWidth > node.clientWidth + 1 && node.clientWidth) lost.push(['box', node.tagName, said(node)]);
    const box = node.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) lost.push(['page', node.tagName, said(node)]);
  }
  for (const svg of document.querySelectorAll('.plot svg')) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    for (const text of svg.querySelectorAll('text')) {
      const box = text.getBoundingClientRect();
      const above = box.top < frame.top - 1, below = box.bottom > frame.bottom + 1;
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || above || below)
        lost.push(['plot', 'text', said(text)]);
    }
  }
  for (const row of document.querySelectorAll('.scroll td, .scroll th'))
    if (row.scrollWidth > row.clientWidth + 1 && row.clientWidth) lost.push(['cell', row.tagName, said(row)]);
  return lost }'''


def film(image_id, size=64):
    "A made-up film: what it shows does not matter here"
    return torch.linspace(0, 1, size).repeat(size, 1)


@lru_cache(maxsize=1)
def report() -> Report:
    "The population of discs, with controls, films and a section"
    valid, train = toy(60, split='valid'), toy(60, split='train')
    thresholds, parts, truths, predictions = Thresholds(), [], {}, {}

    def every(data):
        for i, (truth, said) in enumerate(data):
            yield truth, said + controls(truth, mean_box_map(train[i][0]), data[1 - i][0].anatomy, said[0])
    for truth, said in every(valid):
        tune(said, truth, thresholds)
    for condition in ('matched', 'flipped'):
        for truth, said in every(toy(60, condition=condition)):
            parts.append(evaluate(said, truth, thresholds, n_boot=20))
            truths[condition, truth.finding], predictions[condition, truth.finding] = truth, said
    judged = Evaluation.join(parts)
    panels = make_panels(choose_panels(judged.images), film, truths, predictions, thresholds, judged.images)
    line = curves([('Baseline, anatomy gate', [0, .5, 1], [.2, .5, .4], [.1, .4, .3], [.3, .6, .5], 'base')],
                  'Right finding and place', 'threshold of the zero-shot gate', 'share of all films')
    net = judged.results.iloc[:0].assign(gained=0., lost=0., balance=0., p_holm=0., harmless_up_to=0., left_out=0)
    section = gating_section(outcome_table(judged.images, 20), net, [line])
    return Report(results=judged.results, scores=judged.images, panels=panels, thresholds=thresholds,
                  sections=[('gating', 'Objective 2: the zero-shot gate, all films', section)],
                  rejected=[dict(id='a-study-with-a-very-long-name-'*4, reason='no pixels', file='x.dicom')],
                  manifest=dict(command='cxr-weakloc run --phantom ' + 'a/long/path/'*20, used=240))


@lru_cache(maxsize=1)
def written():
    "The report's file; the folder lives as long as the process"
    folder = tempfile.TemporaryDirectory()
    return folder, write_report(Path(folder.name)/'report.html', report())


def opened(running, width, **options):
    "A page of the report, and what it asked for or complained of"
    page = running.new_page(viewport=dict(width=width, height=900), **options)
    trouble = []
    page.on('console', lambda message: trouble.append(message.text) if message.type == 'error' else None)
    page.on('pageerror', lambda error: trouble.append(str(error)))
    page.on('request', lambda request: trouble.append(request.url) if request.url.startswith('http') else None)
    page.goto(written()[1].as_uri())
    return page, trouble


@needs_browser
def test_nothing_is_cut_at_any_width():
    with browser() as running:
        for width in WIDTHS:
            for scheme in ('light', 'dark'):
                page, trouble = opened(running, width, color_scheme=scheme)
                page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
                assert page.evaluate('document.documentElement.scrollWidth') <= width, width
                lost = page.evaluate(MEASURE)
                assert not lost, (width, lost[:8])
                assert not trouble, trouble
                page.close()


@needs_browser
def test_what_is_cut_is_found():
    with browser() as running:
        page, _ = opened(running, 420)
        page.evaluate("""() => {
          document.querySelector('.verdict').style.whiteSpace = 'nowrap';
          document.querySelector('.plot svg text').setAttribute('x', '-40') }""")
        assert {kind for kind, *_ in page.evaluate(MEASURE)} >= {'box', 'plot'}


@needs_browser
def test_first_screen_and_first_paint():
    assert written()[1].stat().st_size < LIMIT
    with browser() as running:
        page, _ = opened(running, 1024)
        text = page.inner_text('header')
        assert page.title() in text and '?' in text and any(f'{answer}.' in text for answer in ('Yes', 'No', 'In part'))
        for inside in ('.six', '.first .plot'):
            assert page.locator(inside).bounding_box()['y'] < 900, inside
        assert page.locator('.card').count() == 6
        assert page.locator('.card').first.inner_text().rstrip().split('·')[0].strip().endswith('Worst')
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        page.wait_for_function(paint)
        milliseconds = page.evaluate(paint)
        print(f'first contentful paint after {milliseconds:.0f} ms, {written()[1].stat().st_size/2**20:.2f} MiB')
        assert milliseconds < 1000


@needs_browser
def test_every_picture_is_described():
    with browser() as running:
        page, _ = opened(running, 1024)
        assert page.locator('[role=img]:not([aria-label]), img:not([alt])').count() == 0
        assert page.locator('figure.plot [role=img]').count() >= 5
        names = page.eval_on_selector_all('button, input, a', "all => all.filter(node => !node.textContent.trim() && "
                                          "!node.getAttribute('aria-label') && !node.closest('label')).length")
        assert names == 0


@needs_browser
def test_films_open_large_tables_sort_and_filter():
    with browser() as running:
        page, trouble = opened(running, 1024)
        page.locator('a.card').first.click()
        dialog = page.locator('dialog')
        assert dialog.is_visible() and 'threshold' in dialog.inner_text() and 'overlap' in dialog.inner_text()
        before = dialog.locator('figcaption').inner_text()
        page.keyboard.press('ArrowRight')
        assert dialog.locator('figcaption').inner_text() != before
        dialog.get_by_label('answer at the threshold').uncheck()
        assert dialog.locator('.answer').first.evaluate('node => getComputedStyle(node).visibility') == 'hidden'
        page.keyboard.press('Escape')
        assert not dialog.is_visible()

        table = page.locator('#tables ~ details table').first
        head = table.locator('thead th').nth(1).locator('button')
        for way in (-1, 1):     # the largest first, then the smallest
            head.click()
            values = table.evaluate("node => [...node.tBodies[0].rows].map(row => Number(row.cells[1].dataset.v))")
            assert values == sorted(values, key=lambda v: way*v), way
        page.get_by_label('Filter rows').first.fill('control')
        shown = page.locator('table').filter(has=page.locator('tbody tr[hidden]')).first
        names = shown.locator('tbody tr:not([hidden])').all_inner_texts()
        assert names and all('control' in name.lower() for name in names)

        link = table.locator('tbody th a').first
        group = link.get_attribute('href')[1:]
        link.click()
        assert page.locator(f'[id="{group}"]').is_visible()
        assert not trouble, trouble
