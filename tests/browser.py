"""The system's Chromium, for tests that look at a page as a person does. A machine without one skips them with a note;
CI, where `.ci/chromium` installs it, fails instead."""
import functools
import os
import shutil
from contextlib import contextmanager

NAMES = ('chromium', 'chromium-browser', 'google-chrome')
WIDTHS = (420, 1024, 1920)   # pixels: a phone, a tablet or half a screen, a screen


def chromium():
    "Path of the system's Chromium, or None"
    return next(filter(None, map(shutil.which, NAMES)), None)


def needs_browser(test):
    "Decorates a test that opens pages: skipped with a note where there is no Chromium, an error in CI"
    @functools.wraps(test)
    def run():
        if chromium():
            return test()
        said = f'no Chromium on the path ({", ".join(NAMES)}): run .ci/chromium'
        if os.environ.get('CI', '').lower() in ('true', '1'):
            raise AssertionError(said)
        print(f'{test.__name__} skipped: {said}')
    return run


@contextmanager
def browser():
    "A running Chromium of Playwright: `with browser() as b: page = b.new_page()`"
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=['--no-sandbox'])
        try:
            yield running
        finally:
            running.close()
