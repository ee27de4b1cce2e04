// What stands behind the servers fails while all is in use: Redis, the database, one of the servers. The line between a
// server and Redis is the subject of network.test.mjs.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { eventually } from './halls.mjs';
import { PEOPLE, token } from './people.mjs';
import { Person, soon } from './person.mjs';
import { start } from './server.mjs';
import { until } from './serving.mjs';
import { district } from './district.mjs';
import { LEASE_MS, joined, math, town, untilHeard, ws } from './town.mjs';
import { CALL_MS, Traffic, asked } from './traffic.mjs';

/** Longer than two leases: by then servers that could not renew theirs might be taken for dead. */
const FAULT_MS = 2 * LEASE_MS + 1000;
/** What is asked takes one call. The rest is for a machine with more to do. */
const ANSWER_MS = CALL_MS + 1000;
/** The longest rest between two attempts to connect, what a connection needs to begin, and a beat. */
const WHOLE_MS = 5000;

/** Somebody who opens the page meanwhile: the official client, left to itself. */
class Newcomer {
  constructor(server, name) {
    Object.assign(this, { failures: 0, gaveUp: false, connectedAt: Infinity });
    this.socket = io(`${server.url}/gradebook`, { forceNew: true, ...ws, auth: { token: token(PEOPLE[name]) } });
    this.socket.on('connect', () => (this.connectedAt = performance.now()));
    this.socket.on('connect_error', () => this.failed());
    this.socket.on('disconnect', () => this.failed());
  }

  failed() {
    this.failures += 1;
    this.gaveUp ||= !this.socket.active;
  }
}

// | must hold | how it is seen |
// |---|---|
// | clients hear what is sent on their own server, always | numbers: all of them, in order, once, and none waits for Redis |
// | nothing hangs | each question to either server is answered within what its calls to Redis may take; while it is full, UNAVAILABLE |
// | between servers only what was sent meanwhile may be lost; nothing, where Redis is only full | numbers, and when each was sent |
// | nobody has left or come, however long it lasts | what either hears of the other |
// | what runs out, runs out once, on both | those who typed |
// | whoever comes meanwhile comes in by itself | an official client that is left to itself |
// | no key without an end | all keys |
describe('two servers under load, and their Redis', () => {
  let all;
  before(async () => (all = await town(2)));
  after(() => all?.stop());

  const present = (count) => soon(until(async () => (await all.redis.ask('HLEN', 'class:math-101:presence')) === `${count}`), `${count} to be there`);
  const room = (bytes) => all.redis.ask('CONFIG', 'SET', 'maxmemory', bytes);

  for (const fault of [
    { name: 'paused', begin: () => all.redis.pause(), end: () => all.redis.resume(), away: true },
    { name: 'killed, and started again empty', begin: () => all.redis.kill(), end: () => all.redis.begin(), away: true },
    { name: 'full', begin: () => room('1'), end: () => room('0') },
  ]) {
    test(fault.name, { timeout: 120_000 }, async (t) => {
      await present(0);
      const people = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'jones')]);
      t.after(() => people.forEach((person) => person.leave()));
      for (const person of people) await joined(person);
      await present(2);
      const traffic = new Traffic(all.servers, people);
      t.after(() => traffic.end());
      await traffic.flows();
      for (const person of people) await person.does('gradebook:typing', { ...math, isTyping: true });
      for (const one of traffic.listeners) one.moves.length = 0;

      const began = performance.now();
      await fault.begin();
      const newcomers = all.servers.map((server) => new Newcomer(server, 'alice'));
      t.after(() => newcomers.forEach(({ socket }) => socket.close()));
      const answers = (await Promise.all(people.map((person) => asked(person, FAULT_MS)))).flat();
      await fault.end();
      const back = performance.now();
      await traffic.flows();
      const whole = performance.now();
      await present(2);
      // What was remembered before is gone with a Redis that was killed.
      for (const person of people) {
        await soon(until(async () => (await person.socket.emitWithAck('gradebook:typing', { ...math, isTyping: true })).success), 'typing to be taken');
      }
      const ranOut = () => traffic.listeners.every((one) => ['t-1', 't-2'].every((user) => one.ranOut.includes(user)));
      await soon(until(ranOut), 'what both typed to run out');
      await eventually(() => newcomers.every((one) => one.socket.connected), 'newcomers to be in', { within: 10_000 });
      await traffic.stop();

      const slowest = Math.max(...answers.map(({ ms }) => ms));
      const said = [...new Set(answers.map(({ said }) => said))].map((code) => `${answers.filter(({ said }) => said === code).length} ${code}`);
      t.diagnostic(`${fault.name} for ${(back - began).toFixed(0)} ms: questions were answered ${said.join(', ')}; the slowest after ${slowest.toFixed(0)} ms; delivery whole ${(whole - back).toFixed(0)} ms after`);
      for (const [from, to] of [[0, 0], [1, 1], [0, 1], [1, 0]]) {
        const lost = traffic.lost(from, to);
        t.diagnostic(`  ${from} to ${to}: lost ${lost.length} of ${traffic.senders[from].sent.length}, longest gap ${traffic.gap(from, to).toFixed(0)} ms`);
        if (from === to) assert.deepEqual([lost.length, traffic.gap(from, to) < FAULT_MS / 2], [0, true], 'on the same server');
        else if (!fault.away) assert.equal(lost.length, 0, 'what is sent takes no place');
        else for (const sent of lost) assert.ok(sent > began - CALL_MS && sent < whole, `sent ${sent - began} ms after the fault began, and lost`);
      }
      const cameAfter = newcomers.map(({ connectedAt }) => Math.max(0, connectedAt - back).toFixed(0));
      t.diagnostic(`  newcomers failed ${newcomers.map(({ failures }) => failures).join(' and ')} times, and were in ${cameAfter.join(' and ')} ms after`);
      assert.ok(slowest < ANSWER_MS, `an answer took ${slowest} ms`);
      assert.ok(whole - back < WHOLE_MS, `whole again after ${whole - back} ms`);
      // Where something has run out, what comes takes its place, even in a full Redis.
      const refused = answers.filter(({ said }) => said === 'UNAVAILABLE').length;
      assert.ok(refused >= answers.length - people.length, `${said}`);
      assert.ok(answers.every(({ said }) => said === 'UNAVAILABLE' || said === 'done'), `${said}`);
      assert.ok(newcomers.every(({ gaveUp }) => !gaveUp), 'a newcomer gave up');
      for (const one of traffic.listeners) {
        assert.deepEqual(one.moves, [], 'who stayed has neither left nor come');
        const times = ['t-1', 't-2'].map((user) => one.ranOut.filter((other) => other === user).length);
        // Once for what was typed before, where that was kept, and once for what was typed after.
        assert.ok(times.every((count) => count === 1 || count === 2), `told ${times} times`);
      }
      await soon(until(async () => (await all.redis.everlasting()).length === 0), 'no key without an end');
    });
  }
});

// | must hold | how it is seen |
// |---|---|
// | each user of the killed server leaves once, on every other, within the lease | who hears of whom, and when |
// | whoever has a connection elsewhere stays | the same |
// | nothing of the dead server is left but what ends by itself | every key: when it ends, and whether it names the dead server's life |
describe('one of three servers is killed', () => {
  const PUPILS = 40;
  /** The longest that a key of ours lives when nobody looks after it. */
  const TTL_MS = 60 * 60 * 1000;
  let all;
  let base;
  /** What the one that is to die is called in Redis. */
  let doomed;
  before(async () => {
    base = district();
    const rows = Array.from({ length: PUPILS }, (_, number) => `insert into enrollments values ('math-101', 'pupil-${number}');`);
    execFileSync('sqlite3', [base.file], { input: rows.join('\n') });
    all = await town(2, { DATABASE_URL: base.url });
    const others = await soon(until(async () => (await lives()).length === 2 && lives()), 'two to live');
    all.servers.push(await all.begin(2));
    [doomed] = await soon(until(async () => (await lives()).length === 3 && (await lives()).filter((one) => !others.includes(one))), 'the third to live');
  });
  after(async () => {
    await all?.stop();
    base?.remove();
  });

  const lives = async () => (await all.redis.ask('ZRANGE', 'homeroom:servers', '0', '-1')).split('\n').filter(Boolean);

  /** All keys, with when they end and all that they hold. */
  async function keyspace() {
    const keys = (await all.redis.ask('--scan')).split('\n').filter(Boolean);
    const held = { string: ['GET'], hash: ['HGETALL'], zset: ['ZRANGE', '0', '-1'], set: ['SMEMBERS'], list: ['LRANGE', '0', '-1'], none: ['TYPE'] };
    return Promise.all(keys.map(async (key) => {
      const [verb, ...rest] = held[await all.redis.ask('TYPE', key)];
      return { key, ms: Number(await all.redis.ask('PTTL', key)), text: `${key}\n${await all.redis.ask(verb, key, ...rest)}` };
    }));
  }

  const enter = async (at, number) => joined(await Person.connect(all.servers[at], 'gradebook', null, { ...ws, claims: { ...PEOPLE.alice, sub: `pupil-${number}` } }));

  test('its users leave once, and nothing of it stays', { timeout: 120_000 }, async (t) => {
    const watchers = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'jones')]);
    for (const watcher of watchers) await joined(watcher);
    const pupils = await Promise.all(Array.from({ length: PUPILS }, (_, number) => enter(2, number)));
    const twice = await enter(0, 0);
    t.after(() => [...watchers, ...pupils, twice].forEach((person) => person.leave()));
    for (const watcher of watchers) await untilHeard(all.servers[2], watcher);
    const left = watchers.map((watcher) => {
      const told = new Map();
      watcher.socket.on('user:left', ({ userId }) => told.set(userId, [...(told.get(userId) ?? []), performance.now()]));
      return told;
    });

    const killed = performance.now();
    process.kill(all.servers[2].pid, 'SIGKILL');
    await soon(until(() => left.every((told) => told.size >= PUPILS - 1)), 'all to leave');
    const took = left.map((told) => Math.max(...[...told.values()].map(([at]) => at)) - killed);
    await soon(until(async () => !(await lives()).includes(doomed)), 'its life to be buried');
    await new Promise((rest) => setTimeout(rest, LEASE_MS));
    for (const told of left) {
      assert.equal(told.has('pupil-0'), false, 'whoever is elsewhere, too, has not left');
      assert.deepEqual([...told.values()].filter((times) => times.length !== 1), [], 'once');
      assert.equal(told.size, PUPILS - 1);
    }
    t.diagnostic(`${PUPILS - 1} users left once, on both; the last was told ${took.map((ms) => ms.toFixed(0)).join(' and ')} ms after, with a lease of ${LEASE_MS} ms`);
    assert.ok(took.every((ms) => ms < 2 * LEASE_MS), `${took} ms`);
    const keys = await keyspace();
    assert.deepEqual(keys.filter(({ ms }) => ms === -1).map(({ key }) => key), [], 'every key ends');
    // A history is kept for as long as its room says, and what is known of it for longer.
    const ofHistory = /^\{homeroom:history:\d+\}:(known$|entries:|last:)/;
    const late = keys.filter(({ key, ms }) => ms > TTL_MS && !ofHistory.test(key));
    assert.deepEqual(late.map(({ key }) => key), [], 'within the hour');
    const naming = keys.filter(({ text }) => text.includes(doomed)).map(({ key }) => key.replace(doomed, '<life>'));
    const connections = naming.filter((key) => key.startsWith('homeroom:connections:'));
    const rest = naming.filter((key) => !connections.includes(key));
    t.diagnostic(`${keys.length} keys, all of which end; of the dead server: ${rest.join(', ')}, and ${connections.length} lists of a user's connections`);
    // The mark that it is dead, and connections of users, which are dropped where they would take a place.
    assert.deepEqual(rest, ['{homeroom:server:<life>}:lease']);
  });
});

// | must hold | how it is seen |
// |---|---|
// | who waits for the database waits no longer than it may | each answer, and how late it came |
// | other events go on | somebody who types meanwhile |
// | nothing is half done or lost | a message that was refused, sent again, is there once and told once |
describe('a database that another process has locked', () => {
  /** `database: { acquire_timeout }`, by default. */
  const ACQUIRE_MS = 2000;
  const SENDERS = 12;
  const conversation = { conversationId: 'conv-1' };
  let server;
  let base;
  before(async () => {
    base = district();
    server = await start({ env: { DATABASE_URL: base.url } });
  });
  after(async () => {
    await server?.stop();
    base?.remove();
  });

  /** Locks the database against all who would write. Yields how it is unlocked. */
  async function lock() {
    const child = spawn('sqlite3', ['-batch', base.file], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.write("begin exclusive;\nselect 'locked';\n");
    await soon(once(child.stdout, 'data'), 'the lock');
    return async () => {
      const ended = once(child, 'exit');
      child.stdin.end('rollback;\n');
      await soon(ended, 'the lock to go');
    };
  }

  const send = async (person, clientMessageId) => {
    const at = performance.now();
    const ack = await soon(person.socket.emitWithAck('message:send', { ...conversation, clientMessageId, body: 'hello' }), 'an answer');
    return { said: ack.success ? 'done' : ack.code, ms: performance.now() - at };
  };

  /** Types for as long as `work` takes. Yields how late the answers came. */
  async function typing(person, work) {
    let goes = true;
    const ended = work.finally(() => (goes = false));
    const late = [];
    while (goes) {
      const at = performance.now();
      await person.does('user:typing', conversation);
      late.push(performance.now() - at);
      await new Promise((rest) => setTimeout(rest, 550));
    }
    return { late, came: await ended };
  }

  test('for longer than anybody waits, and for less', { timeout: 60_000 }, async (t) => {
    const names = ['smith', 'alice', 'parent'];
    const people = await Promise.all(Array.from({ length: SENDERS }, (_, at) => Person.connect(server, 'messaging', names[at % 3], ws)));
    const typist = await Person.connect(server, 'messaging', 'smith', ws);
    t.after(() => [...people, typist].forEach((person) => person.leave()));
    for (const person of [...people, typist]) await person.does('conversation:join', conversation);
    const told = [];
    typist.socket.on('message.new', ({ clientMessageId }) => told.push(clientMessageId));

    const unlock = await lock();
    const refused = await typing(typist, Promise.all(people.map((person, at) => send(person, `m-${at}`))));
    await unlock();
    const again = await Promise.all(people.map((person, at) => send(person, `m-${at}`)));

    const unlockSoon = await lock();
    const waited = Promise.all(people.slice(0, 3).map((person, at) => send(person, `n-${at}`)));
    setTimeout(unlockSoon, ACQUIRE_MS / 4);
    const patient = await waited;

    const slowest = (answers) => Math.max(...answers.map(({ ms }) => ms)).toFixed(0);
    t.diagnostic(`locked: ${SENDERS} messages were answered ${[...new Set(refused.came.map(({ said }) => said))].join(', ')}, the slowest after ${slowest(refused.came)} ms; meanwhile typing was answered ${refused.late.length} times, the slowest after ${Math.max(...refused.late).toFixed(0)} ms`);
    t.diagnostic(`sent again, all were taken; locked for ${ACQUIRE_MS / 4} ms, messages were taken after ${slowest(patient)} ms`);
    assert.ok(refused.came.every(({ said, ms }) => said === 'UNAVAILABLE' && ms < 2 * ACQUIRE_MS + 1000), JSON.stringify(refused.came));
    assert.ok(refused.late.length >= 3 && refused.late.every((ms) => ms < ACQUIRE_MS / 2), `${refused.late}`);
    assert.ok([...again, ...patient].every(({ said }) => said === 'done'), JSON.stringify([again, patient]));
    const sent = [...people.map((_, at) => `m-${at}`), 'n-0', 'n-1', 'n-2'];
    await soon(until(() => told.length >= sent.length), 'all to be told');
    assert.deepEqual(told.sort(), sent.sort(), 'each once, though half of them were tried twice');
    const stored = execFileSync('sqlite3', [base.file, "select count(*), count(distinct client_message_id) from messages where client_message_id glob '[mn]-*'"]);
    assert.equal(`${stored}`.trim(), `${sent.length}|${sent.length}`);
  });
});
