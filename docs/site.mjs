// Builds a site of the documents below target/site: `node docs/site.mjs`. It begins with docs/README.md and docs/pt-BR/README.md and follows the links
// to other pages of the repository. A link to a file that is no page is shown without a link. It needs node alone.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'target/site');
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const anchor = (heading) => [...heading.toLowerCase().replaceAll(' ', '-')].filter((letter) => /[\p{L}\p{N}_-]/u.test(letter)).join('');
// The README itself is no index: that of the site leads to the documents.
const htmlOf = (path) => path.replace(/^README\.md$/, 'readme.html').replace(/\/README\.md$/, '/index.html').replace(/\.md$/, '.html');

const style = `:root { color-scheme: light dark; --ink: #1d2329; --paper: #fff; --soft: #f3f5f7; --line: #d5dbe1; --link: #0b5cad }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #14181c; --soft: #1e242a; --line: #38414a; --link: #7fb8f2 } }
* { box-sizing: border-box }
body { margin: 0; color: var(--ink); background: var(--paper); font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word }
header { border-bottom: 1px solid var(--line); padding: .75rem 1rem }
header a { margin-right: 1rem }
main { max-width: 52rem; margin: 0 auto; padding: 1rem 1rem 4rem }
a { color: var(--link) }
h1, h2, h3 { line-height: 1.25; scroll-margin-top: 1rem }
h1 { font-size: 1.8rem } h2 { font-size: 1.35rem; margin-top: 2.5rem } h3 { font-size: 1.1rem; margin-top: 2rem }
code { background: var(--soft); border-radius: .25rem; padding: .1em .3em; font: .9em/1.5 ui-monospace, monospace }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; overflow-x: auto }
pre code { background: none; padding: 0; font-size: .85rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; min-width: 100% }
th, td { border: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; min-width: 6rem }
th { background: var(--soft) }
img { max-width: 100%; height: auto }`;

// The words of a line: code first, so that nothing in it is taken for a mark.
function inline(text, linked) {
  const parts = [];
  const kept = (html) => `\u0000${parts.push(html) - 1}\u0000`;
  const codes = text.replaceAll(/(`+)(.+?)\1/g, (_, marks, code) => kept(`<code>${escaped(code.trim())}</code>`));
  const links = codes.replaceAll(/<(img [^>]*)>/g, (_, tag) => kept(`<${tag.replace(/src="([^"]*)"/, (_all, to) => `src="${linked(to, true)}"`)}>`))
    .replaceAll(/\[([^\]]*)\]\(([^)\s]*)\)/g, (_, name, to) => {
      const target = linked(to);
      return target ? `${kept(`<a href="${escaped(target)}">`)}${name}${kept('</a>')}` : name;
    });
  const html = escaped(links).replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>').replaceAll(/(^|[\s(])\*([^*\s][^*]*)\*/g, '$1<em>$2</em>').replaceAll(/ {2}\n/g, '<br>\n');
  let whole = html;
  while (whole.includes('\u0000')) whole = whole.replaceAll(/\u0000(\d+)\u0000/g, (_, number) => parts[number]);
  return whole;
}

const cells = (row) => row.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));

function render(markdown, linked) {
  const lines = markdown.split('\n');
  const html = [];
  const say = (text) => inline(text, linked);
  const while_ = (fits) => {
    const taken = [];
    while (lines.length && fits(lines[0])) taken.push(lines.shift());
    return taken;
  };
  while (lines.length) {
    const line = lines.shift();
    if (line.startsWith('```')) {
      const [language, name] = [line.slice(3).split(' ')[0], line.match(/ (\S+\.\w+)$/)?.[1]];
      const code = while_((next) => !next.startsWith('```')).join('\n');
      lines.shift();
      html.push(`${name ? `<p><code>${escaped(name)}</code></p>\n` : ''}<pre tabindex="0"><code class="${escaped(language)}">${escaped(code)}</code></pre>`);
    } else if (/^#+ /.test(line)) {
      const [, signs, heading] = line.match(/^(#+) (.*)$/);
      html.push(`<h${signs.length} id="${anchor(heading)}">${say(heading)}</h${signs.length}>`);
    } else if (line.startsWith('|')) {
      const [, ...rows] = while_((next) => next.startsWith('|'));
      const row = (columns, tag) => `<tr>${columns.map((column) => `<${tag}>${say(column)}</${tag}>`).join('')}</tr>`;
      html.push(`<div class="wide" tabindex="0"><table>\n${row(cells(line), 'th')}\n${rows.map((one) => row(cells(one), 'td')).join('\n')}\n</table></div>`);
    } else if (/^([*-]|\d+\.) /.test(line)) {
      const tag = /^\d/.test(line) ? 'ol' : 'ul';
      const begins = tag === 'ol' ? /^\d+\. / : /^[*-] /;
      const items = [line, ...while_((next) => begins.test(next) || /^ {2,}\S/.test(next))].join('\n').split(/^(?=(?:[*-]|\d+\.) )/m);
      html.push(`<${tag}>\n${items.map((item) => `<li>${say(item.replace(begins, '').trim())}</li>`).join('\n')}\n</${tag}>`);
    } else if (line.trim()) {
      html.push(`<p>${say([line, ...while_((next) => next.trim() && !/^(```|#+ |\||[*-] |\d+\. )/.test(next))].join('\n'))}</p>`);
    }
  }
  return html.join('\n');
}

rmSync(out, { recursive: true, force: true });
const begun = ['docs/README.md', 'docs/pt-BR/README.md'];
const pages = new Set(begun);
const pictures = new Set();
for (const path of pages) {
  const here = dirname(path);
  const markdown = readFileSync(join(root, path), 'utf8');
  const linked = (to, isPicture) => {
    if (/^(https?:|mailto:|#)/.test(to)) return to;
    const [file, place] = to.split('#');
    const target = posix.normalize(posix.join(here, file));
    if (isPicture) pictures.add(target);
    else if (!file.endsWith('.md') || !existsSync(join(root, target))) return null;
    else pages.add(target);
    return relative(here, htmlOf(target)) + (place ? `#${place}` : '');
  };
  const body = render(markdown, linked);
  const language = path.includes('pt-BR') ? 'pt-BR' : 'en';
  const title = markdown.match(/^# (.*)$/m)?.[1].replaceAll('`', '') ?? path;
  const menu = begun.map((page) => `<a href="${relative(here, htmlOf(page))}">${page.includes('pt-BR') ? 'Documentos' : 'Documents'}</a>`).join('');
  const target = join(out, htmlOf(path));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `<!doctype html>\n<html lang="${language}">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} – portaria</title>\n<link rel="stylesheet" href="${relative(here, 'style.css')}">\n<header><nav>${menu}</nav></header>\n<main>\n${body}\n</main>\n</html>\n`);
}
for (const picture of pictures) {
  mkdirSync(dirname(join(out, picture)), { recursive: true });
  copyFileSync(join(root, picture), join(out, picture));
}
writeFileSync(join(out, 'style.css'), style);
writeFileSync(join(out, 'index.html'), '<!doctype html>\n<meta charset="utf-8">\n<meta http-equiv="refresh" content="0; url=docs/index.html">\n<title>portaria</title>\n<a href="docs/index.html">Documents</a>\n');
console.log(`${pages.size} pages below ${relative(process.cwd(), out) || '.'}; begin with index.html`);
