// Pictures side by side that are zoomed together; and names for the controls about them, which screen readers need.
const NAMES = ['film', 'truth', 'map', 'gated'];
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

function nameControls(root) {
  for (const live of root.querySelectorAll('.cxw-status')) live.setAttribute('aria-live', 'polite');
  // ipywidgets writes a control's name beside it, but a slider's handles and a list have none of their own
  for (const list of root.querySelectorAll('.cxw-list select')) list.setAttribute('aria-label', 'Films');
  for (const box of root.querySelectorAll('.widget-inline-hbox, .widget-toggle-buttons')) {
    const label = box.querySelector(':scope > .widget-label');
    const said = label && label.textContent.replace(/\u200b/g, '').trim();
    if (!said) continue;
    const handles = box.querySelectorAll('.noUi-handle');
    handles.forEach((handle, i) => {
      handle.setAttribute('aria-label', handles.length > 1 ? `${said}, ${i ? 'to' : 'from'}` : said);
    });
    for (const input of box.querySelectorAll(':scope > input, :scope > select, :scope > .widget-readout')) {
      if (!input.getAttribute('aria-label')) {
        input.setAttribute('aria-label', input.contentEditable === 'true' ? `${said}, in figures` : said);
      }
    }
    if (box.classList.contains('widget-toggle-buttons')) {
      box.setAttribute('role', 'group');
      box.setAttribute('aria-label', said);
      for (const button of box.querySelectorAll('button')) {
        button.setAttribute('aria-pressed', String(button.classList.contains('mod-active')));
      }
    }
  }
}

function render({ model, el }) {
  el.classList.add('cxw-stage');
  el.setAttribute('role', 'group');
  el.setAttribute('aria-label', 'Pictures, zoomed together');
  const view = { zoom: 1, x: .5, y: .5 };
  const frames = {}, urls = {};
  const row = document.createElement('div');
  row.className = 'cxw-row';
  for (const name of NAMES) {
    const figure = document.createElement('figure');
    const frame = document.createElement('div');
    frame.className = 'cxw-frame';
    frame.tabIndex = 0;
    frame.setAttribute('aria-describedby', 'cxw-help');
    const img = document.createElement('img');
    img.draggable = false;
    frame.append(img);
    const caption = document.createElement('figcaption');
    figure.append(frame, caption);
    row.append(figure);
    frames[name] = { figure, frame, img, caption };
  }
  const bar = document.createElement('div');
  bar.className = 'cxw-zoom';
  const button = (text, label, act) => {
    const b = document.createElement('button');
    b.type = 'button';
    b.textContent = text;
    b.setAttribute('aria-label', label);
    b.addEventListener('click', act);
    return b;
  };
  const level = document.createElement('output');
  const help = document.createElement('span');
  help.id = 'cxw-help';
  help.textContent = 'Wheel or + and − to zoom, drag or arrows to move, 0 for all.';
  bar.append(button('−', 'Zoom out', () => zoomAt(view.zoom / 1.5)), level,
             button('+', 'Zoom in', () => zoomAt(view.zoom * 1.5)), button('whole', 'Whole film', whole), help);
  el.append(row, bar);

  function place() {
    const half = .5 / view.zoom;
    view.x = clamp(view.x, half, 1 - half);
    view.y = clamp(view.y, half, 1 - half);
    const to = `scale(${view.zoom}) translate(${100 * (half - view.x)}%, ${100 * (half - view.y)}%)`;
    for (const { img } of Object.values(frames)) img.style.transform = to;
    level.textContent = `${Math.round(100 * view.zoom)} %`;
    el.dataset.zoom = view.zoom.toFixed(3);
  }
  function zoomAt(zoom, px = .5, py = .5) {   // px, py: the point of the frame that stays where it is
    zoom = clamp(zoom, 1, 12);
    view.x += (px - .5) * (1 / view.zoom - 1 / zoom);
    view.y += (py - .5) * (1 / view.zoom - 1 / zoom);
    view.zoom = zoom;
    place();
  }
  function whole() { Object.assign(view, { zoom: 1, x: .5, y: .5 }); place(); }
  function move(dx, dy) { view.x += dx / view.zoom; view.y += dy / view.zoom; place(); }

  for (const { frame } of Object.values(frames)) {
    frame.addEventListener('wheel', e => {
      e.preventDefault();
      const r = frame.getBoundingClientRect();
      zoomAt(view.zoom * Math.exp(-e.deltaY / 400), (e.clientX - r.left) / r.width, (e.clientY - r.top) / r.height);
    }, { passive: false });
    frame.addEventListener('pointerdown', e => frame.setPointerCapture(e.pointerId));
    frame.addEventListener('pointermove', e => {
      if (!frame.hasPointerCapture(e.pointerId)) return;
      const r = frame.getBoundingClientRect();
      move(-e.movementX / r.width, -e.movementY / r.height);
    });
    frame.addEventListener('dblclick', whole);
    const keys = { '+': () => zoomAt(view.zoom * 1.25), '=': () => zoomAt(view.zoom * 1.25),
                   '-': () => zoomAt(view.zoom / 1.25), '0': whole, ArrowLeft: () => move(-.1, 0),
                   ArrowRight: () => move(.1, 0), ArrowUp: () => move(0, -.1), ArrowDown: () => move(0, .1) };
    frame.addEventListener('keydown', e => {
      if (!(e.key in keys) || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      keys[e.key]();
    });
  }

  function draw(name) {
    const data = model.get(name), { img } = frames[name];
    if (!data || !data.byteLength) return Promise.resolve();
    const old = urls[name];
    urls[name] = URL.createObjectURL(new Blob([data]));
    img.src = urls[name];
    const shown = img.decode().catch(() => {});   // a newer picture came in between
    return shown.then(() => old && URL.revokeObjectURL(old));
  }
  function words() {
    const captions = model.get('captions'), alts = model.get('alts');
    for (const name of NAMES) {
      frames[name].caption.innerHTML = captions[name] || '';
      frames[name].img.alt = '';
      frames[name].frame.setAttribute('role', 'img');
      frames[name].frame.setAttribute('aria-label', alts[name] || name);
    }
  }
  for (const name of NAMES) model.on(`change:${name}`, () => { waiting.push(draw(name)); });
  let waiting = NAMES.map(draw);
  model.on('change:captions change:alts', words);
  model.on('change:seq', () => {
    const seq = model.get('seq');   // the pictures of the same message come after it, or before
    Promise.resolve().then(() => Promise.all(waiting.splice(0))).then(() => { el.dataset.seq = seq; });
  });
  words();
  place();
  Promise.all(waiting.splice(0)).then(() => { el.dataset.seq = model.get('seq'); });

  const root = () => el.closest('.cxw-explorer') || document.body;
  const lost = document.createElement('p');
  lost.className = 'cxw-note';
  lost.setAttribute('role', 'alert');
  lost.textContent = 'This page has lost the program that answers it. Start it again, and load the page anew.';
  const told = () => { if (!model.comm_live) el.prepend(lost); };
  model.on('comm_live_update', told);

  let later = null;   // a drag changes controls many times a second; their names can wait
  const watch = new MutationObserver(() => {
    later ??= setTimeout(() => { later = null; nameControls(root()); }, 100);
  });
  const begin = () => {
    nameControls(root());
    watch.observe(root(), { subtree: true, childList: true, attributeFilter: ['class'] });
  };
  const timer = setTimeout(begin, 50);
  return () => {
    clearTimeout(timer);
    clearTimeout(later);
    watch.disconnect();
    Object.values(urls).forEach(URL.revokeObjectURL);
  };
}

export default { render };
