// The API over HTTP, held by schemathesis to its own OpenAPI document: whatever is sent, no 5xx, and no answer that the
// document does not have.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { KEY, cache, start } from './server.mjs';

const run = promisify(execFile);
const VERSION = '4.32.5';
const SECONDS = 30;
// What the document cannot say is left out: that an author's steps, or a room's name, may refuse what is well formed.
const NOT = 'positive_data_acceptance';

/** The program, in a Python environment of its own that is made once. */
async function schemathesis() {
  const dir = path.join(cache(), `schemathesis-${VERSION}`);
  const program = path.join(dir, 'bin/schemathesis');
  if (existsSync(program)) return program;
  rmSync(dir, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', dir]);
  await run(path.join(dir, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`]);
  return program;
}

let server;
let program;
before(async () => {
  program = await schemathesis();
  server = await start();
});
after(() => server?.stop());

test('whatever is sent is answered as the document says', async (t) => {
  const args = ['run', `${server.url}/v1/openapi.json`, '--url', server.url, '-H', `Authorization: Bearer ${KEY}`];
  args.push('--checks', 'all', '--exclude-checks', NOT, '--phases', 'coverage,fuzzing', '--max-time', `${SECONDS}`, '--seed', '1');
  args.push('--continue-on-failure', '--no-shrink', '--warnings', 'off', '--suppress-health-check', 'all');
  const said = await run(program, args, { cwd: cache(), maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NO_COLOR: '1' } }).catch((failed) => failed);
  const { stdout = '', stderr = '' } = said;
  assert.equal(said.code ?? 0, 0, `${stdout.slice(-20_000)}\n${stderr.slice(-2000)}`);
  t.diagnostic(stdout.match(/Test cases:[^]*?(?=\n\n|$)/)?.[0] ?? stdout.slice(-600));
  assert.doesNotMatch(server.output(), /panicked/);
});
