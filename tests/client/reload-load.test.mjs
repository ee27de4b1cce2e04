// Fifty changes of the definitions, ten of them bad, under two thousand clients and steady traffic: nobody is disconnected,
// nothing is lost, and each change is there for the next event.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { PEOPLE, token } from './people.mjs';
import { Person, soon } from './person.mjs';
import { post } from './server.mjs';
import { serving, until } from './serving.mjs';

const CLIENTS = 2000;
const RELOADS = 50;
const BAD_EVERY = 5;
const AT_ONCE = 50;
const NOTICE_EVERY_MS = 250;

const math = { classId: 'math-101' };
const probe = (version) => `
client_events:
  probe: { in: class:<classId>, rate_limit: 100000 per 1s, payload: { fields: { classId: Id } }, ack: { version: ${version} } }
`;

let server;
before(async () => {
  server = await serving({ env: { SOCKET_IO_MAX_CONNECTIONS_PER_USER: '5000' } });
  await server.changed(() => server.edit('gradebook/namespace.yaml', '\nclient_events:\n', probe(0)));
});
after(() => server?.stop());

/** A client that joins the class and counts the notices it gets. */
async function listener(at) {
  const who = at % 2 ? 'alice' : 'bob';
  const socket = io(`${server.url}/gradebook`, { forceNew: true, reconnection: false, transports: ['websocket'], auth: { token: token(PEOPLE[who]) } });
  const heard = [];
  let ended = null;
  socket.on('lineitem.created', (item) => heard.push(Number(item.lineItemId.slice(2))));
  socket.on('disconnect', (reason) => (ended = reason));
  await soon(new Promise((done, failed) => socket.once('connect', done).once('connect_error', failed)), 'a connection');
  const ack = await soon(socket.emitWithAck('gradebook:join', math), 'an ack');
  assert.equal(ack.success, true, JSON.stringify(ack));
  return { socket, heard, ended: () => ended };
}

test('nobody notices, but for what has changed', { timeout: 300_000 }, async (t) => {
  const clients = [];
  for (let at = 0; at < CLIENTS; at += AT_ONCE) {
    clients.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => listener(at + more)))));
  }
  const smith = await Person.connect(server, 'gradebook', 'smith');
  await smith.does('gradebook:join', math);

  let going = true;
  let sent = 0;
  const notices = (async () => {
    while (going) {
      const item = { lineItemId: `l-${sent}`, ...math, title: 'Quiz', timestamp: '2025-01-15T09:00:00Z' };
      const { status, body } = await post(server, 'gradebook', 'lineitem.created', item);
      assert.deepEqual([status, body.reached.sockets], [200, CLIENTS + 1]);
      sent += 1;
      // No faster than they are heard, on a machine with much else to do.
      await soon(until(() => clients.at(-1).heard.length === sent), 'a notice');
      await new Promise((rest) => setTimeout(rest, NOTICE_EVERY_MS));
    }
  })();
  // One asks in turn, whatever is served: each question has its answer, and the answers only ever become newer.
  const answers = [];
  const asking = (async () => {
    while (going) {
      const ack = await soon(smith.socket.emitWithAck('probe', math), 'an ack');
      assert.equal(ack.success, true, JSON.stringify(ack));
      answers.push(ack.data.version);
    }
  })();

  const waits = [];
  let version = 0;
  for (let n = 1; n <= RELOADS; n++) {
    if (n % BAD_EVERY === 0) {
      // The one before is told only once everybody was asked, so it is waited for what becomes of this one.
      const verdict = (wanted) => soon(until(async () => (await server.health()).definitions.verdict === wanted), `a change to be ${wanted}`);
      server.edit('gradebook/namespace.yaml', `version: ${version} }`, 'version: <nobody> }');
      await verdict('refused');
      server.edit('gradebook/namespace.yaml', 'version: <nobody> }', `version: ${version} }`);
      await verdict('unchanged');
      continue;
    }
    const saved = performance.now();
    server.edit('gradebook/namespace.yaml', `version: ${version} }`, `version: ${version + 1} }`);
    version += 1;
    await soon(until(() => answers.at(-1) === version), `version ${version} to be served`).catch(async (late) => {
      const { definitions } = await server.health();
      throw new Error(`${late.message}: ${JSON.stringify({ answered: answers.length, last: answers.at(-1), definitions })}\n${server.output().slice(-2000)}`);
    });
    waits.push(performance.now() - saved);
  }
  going = false;
  await Promise.all([notices, asking]);
  await soon(until(() => clients.every((client) => client.heard.length === sent)), 'all notices').catch(() => {});

  assert.deepEqual(clients.filter((client) => client.ended() !== null).length, 0, 'somebody was disconnected');
  const all = Array.from({ length: sent }, (_, n) => n);
  for (const client of clients) assert.deepEqual(client.heard, all);
  assert.deepEqual(answers, answers.toSorted((a, b) => a - b), 'an older version came back');
  waits.sort((a, b) => a - b);
  t.diagnostic(`${CLIENTS} clients, ${RELOADS} reloads, ${sent * CLIENTS} notices, ${answers.length} questions; saved to served: median ${waits[waits.length >> 1].toFixed(0)} ms, most ${waits.at(-1).toFixed(0)} ms`);
  for (const client of clients) client.socket.close();
  smith.leave();
});
