// The threat model, held against the tests that it names; and what no running server can show.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { BINARY, ROOT } from './server.mjs';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const rows = read('deploy/threat-model.md').split('\n').filter((line) => /^\| (?!somebody \|)/.test(line)).map((line) => line.slice(1, -1).split(' | ').map((cell) => cell.trim()));

test('every line of the threat model names a test that is there', () => {
  assert.ok(rows.length > 40, `${rows.length} lines`);
  for (const [threat, defence, cell] of rows) {
    assert.ok(threat && defence, threat);
    const [, file, name] = cell?.match(/^`(\S+)` `(.+)`$/) ?? assert.fail(`no test for: ${threat}`);
    const text = read(file);
    const found = file.endsWith('.rs') ? new RegExp(`fn ${name}\\(`).test(text) && !text.includes('#[ignore') : text.includes(`test('${name}',`);
    assert.ok(found, `${file} has no test ${name}`);
  }
});

test('keys are compared in constant time, and nowhere else', () => {
  const text = read('engine/http/src/keys.rs');
  assert.match(text, /use subtle::ConstantTimeEq;/);
  assert.match(text, /\.ct_eq\(/);
  // All of them are asked, whichever holds.
  assert.match(text, /\.fold\(/);
  const shown = readdirSync(path.join(ROOT, 'engine/http/src'), { recursive: true }).filter((file) => file.endsWith('.rs') && read(path.join('engine/http/src', file)).includes('AUTHORIZATION'));
  assert.deepEqual(shown, ['keys.rs'], 'keys are looked at in one place');
});

test('what definitions say steers no terminal, whatever is asked of them', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'homeroom-codes-'));
  try {
    const wiping = String.raw`\e[2J\e]0;mine\a\N\r`;
    const definition = (more) => `namespace: /a
description: "all ${wiping}"
rooms: { hall:<hall>: { allow: [{ when: "hall == '${wiping}'" }] } }
errors: { GONE: "gone ${wiping}" }
client_events:
  "one ${wiping}": { allow: anyone, description: "one ${wiping}" }
  two: { allow: anyone, payload: { fields: { hall: string } }, do: [{ join: hall:<hall>, else: GONE }]${more} }
`;
    const files = {
      'homeroom.yaml': 'identity: { fields: { id: string, role: { enum: [T] } } }\n',
      'now/namespace.yaml': definition(''), 'old/namespace.yaml': definition(`, description: "two ${wiping}"`),
      'wrong/namespace.yaml': `${definition('')}  "one ${wiping}": {}\nroms: { "${wiping}": {} }\n`,
      'now/tests.yaml': `namespace: /a
users: { ann: { id: a, role: T } }
scenarios:
  - { name: "good ${wiping}", steps: [{ as: ann, emit: "one ${wiping}" }] }
  - { name: "bad ${wiping}", steps: [{ as: ann, emit: two, data: { hall: "${wiping}" }, refused: "x ${wiping}" }] }
`,
    };
    for (const dir of ['now', 'old', 'wrong']) mkdirSync(path.join(folder, dir));
    for (const dir of ['now', 'old', 'wrong']) writeFileSync(path.join(folder, dir, 'homeroom.yaml'), files['homeroom.yaml']);
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    const asked = [
      ['check', 'now'], ['check', 'wrong'], ['test', 'now', '--coverage'], ['plan', 'now', '--against', 'old'], ['breaking', 'old', '--against', 'now'],
      ...[['join', 'hall:x'], ['emit', 'two', '--data', '{ hall: x }'], ['connect']].map((question) =>
        ['explain', '--namespaces', 'now', '--user', '{ id: a, role: T }', ...question]),
      ['serve', '--namespaces', 'wrong'],
    ];
    for (const args of asked) {
      const { stdout, stderr } = spawnSync(BINARY, args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH }, timeout: 60_000 });
      const told = stdout + stderr;
      assert.ok(told.trim().length > 0, `${args} tells something`);
      assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(told), `${args}: ${JSON.stringify(told)}`);
      if (args[0] === 'test') assert.match(told, /good .*\[2J[^]*bad .*\[2J/, told);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
