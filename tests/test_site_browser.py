"""Pages of the site on a phone: nothing is wider than the screen, what is wide scrolls by itself. Pandoc and our style
sheet make them here, with the measures of Quarto's theme; the pages are those that were wide once, and the thesis"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pypandoc
from browser import browser, needs_browser

ROOT = Path(__file__).resolve().parent.parent
PAGES = ('index', '14_films.rle', '50_models.evidence', '61_heatmaps.methods', '64a_heatmaps.viewers',
         't1_introduction', 't2_related_work', 't4_method', 't5_design', '99_results')
THEME = '''* { box-sizing: border-box } body { margin: 0; font: 17px/1.6 sans-serif } main { padding: 0 12px }
pre, code { font-size: .875em } table { border-collapse: collapse } td, th { padding: .5rem } img { max-width: 100% }'''
PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=='


def shown(cell) -> list:
    "A cell as Quarto shows it, in Markdown; a picture is as wide as it may be"
    text = ''.join(cell['source'] or '')
    if cell['cell_type'] != 'code':
        return [text] if cell['cell_type'] == 'markdown' else []
    res = [f'````python\n{text}\n````'] if text else []
    for output in cell['outputs']:
        data = output.get('data', {})
        if 'image/png' in data:
            inner = f'<img src="{PIXEL}" width="1400" height="20">'
        elif 'text/html' in data:
            inner = ''.join(data['text/html'])
        else:
            inner = f"````\n{''.join(output.get('text', '') or data.get('text/plain', ''))}\n````"
        res.append(f'::: cell-output\n{inner}\n:::')
    return res


def html_of(path: Path, sheet: str) -> str:
    "A prepared page in HTML"
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    text = '\n\n'.join(part for cell in cells for part in shown(cell))
    options = ['--mathml', '--syntax-highlighting=none', '--wrap=none', '--quiet']
    body = pypandoc.convert_text(text, 'html', 'markdown', options)
    return (f'<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<style>{THEME}{sheet}</style><main>{body}</main>')


@needs_browser
def test_no_page_scrolls_sideways():
    "At 420 pixels, the narrowest of the three widths"
    subprocess.run([sys.executable, '.ci/docs.py', '--check'], cwd=ROOT, capture_output=True)
    sheet, wide = (ROOT/'nbs/styles.css').read_text(encoding='utf-8'), {}
    with tempfile.TemporaryDirectory() as folder, browser() as running:
        page = running.new_page(viewport=dict(width=420, height=900))
        for name in PAGES:
            file = Path(folder)/f'{name}.html'
            file.write_text(html_of(ROOT/'_proc'/f'{name}.ipynb', sheet), encoding='utf-8')
            page.goto(file.as_uri())
            width = page.evaluate('document.documentElement.scrollWidth')
            if width > 420:
                wide[name] = width
    assert not wide, f'pages that scroll sideways at 420 pixels: {wide}'
