'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const calls = new Map(data.calls.map(([ev, proc, conn, call, about]) => [String(ev), { proc, conn, call, about }]));
  const main = document.querySelector('main');
  const pages = [main.querySelector('.page'), ...main.querySelectorAll('template')];
  const about = byId('about');
  const wanted = { proc: byId('proc'), conn: byId('conn'), call: byId('call') };
  let shown = 0;
  let page = pages[0];
  let boxes = [];
  let held = null;

  const evs = (element) => (element.dataset.ev || '').split(' ').filter(Boolean);
  const all = () => page.querySelectorAll('[data-ev]');

  // A call, and every call that an arrow leads to from it or from which one leads to it.
  const friends = (ev) => {
    const found = new Set([ev]);
    for (const arrow of page.querySelectorAll('.arrow[data-ev]')) {
      const ends = evs(arrow);
      if (ends.includes(ev)) ends.forEach((end) => found.add(end));
    }
    return found;
  };

  const light = (element) => {
    const own = evs(element);
    const lit = element.classList.contains('arrow') ? new Set(own) : friends(own[0]);
    page.classList.add('lights');
    for (const each of all()) {
      const ends = evs(each);
      const on = each.classList.contains('arrow')
        ? ends.every((end) => lit.has(end)) && ends.some((end) => own.includes(end))
        : ends.some((end) => lit.has(end));
      each.classList.toggle('lit', on);
    }
    const texts = [...lit].filter((ev) => calls.has(ev)).map((ev) => calls.get(ev).about);
    about.textContent = texts.join('\n\n');
    about.hidden = texts.length === 0;
  };

  const dark = () => {
    page.classList.remove('lights');
    for (const each of page.querySelectorAll('.lit')) each.classList.remove('lit');
    about.hidden = true;
  };

  const fits = (ev) => {
    const call = calls.get(ev);
    return !call || Object.entries(wanted).every(([key, select]) => select.value === '' || String(call[key]) === select.value);
  };

  const sift = () => {
    for (const each of all()) {
      const ends = evs(each);
      each.classList.toggle('off', ends.length > 0 && !ends.some(fits));
    }
    boxes = [...page.querySelectorAll('.box[data-ev]:not(.off)')].sort((a, b) => a.y.baseVal.value - b.y.baseVal.value);
    for (const box of page.querySelectorAll('.box')) {
      box.setAttribute('tabindex', box === boxes[0] ? '0' : '-1');
      box.setAttribute('role', 'button');
      const call = calls.get(evs(box)[0]);
      if (call) box.setAttribute('aria-label', call.about);
    }
  };

  // Where the window has no room for the sentences beside the lanes, they stand below them, by their numbers; what is still
  // too wide is drawn a little smaller.
  const SMALLEST = 0.6;
  const fit = () => {
    const room = document.documentElement.clientWidth - 32;
    for (const svg of page.querySelectorAll('svg')) {
      const [wide, high] = ['width', 'height'].map((side) => Number(svg.getAttribute(side)));
      const isNarrow = wide > room;
      const shown = isNarrow ? Number(page.dataset.lanes) : wide;
      const scale = Math.max(SMALLEST, Math.min(1, room / shown));
      page.classList.toggle('narrow', isNarrow);
      svg.viewBox.baseVal.width = shown;
      svg.style.width = `${shown * scale}px`;
      svg.style.height = `${high * scale}px`;
    }
  };

  const turn = (to) => {
    if (to < 0 || to >= pages.length) return;
    if (pages[to].tagName === 'TEMPLATE') {
      const fresh = document.createElement('div');
      fresh.className = 'page';
      fresh.dataset.lanes = pages[to].dataset.lanes;
      fresh.append(pages[to].content.cloneNode(true));
      pages[to] = fresh;
    }
    dark();
    held = null;
    page.replaceWith(pages[to]);
    page = pages[to];
    shown = to;
    byId('page').textContent = `${to + 1} of ${pages.length}`;
    byId('before').disabled = to === 0;
    byId('after').disabled = to + 1 === pages.length;
    fit();
    sift();
    window.scrollTo(0, 0);
  };

  // Where this page has nothing that is wanted, the first one that has.
  const has = (each) => [...(each.content ?? each).querySelectorAll('.box[data-ev]')].some((box) => evs(box).some(fits));
  const find = () => {
    sift();
    const first = boxes.length > 0 ? -1 : pages.findIndex(has);
    if (first >= 0) turn(first);
  };

  const go = (to) => {
    if (boxes.length === 0) return;
    const box = boxes[Math.max(0, Math.min(boxes.length - 1, to))];
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: 'center' });
  };

  const target = (event) => event.target instanceof Element ? event.target.closest('[data-ev]') : null;
  main.addEventListener('pointerover', (event) => {
    const element = target(event);
    if (element && !held) light(element);
  });
  main.addEventListener('pointerout', (event) => {
    if (target(event) && !held) dark();
  });
  main.addEventListener('click', (event) => {
    held = target(event);
    if (held) light(held); else dark();
  });
  main.addEventListener('focusin', (event) => {
    const element = target(event);
    if (element) { held = element; light(element); }
  });

  const help = (open) => {
    byId('keys').hidden = !open;
    byId('help').setAttribute('aria-expanded', String(open));
  };
  window.addEventListener('resize', fit);
  byId('help').addEventListener('click', () => help(byId('keys').hidden));
  byId('before').addEventListener('click', () => turn(shown - 1));
  byId('after').addEventListener('click', () => turn(shown + 1));
  byId('filter').addEventListener('submit', (event) => event.preventDefault());

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const at = boxes.indexOf(document.activeElement);
    const keys = {
      ArrowDown: () => go(at + 1), j: () => go(at + 1),
      ArrowUp: () => go(at - 1), k: () => go(at - 1),
      Home: () => go(0), End: () => go(boxes.length - 1),
      n: () => turn(shown + 1), p: () => turn(shown - 1),
      f: () => wanted.proc.focus(),
      '?': () => help(byId('keys').hidden),
      Escape: () => { held = null; document.activeElement.blur(); dark(); help(false); },
    };
    if (Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  const offer = (select, choices) => {
    for (const [value, text] of choices) {
      const option = document.createElement('option');
      option.value = value;
      option.textContent = text;
      select.append(option);
    }
    select.addEventListener('change', find);
  };
  offer(wanted.proc, data.procs);
  offer(wanted.conn, data.conns);
  offer(wanted.call, [...new Set(data.calls.map((call) => call[3]))].sort().map((name) => [name, name]));
  byId('filter').hidden = false;
  byId('pages').hidden = pages.length < 2;
  turn(0);
})();
