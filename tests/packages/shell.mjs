// The blocks of the documents in a real shell. The engine and the cluster that their commands speak to are not here: what these are asked for is acted
// on in the test.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { root } from '../proxies/world.mjs';

/** What stands in the place of a program: it hands on its words and its process, whose streams are then used. */
const STAND_IN = `
const words = { name: require('node:path').basename(process.argv[1]), words: process.argv.slice(2), pid: process.pid };
require('node:http').request({ socketPath: process.env.STAND_IN, method: 'POST' }, async (answer) => {
    let text = '';
    for await (const part of answer) text += part;
    const { status, said } = JSON.parse(text);
    process.stderr.write(said);
    process.exitCode = status;
}).end(JSON.stringify(words));
`;

/** A block of a page, by its name. */
export function block(page, name) {
    const found = new RegExp(`\`\`\`sh ${name}\\n([\\s\\S]*?)\`\`\``).exec(fs.readFileSync(path.join(root, page), 'utf8'));
    if (!found) throw new Error(`${page} has no block \`${name}\``);
    return found[1];
}

/** The command of a page that stands in the middle of its text, by how it begins. */
export function command(page, begin) {
    const found = fs.readFileSync(path.join(root, page), 'utf8').split('`').find((text) => text.startsWith(begin));
    if (!found) throw new Error(`${page} has no command \`${begin}…\``);
    return found;
}

/**
 * Runs commands of a page in a new or a given folder. `programs` are functions by the names of the programs that they stand in for: each gets the words
 * and the files of the standard streams, and gives `{ status, said }`. What is not 0 ends the shell, and is thrown.
 */
export async function inShell(commands, programs, { folder, env = {} }) {
    const place = fs.mkdtempSync(path.join(folder, 'shell-'));
    for (const name of Object.keys(programs)) fs.writeFileSync(path.join(place, name), `#!${process.execPath}\n${STAND_IN}`, { mode: 0o755 });
    const server = http.createServer(async (request, answer) => {
        let text = '';
        for await (const part of request) text += part;
        const { name, words, pid } = JSON.parse(text);
        const act = async () => programs[name](words, { input: `/proc/${pid}/fd/0`, output: `/proc/${pid}/fd/1` });
        const { status = 0, said = '' } = await act().then((done) => done ?? {}, (error) => ({ status: 99, said: error.stack }));
        answer.end(JSON.stringify({ status, said }));
    });
    const socket = path.join(place, 'socket');
    await new Promise((done) => { server.listen(socket, done); });
    const said = path.join(place, 'said');
    const file = fs.openSync(said, 'a');
    const shell = spawn('bash', ['-euc', commands.replaceAll('sudo ', '')], { cwd: folder, env: { ...process.env, ...env, PATH: `${place}:${process.env.PATH}`, STAND_IN: socket }, stdio: ['ignore', file, file] });
    const status = await new Promise((done) => { shell.once('exit', done); });
    fs.closeSync(file);
    server.close();
    const text = fs.readFileSync(said, 'utf8');
    if (status !== 0) throw new Error(`exit code ${status}:\n${text}`);
    return text;
}
