// A collector of OpenTelemetry: Rotel, as PyPI ships it, in a Python environment of its own that is made once. It writes down
// the spans that it is sent.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { soon } from './person.mjs';
import { freePort } from './redis.mjs';
import { cache } from './server.mjs';
import { until } from './serving.mjs';

const run = promisify(execFile);
const VERSION = '0.0.1a15';

async function program() {
  const dir = path.join(cache(), `rotel-${VERSION}`);
  const agent = () => readdirSync(path.join(dir, 'lib')).map((python) => path.join(dir, 'lib', python, 'site-packages/rotel/rotel-agent')).find(existsSync);
  if (existsSync(path.join(dir, 'lib')) && agent()) return agent();
  rmSync(dir, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', dir]);
  await run(path.join(dir, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '--no-deps', `rotel==${VERSION}`]);
  return agent();
}

/** Starts it. Yields `{ url, spans, stop }`; `spans()`: those that have come, each with what is written of it by name. */
export async function collector() {
  const [agent, http, grpc] = [await program(), await freePort(), await freePort()];
  const at = (port) => `127.0.0.1:${port}`;
  const args = ['start', '--otlp-http-endpoint', at(http), '--otlp-grpc-endpoint', at(grpc), '--exporter', 'blackhole', '--debug-log', 'traces', '--debug-log-verbosity', 'detailed'];
  const child = spawn(agent, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const read = (chunk) => (output += chunk);
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  const url = `http://${at(http)}`;
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  const spans = () =>
    output.split(/^Span #\d+$/m).slice(1).map((text) =>
      Object.fromEntries([...text.matchAll(/^ *(?:-> )?([\w. ]+?) *: ?(?:Str\((.*)\)|(.*))$/gm)].map(([, name, quoted, value]) => [name, quoted ?? value])));
  const listens = () => fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"resourceSpans":[]}' }).then(({ ok }) => ok, () => false);
  await soon(until(listens), `the collector to listen: ${output}`);
  return { url, spans, stop, output: () => output };
}
