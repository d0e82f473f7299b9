
// The editor, better: the text is checked as one types. Without this, a button checks it. Tab leaves the field, as it does everywhere.
{
  const form = document.querySelector('form.editor');
  const field = form?.querySelector('textarea');
  if (field) edit(form, field);
}

function edit(form, field) {
  const [lines, result, said, checked] = ['.lines', '[data-result]', '[data-said]', '[data-checked]'].map((part) => form.querySelector(part));
  let waiting = null;
  let asked = null;

  // The text below the field, with the words that are complained about.
  const draw = (marks) => {
    const drawn = field.value.split('\n').map((text, at) => {
      const line = document.createElement('li');
      line.value = at + 1;
      const mark = marks.get(at + 1);
      if (!mark) {
        line.textContent = text;
        return line;
      }
      const letters = [...text];
      const word = document.createElement('u');
      word.textContent = letters.slice(mark.column - 1, mark.column - 1 + mark.width).join('');
      line.className = mark.kind;
      line.append(letters.slice(0, mark.column - 1).join(''), word, letters.slice(mark.column - 1 + mark.width).join(''));
      return line;
    });
    lines.replaceChildren(...drawn);
    lines.scrollLeft = field.scrollLeft;
    field.rows = drawn.length + 2;
  };

  const marks = () => {
    const found = new Map();
    for (const { dataset } of result.querySelectorAll('li[data-line]')) {
      const line = Number(dataset.line);
      const mark = { kind: dataset.kind, column: Number(dataset.column), width: Number(dataset.width) };
      if (line > 0 && (mark.kind === 'bad' || !found.has(line))) found.set(line, mark);
    }
    return found;
  };

  const show = (html) => {
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    const [next, before] = [parsed, result].map((part) => part.querySelector('[data-requests]'));
    // While a word is being typed, the requests of the text before stay in sight, paler.
    if (next?.dataset.requests === 'none' && before?.querySelector('.body')) {
      next.dataset.stale = '';
      next.append(...before.querySelectorAll('.body'));
    }
    const focused = result.contains(document.activeElement);
    result.replaceChildren(...parsed.body.children);
    if (focused) field.focus();
    const { summary, time } = result.firstElementChild.dataset;
    if (said.textContent !== summary) said.textContent = summary;
    checked.textContent = checked.dataset.checked.replace('{time}', time);
    draw(marks());
  };

  const check = async () => {
    asked?.abort();
    asked = new AbortController();
    const body = new URLSearchParams({ name: form.elements.name.value, yaml: field.value });
    const lang = new URLSearchParams(location.search).get('lang');
    try {
      const answer = await fetch(form.dataset.check + (lang ? `?lang=${encodeURIComponent(lang)}` : ''), { method: 'POST', body, headers: { accept: 'text/html' }, credentials: 'same-origin', signal: asked.signal });
      // The login: the text stays in the field, and a button says the same with it.
      if (answer.redirected) {
        said.textContent = form.dataset.signedOut;
        return;
      }
      if (answer.ok) show(await answer.text());
      else if (answer.status === 429) later(Number(answer.headers.get('retry-after') ?? 5) * 1000);
    } catch {
      // The next key asks again, and the button works without a script.
    }
  };

  const later = (milliseconds) => {
    clearTimeout(waiting);
    waiting = setTimeout(check, milliseconds);
  };

  field.addEventListener('input', () => {
    draw(new Map());
    later(300);
  });
  field.addEventListener('scroll', () => { lines.scrollLeft = field.scrollLeft; });

  form.addEventListener('click', async (event) => {
    const line = event.target.closest('li[data-line]');
    const link = event.target.closest('a[href="#yaml"]');
    const fix = event.target.closest('[data-meant]');
    const copy = event.target.closest('[data-copy-text]');
    if (line && (link || fix)) {
      event.preventDefault();
      select(line.dataset);
      if (fix) replace(fix.dataset.meant);
    } else if (copy && navigator.clipboard && !field.value.includes('••••••')) {
      event.preventDefault();
      await navigator.clipboard.writeText(field.value);
      const label = copy.querySelector('span');
      const before = label.textContent;
      label.textContent = document.body.dataset.copied;
      label.setAttribute('role', 'status');
      setTimeout(() => { label.textContent = before; label.removeAttribute('role'); }, 2000);
    } else if (event.target.closest('[value="check"]')) {
      event.preventDefault();
      later(0);
    }
  });

  // Selects the word of a complaint. Columns count characters, a field counts UTF-16.
  const select = ({ line, column, width }) => {
    const all = field.value.split('\n');
    const at = Math.min(Number(line), all.length) - 1;
    const letters = [...all[at]];
    const length = (count) => letters.slice(0, count).join('').length;
    const start = all.slice(0, at).reduce((sum, text) => sum + text.length + 1, 0);
    field.focus();
    field.setSelectionRange(start + length(column - 1), start + length(Number(column) - 1 + Number(width)));
  };

  // So that it can be undone as anything typed.
  const replace = (text) => {
    if (!document.execCommand('insertText', false, text)) {
      field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
  };

  draw(marks());
}
