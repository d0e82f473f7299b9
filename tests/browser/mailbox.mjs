// A real mail server, and the letters that it took.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { checkout, installed } from './packages.mjs';

export async function openMailbox(...parameters) {
  const server = spawn(`${installed}/python/bin/python`, [`${checkout}tests/peers/smtp_server.py`, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => server.kill('SIGTERM'));
  const letters = [];
  const waiting = [];
  const { port } = await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`the mail server ended with ${code}`)));
    let first = true;
    createInterface({ input: server.stdout }).on('line', (line) => {
      const told = JSON.parse(line);
      if (first) {
        first = false;
        resolve(told);
        return;
      }
      letters.push(told);
      waiting.splice(0).forEach((go) => go());
    });
  });
  return {
    port,
    letters,
    // The letter with this number, once it is there.
    async letter(number) {
      while (letters.length < number) await new Promise((resolve) => { waiting.push(resolve); });
      return letters[number - 1];
    },
    stop: () => server.kill('SIGTERM'),
  };
}
