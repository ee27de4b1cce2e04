// Who may no longer: keys that are changed, users and tokens that are revoked, members who are none any more. Each takes
// effect on two servers within the time that is stated for it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { Issuer } from './issuer.mjs';
import { PEOPLE, token } from './people.mjs';
import { Person, soon } from './person.mjs';
import { KEY, ROOT, post } from './server.mjs';
import { until } from './serving.mjs';
import { item, math, town, ws } from './town.mjs';

const run = promisify(execFile);

/** Asks for something under `/v1/admin`. */
async function admin(server, method, what, body) {
  const answer = await fetch(`${server.url}/v1/admin/${what}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

const all = { answered: 2, silent: [], unknown: false };

/** How long it takes until something is so. */
async function took(what, condition) {
  const since = performance.now();
  await soon(until(condition), what);
  return performance.now() - since;
}

/** Connects with a token; yields the socket, or the message of a refusal. */
async function connect(server, auth) {
  const socket = io(`${server.url}/gradebook`, { forceNew: true, reconnection: false, auth: { token: auth }, ...ws });
  return soon(
    new Promise((done) => {
      socket.once('connect', () => done(socket));
      socket.once('connect_error', (error) => {
        socket.close();
        done(error.message);
      });
    }),
    'a connect to be answered',
  );
}

describe('keys that are changed while a thousand are connected', () => {
  const CLIENTS = 1000;
  const REFRESH_MS = 4000;
  const teacher = (number) => ({ ...PEOPLE.smith, sub: `t-${number}`, jti: `token-${number}` });
  let issuer;
  let two;
  before(async () => {
    issuer = await Issuer.begin();
    issuer.publish('first');
    two = await town(2, {
      JWT_SECRET: '',
      HOMEROOM_AUTH_JWKS: issuer.url,
      HOMEROOM_AUTH_ALGORITHM: 'EdDSA',
      HOMEROOM_AUTH_JWKS_REFRESH: `${REFRESH_MS}ms`,
      HOMEROOM_AUTH_JWKS_RETRY: '250ms',
      HOMEROOM_REDIS_SECRET: 'what servers know each other by, long enough',
    });
  });
  after(async () => {
    await two?.stop();
    await issuer?.stop();
  });

  test('nobody who is connected notices; new keys are taken at once, old ones refused in time', async (t) => {
    const sockets = [];
    while (sockets.length < CLIENTS) {
      const some = Array.from({ length: 50 }, (_, more) => sockets.length + more);
      const came = await Promise.all(some.map((at) => connect(two.servers[at % 2], issuer.token('first', teacher(at)))));
      for (const socket of came) assert.equal(typeof socket, 'object', `${socket}`);
      sockets.push(...came);
    }
    let ended = 0;
    for (const socket of sockets) socket.on('disconnect', () => (ended += 1));

    issuer.publish('first', 'second');
    await new Promise((rest) => setTimeout(rest, 300));
    const before = issuer.asked;
    const fresh = await Promise.all(Array.from({ length: 100 }, (_, at) => connect(two.servers[at % 2], issuer.token('second', teacher(2000 + at)))));
    for (const socket of fresh) assert.equal(typeof socket, 'object', `${socket}`);
    const asked = issuer.asked - before;
    assert.ok(asked <= 4, `a hundred who came with a new key asked for it ${asked} times`);
    t.diagnostic(`a hundred who came at once with a new key: it was asked for ${asked} times, by two servers`);
    fresh.forEach((socket) => socket.close());

    issuer.publish('second');
    const refused = async () => {
      const answers = await Promise.all(two.servers.map((server) => connect(server, issuer.token('first', teacher(3000)))));
      answers.forEach((answer) => typeof answer === 'object' && answer.close());
      return answers.every((answer) => /^UNAUTHENTICATED/.test(answer));
    };
    const ms = await took('the old key to be refused', refused);
    assert.ok(ms < REFRESH_MS + 2000, `${ms} ms`);
    t.diagnostic(`a key that is gone is refused on both servers after ${ms.toFixed(0)} ms; stated: ${REFRESH_MS} ms`);
    assert.equal(ended, 0, 'those who are connected stay');

    const answer = await sockets[0].emitWithAck('homeroom:token', issuer.token('second', teacher(0)));
    assert.equal(answer.success, true, JSON.stringify(answer));
    assert.ok(Date.parse(answer.data.expiresAt) > Date.now());
    const another = await sockets[0].emitWithAck('homeroom:token', issuer.token('second', teacher(1)));
    assert.deepEqual([another.success, another.code], [false, 'UNAUTHORIZED'], 'a token of somebody else');

    // One of a thousand is revoked by the name of the token.
    const gone = soon(new Promise((told) => sockets[1].once('disconnect', told)), 'the connection to end');
    const told = await admin(two.servers[0], 'POST', 'tokens/token-1/revoke', {});
    assert.deepEqual(told, { status: 200, body: { sockets: 1, servers: all } });
    await gone;
    assert.match(await connect(two.servers[0], issuer.token('second', teacher(1))), /^UNAUTHENTICATED/);
    assert.equal(ended, 1, 'and nobody else');
    sockets.forEach((socket) => socket.close());
  });
});

describe('users and tokens that are revoked', () => {
  const STATED_MS = 2000;
  let two;
  before(async () => (two = await town(2)));
  after(() => two?.stop());

  test('a user is out on both servers, and in again only with a newer token; a server that starts knows it', async (t) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iat: now - 10 };
    const tabs = await Promise.all([0, 1, 1].map((at) => Person.connect(two.servers[at], 'gradebook', 'alice', { ...ws, claims })));
    const bob = await Person.connect(two.servers[1], 'gradebook', 'bob', { ...ws, claims });
    const since = performance.now();
    const told = await admin(two.servers[0], 'POST', 'users/s-456/disconnect', { revoke: true, for: '1h' });
    assert.deepEqual(told, { status: 200, body: { sockets: 3, servers: all } });
    await soon(until(() => tabs.every((tab) => !tab.socket.connected)), 'all tabs to end');
    const ms = performance.now() - since;
    assert.ok(ms < STATED_MS, `${ms} ms`);
    t.diagnostic(`a revoked user is out on both servers after ${ms.toFixed(0)} ms; stated: ${STATED_MS} ms`);
    await tabs[0].hears('error', { event: 'connect', code: 'UNAUTHENTICATED' });
    assert.ok(bob.socket.connected);

    const begun = await two.begin(2);
    try {
      for (const server of [...two.servers, begun]) {
        await assert.rejects(Person.connect(server, 'gradebook', 'alice', { ...ws, claims }), /UNAUTHENTICATED/);
      }
      const newer = { iat: Math.floor(Date.now() / 1000) + 1 };
      const back = await Person.connect(begun, 'gradebook', 'alice', { ...ws, claims: newer });
      back.leave();
    } finally {
      await begun.stop();
    }
    assert.deepEqual(await two.redis.everlasting(), []);
    bob.leave();
  });

  test('what no server was told of is found all the same, within the stated time', async (t) => {
    const alice = await Person.connect(two.servers[1], 'gradebook', 'eve', { ...ws, claims: { jti: 'lost-1' } });
    // As a server would write it whose word on the bus was lost.
    const kept = JSON.stringify({ until_ms: Date.now() + 60_000, before_ms: Date.now() });
    const field = 'token lost-1';
    const other = await Person.connect(two.servers[0], 'gradebook', 'bob', { ...ws, claims: { jti: 'lost-2' } });
    await admin(two.servers[0], 'POST', 'tokens/lost-2/revoke', { for: '10m' });
    await soon(until(() => !other.socket.connected), 'the other to end');
    const copy = async (...names) => {
      for (const name of names) {
        const score = await two.redis.ask('ZSCORE', name, 'token lost-2').catch(() => '');
        if (score) await two.redis.ask('ZADD', name, score, field);
      }
    };
    await two.redis.ask('HSET', 'homeroom:revoked', field, kept);
    await copy('{homeroom:revoked}:exp', '{homeroom:revoked}:order');
    await two.redis.ask('HSET', 'homeroom:revoked:version', 'version', 'another');
    const ms = await took('the token to be found revoked', () => !alice.socket.connected);
    assert.ok(ms < STATED_MS + 1000, `${ms} ms`);
    t.diagnostic(`a revocation that was not heard of takes effect after ${ms.toFixed(0)} ms; stated: ${STATED_MS} ms`);
  });

  test('a user is shown with all connections, taken out of a room and disconnected, on both servers', async () => {
    const [one, other] = await Promise.all([0, 1].map((at) => two.enter(at, 'gradebook', 'bob')));
    for (const tab of [one, other]) await tab.does('gradebook:join', math);
    const shown = await admin(two.servers[0], 'GET', 'users/s-457');
    assert.deepEqual(shown.body.servers, all);
    assert.equal(shown.body.sockets.length, 2);
    assert.equal(new Set(shown.body.sockets.map((socket) => socket.server)).size, 2);
    assert.ok(shown.body.sockets.every((socket) => socket.rooms.includes('class:math-101')));
    const rooms = await admin(two.servers[1], 'GET', 'rooms?namespace=gradebook&prefix=class:');
    assert.deepEqual(rooms.body.servers, all);
    assert.deepEqual(rooms.body.rooms, [{ room: 'class:math-101', pattern: 'class:<classId>', sockets: 2 }]);

    const reached = await fetch(`${two.servers[0].url}/v1/namespaces/gradebook/events/lineitem.created?reach=cluster`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(item('l-1')),
    });
    assert.deepEqual(await reached.json(), {
      reached: { sockets: 2, rooms: ['class:math-101'], moreRooms: 0, servers: { reached: 2, ...all } },
    });

    const left = await admin(two.servers[0], 'POST', 'users/s-457/leave', { namespace: 'gradebook', rooms: ['class:math-101'] });
    assert.deepEqual(left, { status: 200, body: { sockets: 2, left: 2, servers: all } });
    for (const tab of [one, other]) await tab.hears('error', { event: 'leave', room: 'class:math-101' });
    const ended = await admin(two.servers[1], 'POST', 'users/s-457/disconnect', {});
    assert.deepEqual(ended, { status: 200, body: { sockets: 2, servers: all } });
    await soon(until(() => !one.socket.connected && !other.socket.connected), 'both to end');
  });

  test('what is sent again with the same key through another server is done once', async () => {
    const alice = await Person.connect(two.servers[0], 'gradebook', 'bob', ws);
    await alice.does('gradebook:join', math);
    alice.received.length = 0;
    const send = async (at, id) => {
      const answer = await fetch(`${two.servers[at].url}/v1/namespaces/gradebook/events/lineitem.created`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'idempotency-key': 'once-1' },
        body: JSON.stringify(item(id)),
      });
      return [answer.status, answer.headers.get('idempotency-replayed'), await answer.json()];
    };
    const first = await send(0, 'l-7');
    const again = await send(1, 'l-7');
    assert.deepEqual([first[0], first[1], again[0], again[1]], [200, null, 200, 'true']);
    assert.deepEqual(again[2], first[2]);
    assert.equal((await send(1, 'l-8'))[0], 422, 'another body');
    await alice.hears('lineitem.created', { lineItemId: 'l-7' });
    await alice.hearsNothing();
    assert.deepEqual(await two.redis.everlasting(), []);
    alice.leave();
  });

  test('while Redis is away nothing is promised', async () => {
    await soon(until(async () => (await admin(two.servers[0], 'GET', 'users/s-457')).body.sockets.length === 0), 'those of before to be gone');
    const one = await two.enter(0, 'gradebook', 'bob');
    await one.does('gradebook:join', math);
    await two.redis.kill();
    const sent = await soon(until(async () => {
      const answer = await post(two.servers[0], 'gradebook', 'lineitem.created', item('l-2'));
      return answer.status === 503 && answer;
    }), 'a server to say that it cannot tell the others');
    assert.equal(sent.body.code, 'UNAVAILABLE');
    assert.equal(sent.body.reached.sockets, 1, 'its own clients have it');
    const acted = await admin(two.servers[0], 'POST', 'users/s-900/disconnect', {});
    assert.deepEqual([acted.status, acted.body.done.servers.unknown], [503, true]);
    assert.equal((await admin(two.servers[0], 'POST', 'tokens/x/revoke', {})).status, 503);
    const shown = await admin(two.servers[0], 'GET', 'users/s-457');
    assert.deepEqual([shown.status, shown.body.servers.unknown], [200, true]);
    await two.redis.begin();
    // It has come back empty: what was revoked is told to it again, and a server that starts now knows it.
    await soon(until(async () => (await two.redis.ask('HEXISTS', 'homeroom:revoked', 'token lost-2')) === '1'), 'Redis to be told again');
    const begun = await two.begin(2);
    try {
      await assert.rejects(Person.connect(begun, 'gradebook', 'bob', { ...ws, claims: { jti: 'lost-2' } }), /UNAUTHENTICATED/);
    } finally {
      await begun.stop();
    }
    one.leave();
  });
});

describe('members who are none any more', () => {
  const RECHECK_MS = 3000;
  let base;
  let two;
  before(async () => {
    base = mkdtempSync(path.join(os.tmpdir(), 'homeroom-members-'));
    const dir = path.join(base, 'namespaces');
    cpSync(path.join(ROOT, 'namespaces'), dir, { recursive: true, filter: (from) => !/\.rs$|Cargo\.toml$/.test(from) });
    const common = path.join(dir, 'common.yaml');
    writeFileSync(common, readFileSync(common, 'utf8').replaceAll('recheck: 60s', `recheck: ${RECHECK_MS}ms`));
    const script = readFileSync(path.join(dir, 'district.sql'), 'utf8');
    await database(script);
    two = await town(2, { DATABASE_URL: `sqlite:${path.join(base, 'district.db')}` }, { args: ['--namespaces', dir] });
  });
  after(async () => {
    await two?.stop();
    rmSync(base, { recursive: true, force: true });
  });

  /** Another program writes to the database. */
  const database = (sql) => run('sqlite3', ['-cmd', '.timeout 5000', path.join(base, 'district.db'), `\n${sql}`]);

  const lost = { event: 'recheck', code: 'UNAUTHORIZED', room: 'class:math-101' };

  test('a class member who is removed leaves the room on both servers, within what the room says', async (t) => {
    const tabs = await Promise.all([0, 1].map((at) => two.enter(at, 'gradebook', 'alice')));
    const bob = await two.enter(1, 'gradebook', 'bob');
    for (const one of [...tabs, bob]) await one.does('gradebook:join', math);
    await database("delete from enrollments where student_id = 's-456' and class_id = 'math-101'");
    const ms = await took('both tabs to be told', () => tabs.every((tab) => tab.received.some((one) => one.event === 'error')));
    for (const tab of tabs) await tab.hears('error', lost);
    assert.ok(ms < RECHECK_MS + 2000, `${ms} ms`);
    t.diagnostic(`a removed member is out on both servers after ${ms.toFixed(0)} ms; stated: ${RECHECK_MS} ms`);
    for (const one of [...tabs, bob]) one.received.length = 0;
    await post(two.servers[0], 'gradebook', 'lineitem.created', item('l-3'));
    await bob.hears('lineitem.created');
    for (const tab of tabs) {
      assert.ok(tab.socket.connected);
      await tab.hearsNothing();
      await tab.refused('gradebook:join', math, 'UNAUTHORIZED');
      tab.leave();
    }
    bob.leave();
  });

  test('on demand at once, whatever was answered before', async (t) => {
    const [here, there] = await Promise.all([0, 1].map((at) => two.enter(at, 'gradebook', 'bob')));
    for (const one of [here, there]) await one.does('gradebook:join', math);
    await database("delete from enrollments where student_id = 's-457' and class_id = 'math-101'");
    const since = performance.now();
    const asked = await admin(two.servers[0], 'POST', 'users/s-457/recheck', {});
    const ms = performance.now() - since;
    assert.equal(asked.status, 200, JSON.stringify(asked));
    assert.deepEqual(asked.body.servers, all);
    for (const one of [here, there]) await one.hears('error', lost);
    t.diagnostic(`on demand both servers had asked after ${ms.toFixed(0)} ms`);
    const room = await admin(two.servers[1], 'POST', 'rooms/recheck', { namespace: '/gradebook', room: 'class:math-101' });
    assert.deepEqual([room.status, room.body.sockets, room.body.unasked], [200, 0, 0]);
    for (const one of [here, there]) one.leave();
  });
});
