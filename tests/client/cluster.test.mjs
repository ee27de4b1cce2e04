// Several servers over one Redis: one to their clients, whatever becomes of a server or of Redis.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NAMESPACES } from './halls.mjs';
import { Person, soon } from './person.mjs';
import { post } from './server.mjs';
import { until } from './serving.mjs';
import { LEASE_MS, heardOf, item, joined, math, movesOf, town, untilHeard, ws } from './town.mjs';

describe('three servers over one Redis', () => {
  let all;
  before(async () => (all = await town(3)));
  after(() => all?.stop());

  test('what is sent on one reaches the clients of all, in order and once', async () => {
    const [smith, alice, bob] = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'alice'), all.enter(2, 'gradebook', 'bob')]);
    for (const person of [smith, alice, bob]) await joined(person);
    await untilHeard(all.servers[1], smith);
    await untilHeard(all.servers[2], alice);
    await untilHeard(all.servers[0], bob);
    const ids = Array.from({ length: 200 }, (_, n) => `l-${n}`);
    for (const id of ids) await post(all.servers[0], 'gradebook', 'lineitem.created', item(id));
    for (const person of [smith, alice, bob]) {
      await soon(until(() => heardOf(person).length >= ids.length), `${person.name} to hear all`);
      assert.deepEqual(heardOf(person), ids);
      person.leave();
    }
  });

  test('connections and limits of a user count over all servers', async () => {
    const books = await Promise.all([0, 1].map((at) => all.enter(at, 'messaging', 'smith')));
    const many = await Promise.all(Array.from({ length: 8 }, (_, n) => all.enter(n % 3, 'messaging', 'smith')));
    await assert.rejects(all.enter(2, 'messaging', 'smith'), /TOO_MANY_CONNECTIONS/);
    for (const person of [...books, ...many]) person.leave();
    const again = await soon(until(() => all.enter(2, 'messaging', 'smith').catch(() => null)), 'a place');
    again.leave();
  });

  test('a server that is killed: its users leave once, on every other, within the lease; no key stays for ever', async () => {
    const [smith, jones, bob] = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'smith'), all.enter(2, 'gradebook', 'bob')]);
    for (const person of [smith, jones, bob]) await joined(person);
    await untilHeard(all.servers[2], smith);
    await untilHeard(all.servers[2], jones);
    smith.received.length = jones.received.length = 0;
    const killed = performance.now();
    process.kill(all.servers[2].pid, 'SIGKILL');
    for (const person of [smith, jones]) await person.hears('user:left', { userId: 's-457' });
    const took = performance.now() - killed;
    assert.ok(took < 2 * LEASE_MS, `${took} ms`);
    await new Promise((rest) => setTimeout(rest, LEASE_MS));
    for (const person of [smith, jones]) assert.equal(movesOf(person), '[]', 'told once');
    assert.deepEqual(await all.redis.everlasting(), []);
    for (const person of [smith, jones, bob]) person.leave();
  });
});

describe('two servers whose Redis fails', () => {
  let all;
  before(async () => (all = await town(2)));
  after(() => all?.stop());

  for (const [what, away, back] of [
    ['is paused', (redis) => redis.pause(), (redis) => redis.resume()],
    ['is killed and comes back empty', (redis) => redis.kill(), (redis) => redis.begin()],
  ]) {
    test(`it ${what}: each goes on serving its own, and all is whole again after`, async (t) => {
      await soon(until(async () => (await all.redis.ask('EXISTS', 'class:math-101:presence')) === '0'), 'those of before to have left');
      const [smith, alice] = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'alice')]);
      for (const person of [smith, alice]) await joined(person);
      // What alice's server said of her coming must have arrived, before it is asked that nothing of the kind comes.
      await smith.hears('user:joined', { userId: 's-456' });
      await untilHeard(all.servers[0], alice);
      smith.received.length = 0;

      await away(all.redis);
      for (let n = 0; n < 20; n++) await post(all.servers[0], 'gradebook', 'lineitem.created', item(`here-${n}`));
      await soon(until(() => heardOf(smith).length === 20), 'all that was sent on the same server');
      assert.ok(smith.socket.connected && alice.socket.connected);

      await back(all.redis);
      const returned = performance.now();
      alice.received.length = 0;
      await soon(untilHeard(all.servers[0], alice), 'delivery between servers');
      t.diagnostic(`delivery between servers was whole ${(performance.now() - returned).toFixed(0)} ms after Redis was back`);
      // A class may be joined five times a minute, so it is asked a few times only.
      const online = [];
      while (online.at(-1) !== 2 && online.length < 4) {
        await new Promise((rest) => setTimeout(rest, 700 * (online.length + 1)));
        online.push((await smith.does('gradebook:join', math, {})).data?.onlineUsers);
      }
      assert.equal(online.at(-1), 2, `presence was not whole again: ${online}`);
      for (const person of [smith, alice]) {
        assert.equal(movesOf(person), '[]', `${person.name}: who stayed has neither left nor come`);
        person.leave();
      }
      await soon(until(async () => (await all.redis.everlasting()).length === 0), 'no key without an end');
    });
  }
});

describe('two servers with state of their own', () => {
  test('still reach each other’s clients', async () => {
    const all = await town(2, { USE_REDIS_STATE: 'false' });
    try {
      const [smith, alice] = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'alice')]);
      await joined(smith);
      const { data } = await alice.does('gradebook:join', math);
      assert.equal(data.onlineUsers, 1, 'each counts its own');
      await untilHeard(all.servers[0], alice);
      const keys = (await all.redis.ask('KEYS', '*')).split('\n');
      const strange = keys.filter((key) => key !== 'homeroom:register' && !key.startsWith('{homeroom:history:'));
      assert.deepEqual(strange, [], 'only that there are servers, and what was sent to rooms that keep it');
      for (const person of [smith, alice]) person.leave();
    } finally {
      await all.stop();
    }
  });
});

describe('whoever is told that they are in a room', () => {
  test('hears what another server sends there from then on, though nobody was there before', async () => {
    const all = await town(2, {}, { args: ['--namespaces', NAMESPACES] });
    try {
      const one = await Person.connect(all.servers[1], 'halls', null, ws);
      const called = (number) => ({ hall: `${number}`, number });
      await one.does('enter', { hall: '0' });
      await soon(until(async () => (await post(all.servers[0], 'halls', 'called', called(0))) && one.received.length > 0), 'the servers to hear each other');
      for (let number = 1; number <= 100; number++) {
        await one.does('enter', { hall: `${number}` });
        await post(all.servers[0], 'halls', 'called', called(number));
      }
      await soon(until(() => one.received.at(-1).args[0].number === 100), 'the last number');
      const numbers = one.received.map(({ args }) => args[0].number).filter((number) => number > 0);
      assert.deepEqual(numbers, Array.from({ length: 100 }, (_, n) => n + 1));
      one.leave();
    } finally {
      await all.stop();
    }
  });
});

describe('a server that is asked to stop', () => {
  test('lets its clients come back elsewhere by themselves, and its users leave', async () => {
    const all = await town(2);
    try {
      const [smith, alice] = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'alice')]);
      for (const person of [smith, alice]) await joined(person);
      await untilHeard(all.servers[1], smith);
      const gone = new Promise((ended) => alice.socket.once('disconnect', ended));
      await all.servers[1].stop();
      // After "io server disconnect" the official client would stay away.
      assert.equal(await soon(gone, 'the end'), 'transport close');
      await soon(until(() => smith.received.some((one) => one.event === 'user:left')), 'alice to leave');
      for (const person of [smith, alice]) person.leave();
    } finally {
      await all.stop();
    }
  });
});
