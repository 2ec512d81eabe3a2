/**
 * The script that keeps an open page true: on every change it asks for the page again and puts the new `<main>` in the old
 * one's place. All text is made and escaped by the master; the script builds no markup. It runs in browsers, so it is text here.
 */
export const liveScript = `'use strict';
(() => {
  const grid = document.body.dataset.live;
  const sign = document.querySelector('.live');
  const announcement = document.getElementById('announcement');
  let timer = null;
  let asking = false;
  let stale = false;

  const show = (connection, word) => { sign.dataset.connection = connection; sign.textContent = word; };

  const distance = (milliseconds) => {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    if (seconds < 60) return seconds + ' s';
    if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
    if (seconds < 172800) return Math.floor(seconds / 3600) + ' h';
    return Math.floor(seconds / 86400) + ' d';
  };
  const tick = () => {
    for (const time of document.querySelectorAll('time[data-ago]'))
      time.textContent = distance(Date.now() - Number(time.dataset.ago)) + ' ago';
  };

  const swap = (fresh) => {
    const main = document.querySelector('main');
    const before = main.querySelector('[data-announce]')?.textContent;
    const unfolded = new Map([...main.querySelectorAll('details')].map((one) => [one.id, one.open]));
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const target = focused && (focused.id || focused.closest('details')?.id);
    const isSummary = focused?.tagName === 'SUMMARY';
    main.replaceChildren(...fresh.querySelector('main').childNodes);
    for (const one of main.querySelectorAll('details'))
      if (touched.has(one.id)) one.open = unfolded.get(one.id) ?? one.open;
    const again = target ? document.getElementById(target) : null;
    (isSummary ? again?.querySelector('summary') : again)?.focus({ preventScroll: true });
    document.title = fresh.title;
    const after = main.querySelector('[data-announce]')?.textContent;
    if (after && after !== before) announcement.textContent = after;
  };

  // Toggle events do not bubble; what a person opened or closed stays that way, the rest follows the master.
  const touched = new Set();
  addEventListener('click', (event) => {
    const id = event.target.closest?.('summary')?.parentElement?.id;
    if (id) touched.add(id);
  });

  const refresh = async () => {
    timer = null;
    if (document.hidden) { stale = true; return; }
    if (asking) { later(300); return; }
    asking = true;
    try {
      const response = await fetch(location.href, { headers: { accept: 'text/html' } });
      if (response.redirected) { location.reload(); return; }
      if (!response.ok) { later(5000); return; }
      swap(new DOMParser().parseFromString(await response.text(), 'text/html'));
    } catch {
      later(5000);
    } finally {
      asking = false;
    }
  };
  const later = (milliseconds) => { timer ??= setTimeout(refresh, milliseconds); };

  let source = null;
  const listen = () => {
    source = new EventSource('/live' + (grid === 'all' ? '' : '?grid=' + encodeURIComponent(grid)));
    let opened = false;
    source.onopen = () => { show('open', 'live'); if (opened) later(0); opened = true; };
    source.onerror = () => {
      show('lost', 'reconnecting');
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { later(0); listen(); }, 5000);
    };
    source.addEventListener('changed', () => later(250));
    source.addEventListener('reset', () => later(250));
  };
  listen();
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && stale) { stale = false; later(0); }
  });
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => { if (event.persisted) { listen(); later(0); } });
  setInterval(tick, 10000);
})();
`;
