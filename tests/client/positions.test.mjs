// A service sends to rooms that keep what is sent, and is told where their histories are then: whoever joins since there is sent
// what came after, and nothing else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NAMESPACES } from './halls.mjs';
import { Person, soon } from './person.mjs';
import { KEY, post, start } from './server.mjs';
import { until } from './serving.mjs';
import { town, ws } from './town.mjs';

/** Calls a number in a hall that keeps it; yields the position that the service is told. */
async function call(server, hall, number) {
  const { status, body } = await post(server, 'halls', 'kept?positions=yes', { hall, number });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(Object.keys(body.reached.positions), [`kept:${hall}`]);
  return body.reached.positions;
}

/** Somebody who joins a hall since a position; yields them with all the numbers that they were sent by then. */
async function stay(server, hall, since) {
  const guest = await Person.connect(server, 'halls', null, ws);
  const { data } = await guest.does('stay', { hall, since }, { success: true, data: { recovered: since !== undefined } });
  return { guest, at: data.at, numbers: guest.received.splice(0).map(({ args }) => args[0].number) };
}

/** The numbers that somebody is sent who joins a hall since a position, and is gone again. */
async function visit(server, hall, since) {
  const { guest, numbers } = await stay(server, hall, since);
  guest.leave();
  return numbers;
}

describe('one server', () => {
  let server;
  before(async () => (server = await start({ args: ['--namespaces', NAMESPACES] })));
  after(() => server?.stop());

  test('a position leads to what was sent after it, whether somebody was there or not', async () => {
    const positions = [];
    for (let number = 0; number < 5; number++) positions.push(await call(server, 'empty', number));
    for (const [at, since] of positions.entries()) {
      assert.deepEqual(await visit(server, 'empty', since), [0, 1, 2, 3, 4].slice(at + 1));
    }
    const { guest } = await stay(server, 'full');
    const since = await call(server, 'full', 0);
    assert.equal((await guest.hears('called', { number: 0 })).number, 0);
    await call(server, 'full', 1);
    assert.deepEqual(await visit(server, 'full', since), [1]);
    guest.leave();
  });

  test('it is right after its own event, whatever else is sent at the same time', async () => {
    const numbers = Array.from({ length: 40 }, (_, number) => number);
    const positions = await Promise.all(numbers.map((number) => call(server, 'busy', number)));
    const counts = [];
    for (const [number, since] of positions.entries()) {
      const later = await visit(server, 'busy', since);
      assert.ok(!later.includes(number), `${number} again`);
      counts.push(later.length);
    }
    assert.deepEqual(counts.toSorted((a, b) => a - b), numbers, 'each has a place of its own');
  });

  test('it is told to whoever asks, for rooms that keep something, and is of that room alone', async () => {
    const { body: unasked } = await post(server, 'halls', 'kept', { hall: 'a', number: 0 });
    assert.equal(unasked.reached.positions, undefined);
    const { body: nothing } = await post(server, 'halls', 'called?positions=yes', { hall: 'a', number: 0 });
    assert.deepEqual(nothing.reached.positions, {});
    assert.equal((await post(server, 'halls', 'kept?positions=maybe', { hall: 'a', number: 0 })).status, 400);
    const since = await call(server, 'a', 1);
    const guest = await Person.connect(server, 'halls', null, ws);
    await guest.does('stay', { hall: 'b', since: { 'kept:b': since['kept:a'] } }, { success: true, data: { recovered: false } });
    guest.leave();
  });

  test('each event of several tells its own', async () => {
    const events = [0, 1, 2].map((number) => ({ namespace: '/halls', event: 'kept', payload: { hall: 'several', number } }));
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/v1/events?positions=yes`, { method: 'POST', headers, body: JSON.stringify({ events }) });
    const { results } = await answer.json();
    assert.deepEqual(await visit(server, 'several', results[1].reached.positions), [2]);
  });
});

describe('two servers', () => {
  let two;
  before(async () => (two = await town(2, {}, { args: ['--namespaces', NAMESPACES] })));
  after(() => two?.stop());

  test('a position knows what another server sent before, and leads on any server to what came after', async () => {
    const [one, other] = two.servers;
    for (const [at, hall] of ['first', 'second'].entries()) {
      const first = await call(one, hall, 0);
      await call(other, hall, 1);
      await call(one, hall, 2);
      await soon(until(async () => (await visit(other, hall, first)).includes(2)), 'the other server to know of it');
      // Nobody is there, on either.
      const since = await call(other, hall, 3);
      await call(one, hall, 4);
      await call(other, hall, 5);
      await soon(until(async () => (await visit(two.servers[at], hall, first)).length === 5), 'all to be known');
      assert.deepEqual((await visit(two.servers[at], hall, since)).toSorted(), [4, 5]);
    }
  });
});
