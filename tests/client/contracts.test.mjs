// What is exported is what other tools accept: TypeScript 5, 6 and 7, AsyncAPI, OpenAPI; and it says what is true.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Parser } from '@asyncapi/parser';
import { Validator } from '@seriousme/openapi-schema-validator';
import { BINARY, ROOT, cache } from './server.mjs';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const TESTS = path.join(ROOT, 'tests');
const CASES = path.join(ROOT, 'engine/export/tests/cases');
const namespaces = ['assessment', 'attendance', 'gradebook', 'live-class', 'messaging', 'notifications'];

describe('the exported documents', () => {
  let out;
  before(async () => {
    out = mkdtempSync(path.join(os.tmpdir(), 'homeroom-export-'));
    await run(BINARY, ['export', path.join(ROOT, 'namespaces'), '--out', out]);
  });
  after(() => rmSync(out, { recursive: true }));

  test('are those that are committed', async () => {
    await run(BINARY, ['export', path.join(ROOT, 'namespaces'), '--out', path.join(ROOT, 'schemas'), '--check']);
    assert.deepEqual(readdirSync(out).filter((name) => !name.endsWith('.json')).sort(), namespaces);
  });

  test('are told when they are stale, with what to do', async () => {
    writeFileSync(path.join(out, 'gradebook/gradebook.ts'), '// old\n');
    const failed = await run(BINARY, ['export', '--out', out, '--check']).then(() => null, (error) => error);
    assert.equal(failed?.code, 1);
    assert.match(failed.stderr, /stale: .*gradebook\.ts[^]*1 of 20 documents are stale: run `homeroom export --out /);
    await run(BINARY, ['export', '--out', out]);
    await run(BINARY, ['export', '--out', out, '--check']);
  });

  for (const version of [5, 6, 7]) {
    test(`compile under TypeScript ${version}, and find mistakes`, { timeout: 240_000 }, async () => {
      const dir = mkdtempSync(path.join(cache(), 'types-'));
      try {
        mkdirSync(path.join(dir, 'made'));
        for (const name of namespaces) copyFileSync(path.join(out, name, `${name}.ts`), path.join(dir, 'made', `${name}.ts`));
        for (const name of readdirSync(CASES).filter((name) => name.endsWith('.ts'))) copyFileSync(path.join(CASES, name), path.join(dir, 'made', `case-${name}`));
        for (const name of ['right.ts', 'wrong.ts']) copyFileSync(path.join(TESTS, 'types', name), path.join(dir, name));
        writeFileSync(path.join(dir, 'package.json'), '{ "type": "module" }');
        const compilerOptions = {
          strict: true, noEmit: true, target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022', 'dom'],
          exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true, skipLibCheck: true, types: [],
        };
        writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }));
        const compiler = path.join(path.dirname(require.resolve(`typescript-${version}/package.json`)), 'bin/tsc');
        await run(process.execPath, [compiler, '-p', dir]).catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  }

  test('are AsyncAPI without a diagnostic', async () => {
    const text = readFileSync(path.join(out, 'asyncapi.json'), 'utf8');
    const { document, diagnostics } = await new Parser().parse(text);
    assert.deepEqual(diagnostics.map((one) => `${one.path.join('.')}: ${one.message}`), []);
    assert.equal(document.version(), '3.1.0');
    assert.deepEqual(document.channels().all().map((channel) => channel.address()).sort(), namespaces.map((name) => `/${name}`));
  });

  test('are OpenAPI', async () => {
    const { valid, errors } = await new Validator().validate(path.join(out, 'openapi.json'));
    assert.ok(valid, JSON.stringify(errors, null, 2));
  });
});
