// Connecting: transports, tokens, refusals with a code, and how it ends.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { PEOPLE, token } from './people.mjs';
import { Person, soon } from './person.mjs';
import { start } from './server.mjs';

let server;
before(async () => (server = await start({ env: { SOCKET_IO_MAX_CONNECTIONS_PER_USER: '3', HOMEROOM_AUTH_ISSUER: 'skillcore', HOMEROOM_AUTH_LEEWAY: '1s' } })));
after(() => server?.stop());

const issued = { iss: 'skillcore' };
const refusal = async (auth, namespace = 'gradebook') => {
  const error = await Person.connect(server, namespace, null, { auth }).then((person) => (person.leave(), null), (error) => error);
  return error?.message.split(': ')[0];
};

test('a client that is not configured begins with polling and goes on with WebSocket', async () => {
  const person = await Person.connect(server, 'gradebook', 'smith', { claims: issued });
  await person.does('gradebook:join', { classId: 'math-101' });
  const engine = person.socket.io.engine;
  if (engine.transport.name !== 'websocket') await soon(new Promise((done) => engine.once('upgrade', done)), 'the upgrade');
  assert.equal(engine.transport.name, 'websocket');
  await person.does('gradebook:leave', { classId: 'math-101' });
  person.leave();
});

for (const transport of ['websocket', 'polling']) {
  test(`${transport} alone will do`, async () => {
    const person = await Person.connect(server, 'gradebook', 'smith', { claims: issued, transports: [transport] });
    await person.does('gradebook:join', { classId: 'math-101' });
    assert.equal(person.socket.io.engine.transport.name, transport);
    person.leave();
  });
}

test('whoever is refused is told a code', async () => {
  const good = { ...PEOPLE.smith, ...issued };
  assert.equal(await refusal({}), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: '' }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: 7 }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: 'a.b.c' }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token(good, { secret: 'another secret of the same length, more or less' }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token(good, { seconds: -10 }) }), 'TOKEN_EXPIRED');
  assert.equal(await refusal({ token: token({ ...good, iss: 'elsewhere' }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token({ ...good, iss: undefined }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token({ ...good, nbf: Math.floor(Date.now() / 1000) + 600 }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token({ ...good, role: 'JANITOR' }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token({ ...good, sub: undefined }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token(good, { header: { alg: 'none' } }) }), 'UNAUTHENTICATED');
  assert.equal(await refusal({ token: token({ ...PEOPLE.reed, ...issued }) }), 'UNAUTHORIZED');
  assert.equal(await refusal({ token: token(good) }, 'nowhere'), 'Invalid namespace');
});

test('a user has so many connections to a namespace', async () => {
  const people = await Promise.all([1, 2, 3].map(() => Person.connect(server, 'messaging', 'alice', { claims: issued })));
  const auth = { token: token({ ...PEOPLE.alice, ...issued }) };
  assert.equal(await refusal(auth, 'messaging'), 'TOO_MANY_CONNECTIONS');
  const other = await Person.connect(server, 'notifications', 'alice', { claims: issued });
  people[0].leave();
  let refused = await refusal(auth, 'messaging');
  for (let tries = 0; tries < 100 && refused; tries++) {
    await new Promise((again) => setTimeout(again, 20));
    refused = await refusal(auth, 'messaging');
  }
  assert.equal(refused, undefined, 'a place is free again');
  [...people, other].forEach((person) => person.leave());
});

test('several namespaces share one connection', async () => {
  const auth = { token: token({ ...PEOPLE.smith, ...issued }) };
  const first = io(`${server.url}/gradebook`, { forceNew: true, auth });
  const second = first.io.socket('/messaging', { auth });
  second.connect();
  await soon(Promise.all([first, second].map((socket) => new Promise((done) => (socket.connected ? done() : socket.once('connect', done))))), 'both');
  assert.equal((await first.emitWithAck('gradebook:join', { classId: 'math-101' })).success, true);
  assert.equal((await second.emitWithAck('conversation:join', { conversationId: 'conv-1' })).success, true);
  second.disconnect();
  assert.equal((await first.emitWithAck('gradebook:leave', { classId: 'math-101' })).success, true);
  first.close();
});

test('a connection ends with its token, and its client is told', async () => {
  const auth = { token: token({ ...PEOPLE.bob, ...issued }, { seconds: 2 }) };
  const person = await Person.connect(server, 'messaging', null, { auth });
  const ended = new Promise((done) => person.socket.once('disconnect', done));
  await person.hears('error', { code: 'TOKEN_EXPIRED' });
  assert.equal(await soon(ended, 'the end'), 'io server disconnect');
});

test('no token and no secret is ever in the log', async () => {
  assert.ok(!server.output().includes('eyJ'), 'a token was logged');
  assert.ok(!server.output().includes('long enough for HS256'), 'the secret was logged');
});
