// Runs the tests with a real browser: `node tests/browser/run.mjs`. PORTARIA_BIN is the broker's binary, PORTARIA_TEST_PACKAGES the folder of the
// installed packages; tests/run installs and builds what they name.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { broker, installation } from './world.mjs';

const wanted = process.argv.slice(2);
const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.mjs')).sort();
for (const file of files) {
  if (wanted.length === 0 || wanted.some((name) => file.startsWith(name))) await import(`./${file}`);
}

test('what the broker wrote down meanwhile names no secret and nobody', () => {
  const secrets = Object.entries(installation.env).filter(([name]) => name.endsWith('_SECRET')).map(([, secret]) => secret);

  for (const word of [...secrets, 'ana@loja.example', 'bia@entrada.example', 'caio@oficina.example', 'dora@galeria.example']) {
    assert.ok(!broker.said().includes(word), `${word} stands in the log`);
  }
});
