"The explorer in a real browser: opened, dragged, asked, filtered, reloaded, by two people at once"
import atexit
import functools
import tempfile
from pathlib import Path

from browser import browser, needs_browser
from explorer_page import make_films, opened, served, took

SHOTS = Path(__file__).parent/'screenshots'   # kept as artefacts, in no commit


@functools.cache
def films():
    "Made once"
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    make_films(Path(folder.name))
    return Path(folder.name)


def shot(page, name):
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS/f'{name}.png', full_page=True)


def seq(page):
    return int(page.get_attribute('.cxw-stage', 'data-seq'))


def answered(page, act):
    "Do something, and wait for its pictures"
    took(page, act)
    page.wait_for_timeout(250)


def named(page):
    "Every control has a name for those who do not see it"
    found = page.evaluate('''() => [...document.querySelectorAll(
        '.cxw-explorer :is(button, input, select, [role=slider], [role=img], [contenteditable=true])')].map(e =>
        [e.tagName, e.className, e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent
         || e.closest('label')?.textContent || ''])''')
    assert len(found) > 25
    assert not [o for o in found if not o[2].strip()], [o for o in found if not o[2].strip()]


def choose(page):
    "Finding, film, gate"
    before = page.get_by_role('img', name='Film ').first.get_attribute('aria-label')
    answered(page, lambda: page.get_by_label('Finding').select_option(label='Pleural effusion'))
    answered(page, lambda: page.get_by_role('button', name='next ▶').click())
    assert page.get_by_role('img', name='Film ').first.get_attribute('aria-label') != before
    answered(page, lambda: page.get_by_role('button', name='soft', exact=True).click())
    assert page.get_by_role('button', name='soft', exact=True).get_attribute('aria-pressed') == 'true'
    assert 'soft gate' in page.locator('.cxw-frame').nth(3).get_attribute('aria-label')


def drag(page):
    "The threshold, by the keyboard: pictures and distribution follow"
    page.get_by_label('Label').select_option(label='positive')
    page.wait_for_timeout(800)
    handle = page.get_by_role('slider', name='Threshold', exact=True)
    handle.focus()
    before = page.locator('.cxw-frame').nth(3).get_attribute('aria-label')
    for _ in range(6):
        answered(page, lambda: page.keyboard.press('ArrowLeft'))
    after = page.locator('.cxw-frame').nth(3).get_attribute('aria-label')
    assert before != after and 'threshold 0.500' in before and 'threshold 0.500' not in after, (before, after)
    assert 'IoU at threshold' in page.locator('.cxw-hist').first.get_attribute('aria-label')


def zoom(page):
    "All four together, by wheel, keys and button"
    page.locator('.cxw-frame').nth(1).hover()
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(200)
    assert float(page.get_attribute('.cxw-stage', 'data-zoom')) > 1.5
    transforms = page.evaluate("() => [...document.querySelectorAll('.cxw-frame img')].map(i => i.style.transform)")
    assert len(set(transforms)) == 1 and 'scale(1)' not in transforms[0]
    page.locator('.cxw-frame').nth(1).focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('0')
    assert page.get_attribute('.cxw-stage', 'data-zoom') == '1.000'


def ask(page):
    "A prompt of one's own, and one that cannot be read"
    prompt = page.get_by_label('Prompt')
    prompt.fill('large left pleural effusion')
    answered(page, lambda: prompt.press('Enter'))
    assert 'large left pleural effusion' in page.locator('.cxw-frame').nth(2).get_attribute('aria-label')
    assert 'score of the prompt' in page.locator('.cxw-figures').inner_text()
    prompt.fill('zebra giraffe')
    answered(page, lambda: prompt.press('Enter'))
    assert 'none of these words' in page.locator('.cxw-status').inner_text()
    prompt.fill('')
    answered(page, lambda: prompt.press('Enter'))
    assert 'none of these words' not in page.locator('.cxw-status').inner_text()


def fail(page):
    "Filter to failures, and walk through them"
    page.get_by_label('Label').select_option(label='any')
    page.get_by_label('Outcome').select_option(label='failures')
    page.wait_for_timeout(1000)
    listed = page.get_by_label('Films', exact=True).locator('option').all_inner_texts()
    assert listed and not [line for line in listed if 'silent' in line or 'right place' in line], listed
    if len(listed) > 1: answered(page, lambda: page.get_by_role('button', name='next failure').click())
    page.get_by_label('Search').fill('no such film')
    page.wait_for_timeout(800)
    assert 'widen the filter' in page.locator('.cxw-side').inner_text()
    page.get_by_label('Search').fill('')
    page.get_by_label('Outcome').select_option(label='any')
    page.wait_for_timeout(800)


@needs_browser
def test_one_person():
    with served(films()) as url, browser() as b:
        page = opened(b, url)
        shot(page, 'opened')
        named(page)
        choose(page)
        drag(page)
        shot(page, 'dragged')
        zoom(page)
        ask(page)
        fail(page)
        page.set_viewport_size(dict(width=420, height=900))
        page.wait_for_timeout(500)
        wide = page.evaluate('() => document.documentElement.scrollWidth')
        assert wide <= 425, f'{wide} pixels wide on a phone'
        shot(page, 'phone')
        assert not page.complaints, page.complaints
        assert not page.elsewhere, page.elsewhere


@needs_browser
def test_two_at_once():
    with served(films()) as url, browser() as b:
        one, two = opened(b, url), opened(b, url)
        before = seq(two), two.get_attribute('.cxw-frame >> nth=2', 'aria-label')
        answered(one, lambda: one.get_by_label('Finding').select_option(label='Pleural effusion'))
        assert (seq(two), two.get_attribute('.cxw-frame >> nth=2', 'aria-label')) == before
        one.close()                                        # in the middle
        answered(two, lambda: two.get_by_role('button', name='next ▶').click())
        two.reload(timeout=180_000)
        two.wait_for_selector('.cxw-stage[data-seq]', timeout=180_000)
        answered(two, lambda: two.get_by_role('button', name='next ▶').click())
        assert not one.complaints and not two.complaints, (one.complaints, two.complaints)
        stranger = b.new_context().new_page()              # without the token: a form that asks for it
        stranger.goto(url.split('?')[0])
        assert stranger.locator('.cxw-stage').count() == 0 and 'oken' in stranger.content()
