// The threat model, held against the tests that it names; and what no running server can show.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './server.mjs';

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
