// The lab, better: what can be copied is copied at a press, and the list of providers can be narrowed. Without this, links open the text alone.
'use strict';

// Times are shown in the zone of this machine, which the server learns by a cookie. The page is loaded again once, if it shows times.
const zone = String(-new Date().getTimezoneOffset());
const known = () => document.cookie.split('; ').find((pair) => pair.startsWith('lab_zone='))?.slice(9);
if (known() !== zone) {
  document.cookie = `lab_zone=${zone}; path=/lab; max-age=31536000; samesite=strict${location.protocol === 'https:' ? '; secure' : ''}`;
  if (known() === zone && document.querySelector('[data-zone]')) location.reload();
}

for (const link of document.querySelectorAll('a[data-copy]')) {
  const label = link.querySelector('span');
  const said = label.textContent;
  let text = null;
  const fetched = () => text ??= fetch(link.href, { credentials: 'same-origin' }).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)));
  link.addEventListener('click', async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !navigator.clipboard) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(await fetched());
      label.textContent = document.body.dataset.copied;
      label.setAttribute('role', 'status');
      setTimeout(() => { label.textContent = said; label.removeAttribute('role'); }, 2000);
    } catch {
      location.assign(link.href);
    }
  });
}

const filter = document.getElementById('filter');
if (filter) {
  filter.closest('[hidden]')?.removeAttribute('hidden');
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const narrow = () => {
    const wanted = plain(filter.value).split(/\s+/);
    let any = false;
    for (const group of document.querySelectorAll('.board section')) {
      let shown = false;
      for (const entry of group.querySelectorAll('li')) {
        entry.hidden = !wanted.every((word) => plain(entry.dataset.name).includes(word));
        shown ||= !entry.hidden;
      }
      group.hidden = !shown;
      any ||= shown;
    }
    document.querySelector('.unmatched').hidden = any;
  };
  filter.addEventListener('input', narrow);
  narrow();
}
