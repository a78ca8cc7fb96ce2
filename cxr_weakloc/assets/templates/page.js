'use strict';
// Tables: a click on a column's name sorts by it, again the other way round; long ones can be filtered.
for (const table of document.querySelectorAll('table.data')) {
  const body = table.tBodies[0], rows = [...body.rows];
  const key = (row, i) => { const cell = row.cells[i], text = cell ? cell.dataset.v ?? cell.textContent.trim() : '';
    const number = Number(text.replace(/,/g, '')); return text && !isNaN(number) ? number : text === '–' ? -Infinity : text };
  [...table.tHead.rows[0].cells].forEach((th, i) => {
    const button = document.createElement('button');
    button.type = 'button'; button.append(...th.childNodes); th.append(button);
    button.onclick = () => {
      const up = th.getAttribute('aria-sort') === 'descending' ? 1 : -1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      th.setAttribute('aria-sort', up === 1 ? 'ascending' : 'descending');
      const order = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
      body.append(...[...rows].sort((a, b) => up * order(key(a, i), key(b, i))));
    };
  });
  if (rows.length < 10) continue;
  const box = document.createElement('input');
  box.type = 'search'; box.placeholder = 'filter rows'; box.setAttribute('aria-label', 'Filter rows: ' + table.getAttribute('aria-label'));
  box.oninput = () => { const words = box.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word)) };
  table.closest('.scroll').before(box);
}
// Films: opened large, with what is drawn over them to be taken away.
const panels = [...document.querySelectorAll('figure.panel[id]')];
if (panels.length && window.HTMLDialogElement) {
  const dialog = document.createElement('dialog'), bar = document.createElement('div'), place = document.createElement('div');
  bar.className = 'bar'; dialog.setAttribute('aria-label', 'A film, large'); dialog.append(bar, place); document.body.append(dialog);
  let at = 0;
  const show = i => { at = (i + panels.length) % panels.length; const copy = panels[at].cloneNode(true); copy.removeAttribute('id'); place.replaceChildren(copy) };
  const press = (text, f, name) => { const button = document.createElement('button'); button.type = 'button'; button.textContent = text; button.className = name || ''; button.onclick = f; bar.append(button) };
  press('‹ previous', () => show(at - 1)); press('next ›', () => show(at + 1));
  for (const [name, text] of [['map', 'map'], ['truth', 'truth'], ['answer', 'answer at the threshold']]) {
    const label = document.createElement('label'), tick = document.createElement('input');
    tick.type = 'checkbox'; tick.checked = true; tick.onchange = () => place.classList.toggle('no-' + name, !tick.checked);
    label.append(tick, ' ' + text); bar.append(label);
  }
  press('close', () => dialog.close(), 'close');
  const open = id => { const i = panels.findIndex(panel => panel.id === id); if (i >= 0) { show(i); dialog.showModal() } return i >= 0 };
  document.addEventListener('click', event => { const link = event.target.closest('a[data-film]');
    if (link && !event.ctrlKey && !event.metaKey && open(link.dataset.film)) event.preventDefault() });
  dialog.addEventListener('keydown', event => { if (event.key === 'ArrowRight') show(at + 1); if (event.key === 'ArrowLeft') show(at - 1) });
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close() });
}
// A link into something folded opens it; paper shows everything.
const unfold = node => { for (; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true };
const arrive = () => { const node = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (node) { unfold(node); node.scrollIntoView() } };
addEventListener('hashchange', arrive); if (location.hash) arrive();
addEventListener('beforeprint', () => { for (const part of document.querySelectorAll('details')) part.open = true });
