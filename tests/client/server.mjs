// A server of our own for a suite: on a free port, waited for, and ended by its id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BINARY = process.env.HOMEROOM ?? path.join(ROOT, 'target/debug/homeroom');
const START_MS = 30_000;

/** A folder for what tests make, from which their npm packages are found. */
export function cache() {
  const dir = path.join(ROOT, 'tests/.cache');
  mkdirSync(dir, { recursive: true });
  return dir;
}

export const SECRET = 'a secret for tests that is long enough for HS256';
export const KEY = 'a-key-for-tests';

/** Starts `homeroom serve` and waits until it listens. Yields `{ url, output, stop }`. */
export async function start({ args = [], env = {} } = {}) {
  const child = spawn(BINARY, ['serve', ...args], {
    env: { PATH: process.env.PATH, PORT: '0', JWT_SECRET: SECRET, HOMEROOM_API_KEYS: KEY, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error(`the server did not start:\n${output}`)), START_MS);
    const read = (chunk) => {
      output += chunk;
      const told = output.match(/listening on (http:\S+)/);
      if (told) {
        clearTimeout(late);
        found(told[1]);
      }
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('exit', (code) => {
      clearTimeout(late);
      failed(new Error(`the server ended with ${code}:\n${output}`));
    });
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await gone;
      clearTimeout(late);
    }
  };
  return { url, stop, output: () => output, pid: child.pid };
}

/** A service sends an event over HTTP. Yields `{ status, body }`. */
export async function post(server, namespace, event, body, { key = KEY, type = 'application/json' } = {}) {
  const headers = { 'content-type': type };
  if (key !== null) headers.authorization = `Bearer ${key}`;
  const answer = await fetch(`${server.url}/v1/namespaces/${namespace}/events/${event}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}
