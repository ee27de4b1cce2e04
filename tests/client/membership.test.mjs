// The page that tells what the namespaces ask the database is right: it names the columns that they ask, all that the demo has of
// them, and nothing that the mapped platform lacks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Postgres } from './postgres.mjs';
import { ROOT } from './server.mjs';

const COLUMNS = `select table_name || '.' || column_name from information_schema.columns where table_schema =`;

function told() {
  let view;
  const rows = readFileSync(path.join(ROOT, 'namespaces/membership.md'), 'utf8').matchAll(/^\| (?:`(\w+)`)? ?\| `(\w+)` \|/gm);
  return [...rows].map(([, named, column]) => `${(view = named ?? view)}.${column}`);
}

test('the page names what the views of a mapped platform have, and nothing that the demo lacks', async () => {
  const postgres = await Postgres.start();
  try {
    await postgres.district('demo');
    await postgres.mapped('platform');
    const demo = (await postgres.ask('postgres', `${COLUMNS} 'demo'`)).split('\n');
    const mapped = (await postgres.ask('platform', `${COLUMNS} 'homeroom'`)).split('\n');
    assert.deepEqual(told().toSorted(), mapped.toSorted());
    assert.deepEqual(told().filter((column) => !demo.includes(column)), []);
  } finally {
    await postgres.end();
  }
});
