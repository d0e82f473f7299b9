// The programs of docs/apps.md and other pages. A code block whose first line names a file, such as "```js server.mjs", is that file of its section, word for word;
// only the two addresses of the page, of the store and of the app, are replaced by those of the test.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkout } from '../browser/packages.mjs';

export const issuerOfThePage = 'https://login.loja.example';

// The named blocks of each section of a page.
export async function sectionsOf(path) {
  const page = await readFile(`${checkout}${path}`, 'utf8');
  return new Map(page.split(/^## /m).slice(1).map((section) => {
    const blocks = [...section.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, file, text]) => [file, text]);
    return [section.slice(0, section.indexOf('\n')).trim(), Object.fromEntries(blocks)];
  }));
}

export const sections = await sectionsOf('docs/apps.md');

// What stands below `apps:` in a section, and the names of the apps there.
export function entry(section) {
  const settings = sections.get(section)?.['portaria.yaml'] ?? 'apps:\n';
  if (!settings.startsWith('apps:\n')) throw new Error(`the block "portaria.yaml" of section "${section}" does not begin with "apps:"`);
  const text = settings.slice('apps:\n'.length);
  const names = [...text.matchAll(/^ {2}([a-z-]+):/gm)].map(([, name]) => name);
  return { text, names };
}

export function replaced(text, places) {
  return Object.entries(places).reduce((done, [from, to]) => done.replaceAll(from, to), text);
}

export async function writeProgram(section, folder, places) {
  for (const [file, text] of Object.entries(sections.get(section))) {
    if (file === 'portaria.yaml') continue;
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, replaced(text, places));
  }
}
