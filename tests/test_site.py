"""The check of the site's pages finds what it is there for: each kind of fault, planted in a page of its own"""
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent/'.ci'))

import links   # noqa: E402
import pages   # noqa: E402

HOST = 'https://host/site'
FRONT = '---\ntitle: T\noutput-file: {}.html\n---'
PIXEL = {'output_type': 'display_data', 'data': {'image/png': 'AAAA'}, 'metadata': {}}


def page(name, texts=(), codes=()):
    "Cells of a prepared page: front matter, markdown, (source, outputs) of code"
    cells = [dict(cell_type='raw', source=FRONT.format(name), metadata={})]
    cells += [dict(cell_type='markdown', source=text, metadata={}) for text in texts]
    return cells + [dict(cell_type='code', source=s, outputs=o, metadata={}) for s, o in codes]


def said(texts=(), codes=()):
    "What is complained of in a small site: a sound page `good`, and one with these cells"
    with tempfile.TemporaryDirectory() as tmp:
        root = Path(tmp)
        (root/'_proc').mkdir()
        (root/'pyproject.toml').write_text('[tool.ruff]\nextend-exclude = []\n')
        (root/'_proc/references.bib').write_text('@book{known2020, title={T}}\n')
        (root/'_proc/there.png').write_bytes(b'')
        good = page('good', ['## A heading: with `code`, and more\n\n### f {#f}\n\n## Twice\n\n## Twice'])
        for name, cells in (('good', good), ('bad', page('bad', texts, codes))):
            (root/f'_proc/{name}.ipynb').write_text(json.dumps(dict(cells=cells, metadata={})))
        return links.complaints(root, HOST)


def test_sound():
    "Nothing is said of what is right"
    text = ('[a](good.ipynb#a-heading-with-code-and-more) [b](good.ipynb#f) [c](good.ipynb#twice-1) [d](#fig-x) '
            f'[e]({HOST}/good.html#F) [f](https://elsewhere/x#y) [@known2020] @fig-x `@patch` ![words](there.png)\n\n'
            '```\n[x](nowhere.ipynb) @nothing\n```')
    picture = '#| label: fig-x\n#| fig-alt: "words"\nplot()'
    assert said([text], [(picture, [PIXEL])]) == []


def test_faults():
    "Each fault is found, and named with its page"
    faults = {
        '[x](nowhere.ipynb)': 'no page nowhere.ipynb',
        '[x](good.ipynb#nothing)': 'has no anchor nothing',
        '[x](#nothing)': 'has no anchor nothing',
        f'[x]({HOST}/gone.html)': 'no page gone.html',
        f'[x]({HOST}/good.html#gone)': 'has no anchor gone',
        '[x](gone.pdf)': 'no file gone.pdf',
        'as in [@nobody1999]': '@nobody1999 refers to nothing',
        'as in @fig-gone': '@fig-gone refers to nothing',
        '![](there.png)': 'no alternative for there.png',
        '![words](gone.png)': 'no picture gone.png',
        '<img src="there.png">': 'no alternative: <img',
    }
    for text, fault in faults.items():
        found = said([text])
        assert len(found) == 1 and fault in found[0] and found[0].startswith('bad.ipynb'), (text, found)


def test_faults_of_code():
    "Pictures without words, wide lines, dead bars and widgets, errors"
    bar = dict(output_type='stream', name='stdout', text=' 40%|####      | 4/10 [00:01<00:01, 3.1it/s]')
    widget = dict(output_type='display_data', data={'application/vnd.jupyter.widget-view+json': {}})
    error = dict(output_type='error', ename='E', evalue='', traceback=[])
    wide = dict(output_type='stream', name='stdout', text='x'*121)
    faults = (('plot()', [PIXEL], 'no alternative for the picture'), ('f()', [bar], 'a progress bar'),
              ('f()', [widget], 'a widget'), ('f()', [error], 'an error'), ('x'*121, [], '121 characters'),
              ('f()', [wide], '121 characters'))
    for source, outputs, fault in faults:
        found = said((), [(source, outputs)])
        assert len(found) == 1 and fault in found[0], (source, found)


def test_words_of_pictures():
    "An alternative is the last sentence that says something in words: no formula, no markup"
    assert pages.sentence('First. The `map` of [one film](x.ipynb):\n\n$$M_k = \\sum_c w$$') == 'The map of one film'
    assert pages.sentence('$$x$$') == ''

