// Programs that a test run starts: each is waited for until it answers, and ended by its own handle.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGTERM')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const taken = new Set();

// A port that no one listens on. It lies below the range from which outgoing connections take theirs, so that it stays free until its program is up.
export async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    if (taken.has(port)) continue;
    taken.add(port);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

export async function start(name, program, parameters, { ready, isReady = ({ ok }) => ok, env = {}, cwd }) {
  const child = spawn(program, parameters, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
  let over = null;
  child.on('error', (error) => { over = error.message; });
  child.on('exit', (code, signal) => { over = `it ended with ${signal ?? code}`; running.delete(child); });

  const until = Date.now() + 60_000;
  while (!await answers(ready, isReady)) {
    if (over || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`${name} does not serve ${ready}: ${over ?? 'a minute passed'}\n${said}`);
    }
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  return {
    said: () => said,
    async stop() {
      if (over) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exit;
      clearTimeout(late);
    },
  };
}

async function answers(address, isReady) {
  try {
    return isReady(await fetch(address, { redirect: 'manual' }));
  } catch {
    return false;
  }
}
