// Packages are installed below target/, not beside the tests, so they are looked for there.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const checkout = fileURLToPath(new URL('../..', import.meta.url));
export const installed = process.env.PORTARIA_TEST_PACKAGES ?? `${checkout}target/tests`;

const require = createRequire(`${installed}/package.json`);

export const load = (name) => import(pathToFileURL(require.resolve(name)));
