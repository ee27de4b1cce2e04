// The balancers of `deploy/`, run as they stand there, but for addresses: each on a free port, in a folder of its own, ended by
// its id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { soon } from './person.mjs';
import { freePort } from './redis.mjs';
import { ROOT } from './server.mjs';
import { until } from './serving.mjs';

/** The text of a file of `deploy/`, each pair replaced wherever it stands; it must stand somewhere. */
export function deployed(file, replaced) {
  let text = readFileSync(path.join(ROOT, 'deploy', file), 'utf8');
  for (const [from, to] of replaced) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Runs a program in the foreground until it listens. Yields `{ url, stop, output }`. */
async function run(command, args, dir, port) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const read = (chunk) => (output += chunk);
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  const url = `http://127.0.0.1:${port}`;
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!ended()) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  const answers = async () => {
    if (ended()) throw new Error(`${command} ended:\n${output}`);
    return fetch(`${url}/healthz`).then((answer) => answer.status === 200, () => false);
  };
  try {
    await soon(until(answers), `${command} to serve`);
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${output}`);
  }
  return { url, stop, output: () => output };
}

const hosts = (servers) => servers.map((server) => new URL(server.url).host);

/** nginx with `deploy/nginx.conf` before two servers. */
export async function nginx(servers) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-nginx-'));
  const port = await freePort();
  const [one, two] = hosts(servers);
  writeFileSync(path.join(dir, 'homeroom.conf'), deployed('nginx.conf', [['10.0.0.11:3000', one], ['10.0.0.12:3000', two], ['listen 80;', `listen 127.0.0.1:${port};`]]));
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  for (const kind of kinds) mkdirSync(path.join(dir, kind));
  const main = [
    `daemon off; master_process off; pid ${dir}/pid; error_log stderr warn;`,
    'events { worker_connections 1024; }',
    `http { access_log off; ${kinds.map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ')} include ${dir}/homeroom.conf; }`,
  ];
  writeFileSync(path.join(dir, 'nginx.conf'), main.join('\n'));
  return run('nginx', ['-p', dir, '-c', path.join(dir, 'nginx.conf'), '-e', 'stderr'], dir, port);
}

/** HAProxy with `deploy/haproxy.cfg` before two servers. */
export async function haproxy(servers) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-haproxy-'));
  const port = await freePort();
  const [one, two] = hosts(servers);
  const file = path.join(dir, 'haproxy.cfg');
  writeFileSync(file, deployed('haproxy.cfg', [['10.0.0.11:3000', one], ['10.0.0.12:3000', two], ['bind :80', `bind 127.0.0.1:${port}`], ['maxconn 200000', 'maxconn 1000']]));
  return run('haproxy', ['-db', '-f', file], dir, port);
}

/** What the acceptance tests are played behind where `FRONT` names this file. */
export const front = (urls) => nginx(urls.map((url) => ({ url })));
