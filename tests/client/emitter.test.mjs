// A Node service with `@socket.io/redis-emitter` publishes to clients of two servers, as far as the settings let it.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Emitter } from '@socket.io/redis-emitter';
import { createClient } from 'redis';
import { Person, soon } from './person.mjs';
import { Redis } from './redis.mjs';
import { serving, until } from './serving.mjs';

const math = { classId: 'math-101' };
const ws = { transports: ['websocket'] };
const RULES = `
redis:
  emitter:
    allow:
      - { namespace: /gradebook, events: [lineitem.created, grade.updated] }
      - { namespace: /gradebook, events: [gradebook.notice], rooms: ['class:<classId>'] }
`;
const item = (id) => ({ lineItemId: id, ...math, title: 'Quiz', timestamp: new Date('2025-01-15T09:00:00Z') });
const grade = { gradeId: 'g-1', ...math, assignmentId: 'a-1', studentId: 's-456', schoolId: 'rvd-001', score: 7.5, maxScore: 10, postedBy: 't-1', timestamp: '2025-01-15T09:00:00Z' };

/** The ids of the items that a person heard of. */
const heardOf = (person) => person.received.filter((one) => one.event === 'lineitem.created').map((one) => one.args[0].lineItemId);

describe('a service with the emitter', () => {
  let redis, client, servers, gradebook, people, io;
  before(async () => {
    redis = await Redis.start();
    const arrange = (dir) => appendFileSync(path.join(dir, 'homeroom.yaml'), RULES);
    servers = await Promise.all([0, 1].map(() => serving({ env: { REDIS_URL: redis.url }, arrange })));
    client = await createClient({ url: redis.url }).connect();
    io = new Emitter(client);
    gradebook = io.of('/gradebook');
    const enter = async (at, name) => {
      const person = await Person.connect(servers[at], 'gradebook', name, ws);
      await person.does('gradebook:join', math);
      return person;
    };
    people = { smith: await enter(0, 'smith'), alice: await enter(1, 'alice'), bob: await enter(0, 'bob') };
    for (let tried = 1; ; tried++) {
      gradebook.to('class:math-101').emit('lineitem.created', item(`try-${tried}`));
      const both = () => heardOf(people.smith).length > 0 && heardOf(people.alice).length > 0;
      if (await Promise.race([until(both), new Promise((late) => setTimeout(late, 300, false))])) break;
      assert.ok(tried < 50, 'nothing that is published arrives');
    }
    // Whatever was tried has arrived once this has.
    gradebook.to('class:math-101').emit('lineitem.created', item('begins'));
    for (const person of Object.values(people)) await soon(until(() => heardOf(person).includes('begins')), 'the beginning');
    forget();
  });
  after(async () => {
    for (const person of Object.values(people ?? {})) person.leave();
    await client?.close();
    await Promise.all((servers ?? []).map((server) => server.stop()));
    await redis?.kill();
  });
  const forget = () => Object.values(people).forEach((person) => (person.received.length = 0));

  /** What all servers counted, by outcome. */
  const counted = async () => {
    const sum = {};
    for (const server of servers.filter((one) => !one.isGone)) {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      for (const [, outcome, count] of text.matchAll(/^homeroom_emitter_messages_total\{.*outcome="(\w+)"\} (\d+)$/gm)) {
        sum[outcome] = (sum[outcome] ?? 0) + Number(count);
      }
    }
    return sum;
  };

  /** Publishes something that goes to nobody, and yields how the counts changed once something after it has arrived. */
  const unwanted = async (publish, outcome, count = 1) => {
    forget();
    const before = (await counted())[outcome] ?? 0;
    await publish();
    gradebook.to('class:math-101').emit('lineitem.created', item(`after-${outcome}-${before}`));
    for (const person of Object.values(people)) {
      await soon(until(() => heardOf(person).length > 0), 'what comes after');
      assert.deepEqual(person.received.map((one) => one.event), ['lineitem.created'], outcome);
    }
    assert.equal(((await counted())[outcome] ?? 0) - before, count, outcome);
  };

  test('reaches the clients of both servers, each once and in order; a Date is a text', async () => {
    const ids = Array.from({ length: 300 }, (_, n) => `l-${n}`);
    for (const id of ids) gradebook.to('class:math-101').emit('lineitem.created', item(id));
    for (const person of Object.values(people)) {
      await soon(until(() => heardOf(person).length >= ids.length), `${person.name} to hear all`);
      assert.deepEqual(heardOf(person), ids);
      assert.equal(person.received.find((one) => one.event === 'lineitem.created').args[0].timestamp, '2025-01-15T09:00:00.000Z');
    }
    forget();
  });

  test('is heard twice if it says the same twice', async () => {
    for (let n = 0; n < 2; n++) gradebook.to('class:math-101').emit('lineitem.created', item('same'));
    gradebook.to('class:math-101').emit('lineitem.created', item('end'));
    for (const person of Object.values(people)) {
      await soon(until(() => heardOf(person).includes('end')), 'the end');
      assert.deepEqual(heardOf(person), ['same', 'same', 'end']);
    }
    forget();
  });

  test('shows each role what it may see', async () => {
    gradebook.to(['student:s-456', 'class:math-101:staff']).emit('grade.updated', { ...grade, privateNote: 'for staff' });
    gradebook.to('class:math-101').emit('lineitem.created', item('end'));
    for (const person of Object.values(people)) await soon(until(() => heardOf(person).includes('end')), 'the end');
    const seen = Object.fromEntries(Object.entries(people).map(([name, person]) => [name, person.received.find((one) => one.event === 'grade.updated')?.args[0]]));
    assert.equal(seen.smith.privateNote, 'for staff');
    assert.equal(seen.alice.score, 7.5);
    assert.ok(!('privateNote' in seen.alice));
    assert.equal(seen.bob, undefined, 'nobody hears of a classmate’s grade');
    forget();
  });

  test('reaches nobody with what it may not say, and that is counted by its reason', async () => {
    const room = gradebook.to('class:math-101');
    await unwanted(() => room.emit('lineitem.updated', item('l')), 'event');
    await unwanted(() => room.emit('no.such.event', item('l')), 'event');
    await unwanted(() => room.emit('lineitem.created', { title: 'no id' }), 'payload');
    await unwanted(() => room.emit('lineitem.created', { ...item('l'), secret: 1 }), 'payload');
    await unwanted(() => room.emit('lineitem.created'), 'arguments');
    await unwanted(() => room.emit('lineitem.created', item('l'), 2), 'arguments');
    await unwanted(() => room.emit('lineitem.created', Buffer.from('bytes')), 'binary');
    await unwanted(() => gradebook.emit('lineitem.created', item('l')), 'no_room');
    await unwanted(() => gradebook.to('class:math-101:staff').emit('lineitem.created', item('l')), 'room');
    await unwanted(() => gradebook.to(['class:math-101', 'undeclared']).emit('lineitem.created', item('l')), 'room');
    await unwanted(() => gradebook.to('class:*').emit('lineitem.created', item('l')), 'room');
    await unwanted(() => gradebook.to('class:math-101').except('undeclared').emit('lineitem.created', item('l')), 'room');
    await unwanted(() => client.publish('socket.io#/gradebook#', 'no message'), 'broken');
    await unwanted(() => room.emit('lineitem.created', { ...item('l'), title: 'x'.repeat(300_000) }), 'too_large');
  });

  test('cannot make servers act', async () => {
    const room = gradebook.to('class:math-101');
    await unwanted(async () => {
      room.disconnectSockets(true);
      room.socketsLeave('class:math-101');
      room.socketsJoin('class:math-101:staff');
      gradebook.serverSideEmit('hello', 1);
    }, 'control', 4);
    for (const person of Object.values(people)) assert.ok(person.socket.connected);
  });

  test('is told in the log of a reason, now and then, and of nothing it carried', async () => {
    const told = servers.map((server) => server.output()).join('\n').split('\n').filter((line) => line.includes('goes to nobody'));
    assert.ok(told.length >= 8 && told.length <= 30, `${told.length}`);
    assert.ok(told.some((line) => line.includes('payload')) && !told.some((line) => /secret|no id/.test(line)));
  });

  test('a namespace without a rule is not listened to', async () => {
    io.of('/messaging').to('user:t-1').emit('message:new', {});
    await unwanted(() => {}, 'sent', 1);
  });

  test('loses nothing when the server that acts is killed', async (t) => {
    forget();
    const leads = async (server) => /^homeroom_emitter_leads\{\} 1$/m.test(await (await fetch(`${server.url}/metrics`)).text());
    const leader = await soon(until(async () => ((await leads(servers[0])) ? 0 : (await leads(servers[1])) ? 1 : -1) + 1), 'a leader') - 1;
    const survivor = leader === 0 ? people.alice : people.smith;
    const ids = [];
    const say = async (count) => {
      for (let n = 0; n < count; n++) {
        ids.push(`k-${ids.length}`);
        gradebook.to('class:math-101').emit('lineitem.created', item(ids.at(-1)));
        await new Promise((rest) => setTimeout(rest, 10));
      }
    };
    await say(50);
    process.kill(servers[leader].pid, 'SIGKILL');
    servers[leader].isGone = true;
    const killed = performance.now();
    await say(50);
    await soon(until(() => heardOf(survivor).length >= ids.length), 'all that was said');
    assert.deepEqual(heardOf(survivor), ids);
    t.diagnostic(`100 messages, each once and in order; ${(performance.now() - killed).toFixed(0)} ms after the kill all had arrived`);
    assert.deepEqual(await redis.everlasting(), []);
  });
});
