// "Add an event in a minute", step by step as the README has it: its own blocks are what is typed here.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { PEOPLE, token } from './people.mjs';
import { Person } from './person.mjs';
import { BINARY, ROOT, cache } from './server.mjs';
import { serving } from './serving.mjs';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

const chapter = readFileSync(path.join(ROOT, 'README.md'), 'utf8').match(/## Add an event in a minute\n[^]*?\n## /)[0];
/** The blocks of the chapter in one language, in order. */
const blocks = (language) =>
  [...chapter.matchAll(new RegExp(`^   \`\`\`${language}\\n([^]*?)^   \`\`\`$`, 'gm'))].map(([, block]) => block.replace(/^   /gm, ''));
const indented = (block) => block.replace(/^(?=.)/gm, '  ');

test('a newcomer adds an event, slips, mends it, sees it served, and uses it from TypeScript', { timeout: 240_000 }, async () => {
  const server = await serving();
  const dir = mkdtempSync(path.join(cache(), 'newcomer-'));
  try {
    const [jones, smith] = await Promise.all(['smith#2', 'smith'].map((name) => Person.connect(server, 'gradebook', name)));
    for (const person of [jones, smith]) await person.does('gradebook:join', { classId: 'math-101' });

    const [wave, waved] = blocks('yaml');
    const before = await server.health();
    const slipped = await server.changed(() => {
      const file = 'gradebook/namespace.yaml';
      const text = readFileSync(path.join(server.dir, file), 'utf8');
      const added = text
        .replace('\nclient_events:\n', `\nclient_events:\n${indented(wave)}`)
        .replace('\nserver_events:\n', `\nserver_events:\n${indented(waved)}`);
      server.write(file, added);
    });
    assert.equal(slipped.definitions.verdict, 'refused');
    assert.equal(slipped.digest, before.digest, 'what was served still is');
    await smith.refused('gradebook:wave', { classId: 'math-101' }, 'UNKNOWN_EVENT');

    const told = await run(BINARY, ['check', server.dir]).then(() => assert.fail('a mistake goes unnoticed'), (error) => error.stdout);
    const shown = blocks('text').at(0).split('\n').map((line) => line.trim()).filter((line) => line.length > 1);
    const squeezed = told.replace(/^ *\d+ \|/gm, '|').split('\n').map((line) => line.trim());
    for (const line of shown) assert.ok(squeezed.includes(line), `the README shows \`${line}\`, and this was told:\n${told}`);

    const mended = await server.changed(() => server.edit('gradebook/namespace.yaml', '<clasId>', '<classId>'));
    assert.equal(mended.definitions.verdict, 'served', JSON.stringify(mended.definitions));
    await run(BINARY, ['check', server.dir, '--deny-warnings']);
    await smith.does('gradebook:wave', { classId: 'math-101' }, { success: true, data: { waved: true } });
    await jones.hears('gradebook:waved', { classId: 'math-101', userId: 't-1' });

    await run(BINARY, ['export', server.dir, '--out', path.join(dir, 'schemas')]);
    const [client] = blocks('ts');
    const own = client
      .replace("'...'", `'${token(PEOPLE.smith)}'`)
      .replace('http://127.0.0.1:3000', server.url);
    assert.notEqual(own, client);
    writeFileSync(path.join(dir, 'client.ts'), own);
    writeFileSync(path.join(dir, 'package.json'), '{ "type": "module" }');
    const compilerOptions = { strict: true, target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022', 'dom'], skipLibCheck: true, types: [] };
    writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['client.ts'] }));
    const compiler = path.join(path.dirname(require.resolve('typescript-7/package.json')), 'bin/tsc');
    await run(process.execPath, [compiler, '-p', dir]).catch((error) => assert.fail(error.stdout));
    const { stdout } = await run(process.execPath, [path.join(dir, 'client.js')]);
    assert.equal(stdout, 'true\n');
    await jones.hears('gradebook:waved', { userId: 't-1' });

    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const { contract } = JSON.parse(readFileSync(path.join(dir, 'schemas/gradebook/schema.json'), 'utf8'));
    assert.ok(metrics.includes(`namespace="/gradebook",contract="${contract}"`), metrics);
    const served = await (await fetch(`${server.url}/v1/schemas/gradebook/gradebook.ts`)).text();
    assert.equal(served, readFileSync(path.join(dir, 'schemas/gradebook/gradebook.ts'), 'utf8'), 'the server hands out the same');

    for (const person of [jones, smith]) {
      assert.ok(person.socket.connected, 'nobody was disturbed');
      person.leave();
    }
  } finally {
    rmSync(dir, { recursive: true });
    await server.stop();
  }
});
