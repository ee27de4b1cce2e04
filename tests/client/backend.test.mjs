// Services send events over HTTP.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person } from './person.mjs';
import { KEY, post, start } from './server.mjs';

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const item = { lineItemId: 'l-1', classId: 'math-101', title: 'Quiz', timestamp: '2025-01-15T09:00:00Z' };

test('an event reaches those it is for, and its sender is told how many', async () => {
  const smith = await Person.connect(server, 'gradebook', 'smith');
  const reached = (sockets) => ({ status: 200, body: { reached: { sockets, rooms: ['class:math-101'], moreRooms: 0 } } });
  assert.deepEqual(await post(server, 'gradebook', 'lineitem.created', item), reached(0));
  await smith.does('gradebook:join', { classId: 'math-101' });
  assert.deepEqual(await post(server, 'gradebook', 'lineitem.created', item), reached(1));
  await smith.hears('lineitem.created', item);
  await smith.hearsNothing();
  smith.leave();
});

test('only with a key', async () => {
  for (const key of [null, '', 'wrong', `${KEY}x`, KEY.slice(1)]) {
    const { status, body } = await post(server, 'gradebook', 'lineitem.created', item, { key });
    assert.deepEqual([status, body.code], [401, 'UNAUTHENTICATED']);
  }
});

test('what is wrong is told with its place', async () => {
  const { status, body } = await post(server, 'gradebook', 'lineitem.created', { ...item, title: 7, more: 1 });
  assert.equal(status, 422);
  assert.equal(body.code, 'INVALID_PAYLOAD');
  assert.deepEqual(body.errors.map((error) => error.path).sort(), ['/more', '/title']);
  assert.equal((await post(server, 'gradebook', 'lineitem.created', '{')).status, 400);
  assert.equal((await post(server, 'gradebook', 'lineitem.created', item, { type: 'text/plain' })).status, 415);
  // The server answers and hangs up before it has read all of it, so a client may see only that.
  const big = await post(server, 'gradebook', 'lineitem.created', { ...item, title: 'x'.repeat(2_000_000) }).catch(() => ({ status: 'cut off' }));
  assert.ok([413, 'cut off'].includes(big.status), `${big.status}`);
  assert.match((await post(server, 'gradebook', 'lineitem.create', item)).body.detail, /did you mean `lineitem.created`\?/);
  assert.equal((await post(server, 'gradebok', 'lineitem.created', item)).status, 404);
});

test('health tells what is served', async () => {
  const answer = await fetch(`${server.url}/healthz`);
  const body = await answer.json();
  assert.equal(answer.status, 200);
  assert.equal(body.status, 'ok');
  assert.match(body.digest, /^[0-9a-f]{64}$/);
  assert.deepEqual(body.namespaces, ['/assessment', '/attendance', '/gradebook', '/live-class', '/messaging', '/notifications']);
});
