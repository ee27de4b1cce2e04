// Services leave events in PostgreSQL within their own transactions. Nothing of it is lost, and each key keeps its order, while a
// server and the database are killed; what is sent twice has the same id.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Person, soon } from './person.mjs';
import { Postgres } from './postgres.mjs';
import { Redis } from './redis.mjs';
import { BINARY, ROOT, SECRET, start } from './server.mjs';
import { until } from './serving.mjs';
import { joined, ws } from './town.mjs';

const run = promisify(execFile);
const KEYS = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
const LEASE_MS = 2000;

const letter = (key, number) => {
  const id = `${key}-${number}`;
  const payload = { lineItemId: id, classId: 'math-101', title: 'Quiz', timestamp: '2025-01-15T09:00:00Z' };
  return `('${id}', 'gradebook', 'lineitem.created', '${key}', '${JSON.stringify(payload)}')`;
};
const insert = (letters) => `insert into homeroom_outbox (id, namespace, event, key, payload) values ${letters.join(', ')}`;

let postgres, redis, url, database;
const migrate = (...args) => run(BINARY, ['migrate', ...args], { env: { PATH: process.env.PATH, JWT_SECRET: SECRET, DATABASE_URL: url } });
const begin = (env = {}, args = []) => start({
  args,
  env: {
    REDIS_URL: redis.url, DATABASE_URL: url, HOMEROOM_OUTBOX_ENABLED: 'on', HOMEROOM_OUTBOX_LEASE: `${LEASE_MS}ms`, HOMEROOM_DATABASE_BREAKER_WAIT: '200ms',
    HOMEROOM_REDIS_CALL_TIMEOUT: '5s', ...env,
  },
});
const ask = (...statements) => postgres.ask(database, ...statements);

before(async () => {
  [postgres, redis] = await Promise.all([Postgres.start(), Redis.start()]);
  database = 'town';
  await postgres.ask('postgres', `create database ${database}`);
  url = postgres.url(database);
});
after(async () => {
  await Promise.all([postgres.end(), redis.kill()]);
});

test('the tables are made by a command, once', async () => {
  await assert.rejects(begin(), /relation "classes" does not exist/);
  const bare = await postgres.district('bare');
  await assert.rejects(begin({ DATABASE_URL: bare }), /homeroom migrate/);
  assert.match((await migrate('--demo')).stdout, /made: homeroom outbox 1\nmade: demo 1/);
  assert.match((await migrate('--demo')).stdout, /nothing to do/);
  assert.match((await migrate('--print')).stdout, /create table homeroom_outbox/);
});

/** Writes a row of every key in each transaction, or several, beside one that is rolled back, until it is told to end. */
class Writer {
  constructor() {
    Object.assign(this, { committed: [], unsure: 0, number: 0, rounds: 1, ended: false });
    this.running = this.write();
  }

  async write() {
    while (!this.ended) {
      const numbers = Array.from({ length: this.rounds }, () => ++this.number);
      const all = numbers.flatMap((number) => KEYS.map((key) => [key, number]));
      const none = insert([letter('never', this.number)]);
      const at = Date.now();
      await ask('begin', none, 'rollback', 'begin', insert(all.map(([key, number]) => letter(key, number))), 'commit').then(
        () => this.committed.push(...all.map(([key, number]) => ({ id: `${key}-${number}`, at }))),
        () => (this.unsure += all.length),
      );
    }
  }

  end() {
    this.ended = true;
    return this.running;
  }

  /** So many more transactions are committed. */
  more(count) {
    const goal = this.committed.length + count * KEYS.length;
    return soon(until(() => this.committed.length >= goal), 'transactions to be committed', 60_000);
  }
}

test('nothing is lost and each key keeps its order while a server and the database are killed', { timeout: 180_000 }, async () => {
  const [one, other] = await Promise.all([begin(), begin()]);
  const smith = await joined(await Person.connect(other, 'gradebook', 'smith', ws));
  const heard = [];
  smith.socket.on('lineitem.created', ({ lineItemId }) => heard.push({ id: lineItemId, at: Date.now() }));
  const writer = new Writer();
  await writer.more(10);
  // With much in hand.
  writer.rounds = 50;
  await writer.more(60);
  process.kill(one.pid, 'SIGKILL');
  await writer.more(60);
  await postgres.kill();
  await postgres.begin();
  writer.rounds = 1;
  await writer.more(20);
  const third = await begin();
  await writer.more(20);
  await postgres.kill();
  await postgres.begin();
  await writer.more(20);
  await writer.end();

  const ids = () => new Set(heard.map(({ id }) => id));
  const missing = () => writer.committed.filter(({ id }) => !ids().has(id)).map(({ id }) => id);
  await soon(until(() => missing().length === 0), 'all to be heard', 60_000).catch((error) => assert.fail(`${error.message}: ${missing()}`));
  await soon(until(async () => (await ask('select count(*) from homeroom_outbox')) === '0'), 'the outbox to be empty', 30_000);
  for (const key of KEYS) {
    const numbers = [...ids()].filter((id) => id.startsWith(`${key}-`)).map((id) => Number(id.split('-')[1]));
    assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b), `${key} keeps its order`);
  }
  assert.ok(![...ids()].some((id) => id.startsWith('never-')), 'what was rolled back was never sent');
  assert.equal(await ask('select count(*) from homeroom_outbox_dead'), '0');

  const first = new Map(heard.toReversed().map(({ id, at }) => [id, at]));
  const delays = writer.committed.map(({ id, at }) => first.get(id) - at).toSorted((a, b) => a - b);
  console.log(`${writer.committed.length} committed, ${writer.unsure} unsure, ${heard.length - ids().size} duplicates, after ${delays[delays.length >> 1]} ms (median) and ${delays.at(-1)} ms (longest)`);
  smith.leave();
  await Promise.all([other.stop(), third.stop()]);
});

test('what cannot be sent is put aside with its reason, and told of in the metrics', async () => {
  const server = await begin({ HOMEROOM_OUTBOX_ATTEMPTS_MAX: '1' });
  const smith = await joined(await Person.connect(server, 'gradebook', 'smith', ws));
  await ask(
    `insert into homeroom_outbox (id, namespace, event, tenant, key, payload) values
      ('wrong', 'gradebook', 'lineitem.created', 'rvd-001', 'k', '{"lineItemId": 5}'),
      ('unknown', 'gradebook', 'no.such.event', 'rvd-001', 'k', '{}'), ('nowhere', 'nowhere', 'e', null, null, null)`,
    insert([letter('k', 1)]),
  );
  await smith.hears('lineitem.created', { lineItemId: 'k-1' });
  const dead = async () => JSON.parse(await ask(`select coalesce(json_agg(json_build_array(id, split_part(reason, ':', 1), tenant) order by id), '[]') from homeroom_outbox_dead`));
  await soon(until(async () => (await dead()).length === 3), 'three dead');
  assert.deepEqual(await dead(), [['nowhere', 'NOT_FOUND', null], ['unknown', 'UNKNOWN_EVENT', 'rvd-001'], ['wrong', 'INVALID_PAYLOAD', 'rvd-001']]);
  const metrics = (await (await fetch(`${server.url}/metrics`)).text()).replaceAll('{}', '');
  for (const line of ['homeroom_outbox_events_total{outcome="dead"} 3', 'homeroom_outbox_events_total{outcome="sent"} 1', 'homeroom_database_breaker 0']) {
    assert.ok(metrics.includes(line), `${line}:\n${metrics}`);
  }
  smith.leave();
  await server.stop();
});

test('only what the settings let the outbox send is sent; whatever is of another tenant is put aside, and holds up nothing', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'homeroom-outbox-'));
  const settings = path.join(folder, 'homeroom.yaml');
  writeFileSync(settings, `${readFileSync(path.join(ROOT, 'namespaces/homeroom.yaml'), 'utf8')}
outbox:
  send:
    - { namespace: /gradebook, events: lineitem.created, only: { classId: math-101 } }
    - { namespace: /gradebook, events: grade.posted, only: { schoolId: rvd-001 }, rooms: ['class:<classId>', 'class:<classId>:staff'] }
`);
  const server = await begin({}, ['--config', settings]);
  try {
    const [smith, stone] = await Promise.all(['smith', 'stone'].map((name) => Person.connect(server, 'gradebook', name, ws)));
    await joined(smith);
    await stone.does('gradebook:join', { classId: 'oak-math' });
    const time = '2025-01-15T09:00:00Z';
    const column = (id, classId) => ({ lineItemId: id, classId, title: 'Quiz', timestamp: time });
    const grade = (schoolId) => ({ gradeId: 'g-1', classId: 'math-101', assignmentId: 'as-1', studentId: 's-456', schoolId, score: 90, maxScore: 100, postedBy: 't-1', timestamp: time });
    const rows = [
      ['a-foreign', 'lineitem.created', column('foreign', 'oak-math')], ['b-other-event', 'lineitem.updated', column('other', 'math-101')],
      ['c-other-school', 'grade.posted', grade('oak-002')], ['d-student', 'grade.posted', grade('rvd-001')], ['mine', 'lineitem.created', column('mine', 'math-101')],
    ];
    const values = rows.map(([id, event, payload]) => `('${id}', 'gradebook', '${event}', 'one key', '${JSON.stringify(payload)}')`);
    await ask('delete from homeroom_outbox_dead', `insert into homeroom_outbox (id, namespace, event, key, payload) values ${values.join(', ')}`);
    await smith.hears('lineitem.created', { lineItemId: 'mine' });
    await soon(until(async () => (await ask('select count(*) from homeroom_outbox')) === '0'), 'the outbox to be empty');
    const dead = JSON.parse(await ask("select coalesce(json_agg(json_build_array(id, reason) order by id), '[]') from homeroom_outbox_dead"));
    assert.deepEqual(dead.map(([id]) => id), rows.map(([id]) => id).filter((id) => id !== 'mine'));
    assert.ok(dead.every(([, reason]) => reason.startsWith('UNAUTHORIZED: ')), JSON.stringify(dead));
    const [foreign, event, school, student] = dead.map(([, reason]) => reason);
    assert.match(foreign, /\/classId: is not one/);
    assert.match(event, /`outbox\.send`/);
    assert.match(school, /\/schoolId: is not one/);
    assert.match(student, /`student:<studentId>`/);
    assert.ok(!/oak-math|oak-002|s-456/.test(JSON.stringify(dead)), 'reasons repeat no values');
    for (const person of [smith, stone]) {
      await person.hearsNothing();
      person.leave();
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
