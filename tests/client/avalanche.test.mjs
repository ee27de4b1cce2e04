// Five thousand pupils of two hundred classes, each with the official client, lose their server at once, and come to the
// other: a token is verified, the database asked, presence kept and a class joined for every one of them.
//
// | must hold | how it is seen |
// |---|---|
// | all are back and joined, and none gives up | each client's own state; `socket.active` after every failure |
// | whoever is told to come again does so by itself | clients are left as they are; only their server is another |
// | nobody has left | no classmate hears of it, and presence counts each once |
// | those who were there before go on | what is sent on the same server comes, all of it, meanwhile |
// | memory is bounded | the most that the server ever had, told |
//
// The second part is the same with limits so tight that most are told to come again, on the other transport.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { bystander } from './bystander.mjs';
import { eventually } from './halls.mjs';
import { PEOPLE, token } from './people.mjs';
import { start } from './server.mjs';
import { district } from './district.mjs';
import { town } from './town.mjs';

const PUPILS = 5000;
const CLASSES = 200;
const TIGHT_PUPILS = 1000;
const AT_ONCE = 200;

/** Whoever is back within the lease has not left, however slow the machine is. */
const PATIENT = { HOMEROOM_REDIS_LEASE: '5m', HOMEROOM_SOCKET_TRANSPORT: 'own' };
const TIGHT = {
  HOMEROOM_SOCKET_TRANSPORT: 'socketioxide',
  HOMEROOM_SOCKET_HANDSHAKES_PER_SECOND: '150',
  HOMEROOM_SOCKET_HANDSHAKES_WAITING_MAX: '50',
  HOMEROOM_SOCKET_HANDSHAKE_WAIT: '1s',
  HOMEROOM_LIMITS_ENTERING_MAX: '4',
};

/** What a join may be refused with that passes by itself. */
const PASSING = ['BUSY', 'UNAVAILABLE', 'TIMEOUT', 'RATE_LIMITED'];

const classOf = (number) => `hall-${number % CLASSES}`;

/** Classes and pupils, beside those of the demo district. */
function enroll(file, count) {
  const rows = ['begin;'];
  for (let at = 0; at < CLASSES; at++) rows.push(`insert into classes values ('${classOf(at)}', 'rvd-001', 'Class');`);
  for (let number = 0; number < count; number++) rows.push(`insert into enrollments values ('${classOf(number)}', 'pupil-${number}');`);
  execFileSync('sqlite3', [file], { input: [...rows, 'commit;'].join('\n') });
}

/** The official client, left to itself but for where its server is. */
class Pupil {
  constructor(number, where) {
    Object.assign(this, { id: `pupil-${number}`, classId: classOf(number), isIn: false, failures: {}, left: 0, gaveUp: false });
    const held = { token: token({ ...PEOPLE.alice, sub: this.id, name: `Pupil ${number}` }) };
    this.socket = io(`${where()}/gradebook`, { forceNew: true, transports: ['websocket'], auth: held });
    const manager = this.socket.io;
    manager.on('reconnect_attempt', () => (manager.uri = `${where()}/gradebook`));
    manager.on('reconnect_failed', () => (this.gaveUp = true));
    this.socket.on('connect', () => this.join());
    this.socket.on('disconnect', () => (this.isIn = false));
    this.socket.on('connect_error', (error) => {
      this.fails(error.description?.message ?? error.message);
      this.gaveUp ||= !this.socket.active;
    });
    this.socket.on('user:left', () => (this.left += 1));
  }

  /** Joins its class; where that cannot be done now, again when it was told, as an app would. */
  join() {
    const { id } = this.socket;
    this.socket.emit('gradebook:join', { classId: this.classId }, (ack) => {
      if (ack.success) return (this.isIn = true);
      this.fails(ack.code);
      if (PASSING.includes(ack.code)) setTimeout(() => this.socket.id === id && this.join(), ack.retryAfterMs ?? 1000);
    });
  }

  fails(what) {
    this.failures[what] = (this.failures[what] ?? 0) + 1;
  }

  leave() {
    this.socket.close();
  }
}

/** A number that `/proc` tells of a process, in MiB. */
function memory(pid, what) {
  const told = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${what}:\\s+(\\d+) kB`));
  return (Number(told[1]) / 1024).toFixed(0);
}

/** What a server counts, by name and labels. */
async function counted(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return (name) => Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? 0);
}

const away = (count, gate) =>
  count(`homeroom_gate_refused_total{gate="${gate}",why="full"}`) + count(`homeroom_gate_refused_total{gate="${gate}",why="late"}`);

/** Clients by what they were told when they could not connect. */
function failuresOf(pupils) {
  const sum = {};
  for (const { failures } of pupils) for (const [what, times] of Object.entries(failures)) sum[what] = (sum[what] ?? 0) + times;
  return JSON.stringify(sum);
}

/** So many pupils on the first of two servers, the other of which has settings of its own. */
async function crowd(t, count, settings) {
  const base = district();
  enroll(base.file, count);
  const all = await town(1, { DATABASE_URL: base.url, ...PATIENT });
  const pupils = [];
  t.after(async () => {
    // That they all leave well would only take time.
    process.kill(all.home.pid, 'SIGKILL');
    pupils.forEach((pupil) => pupil.leave());
    await all.stop();
    base.remove();
  });
  all.servers.push(await all.begin(1, settings));
  const where = () => all.home.url;
  all.home = all.servers[0];
  while (pupils.length < count) {
    const some = Array.from({ length: AT_ONCE }, (_, more) => new Pupil(pupils.length + more, where));
    pupils.push(...some);
    await eventually(() => some.every((pupil) => pupil.isIn), 'pupils to join', { every: 5 });
  }
  return { all, pupils };
}

/** The pupils of whom presence knows. */
async function present(redis) {
  const script = "local all = {} for _, key in ipairs(redis.call('KEYS', 'class:hall-*:presence')) do for _, user in ipairs(redis.call('HKEYS', key)) do all[#all + 1] = user end end return all";
  return new Set((await redis.ask('EVAL', script, '0')).split('\n').map((field) => field.split(' ').at(-1)));
}

/** Kills the server that the pupils are on, and waits until all are on the other. Yields how often one was told to come again. */
async function avalanche(t, { all, pupils }) {
  const [from, to] = all.servers;
  const stands = await bystander(to.url);
  const begins = memory(to.pid, 'VmRSS');
  for (const pupil of pupils) Object.assign(pupil, { left: 0, failures: {} });

  all.home = to;
  const killed = performance.now();
  process.kill(from.pid, 'SIGKILL');
  await eventually(() => pupils.every((pupil) => !pupil.isIn), 'all to lose their server', { every: 10 });
  const backAfter = [];
  const gaveUp = () => pupils.filter((pupil) => pupil.gaveUp).length;
  for (const share of [0.5, 0.95, 1]) {
    const areBack = () => pupils.filter((pupil) => pupil.isIn).length >= share * pupils.length || pupils.some((pupil) => pupil.gaveUp);
    await eventually(areBack, `${share} to be back`, { within: 120_000 }).catch((late) => {
      const [lost] = pupils.filter((pupil) => !pupil.isIn);
      t.diagnostic(`failures: ${failuresOf(pupils)}; one that is not back: ${lost.socket.connected}, ${JSON.stringify(lost.failures)}`);
      throw late;
    });
    backAfter.push(((performance.now() - killed) / 1000).toFixed(1));
  }
  assert.equal(gaveUp(), 0, `some gave up: ${failuresOf(pupils)}`);
  const { sent, lost, slowest } = await stands();

  const count = await counted(to);
  const toldAgain = away(count, 'handshakes');
  t.diagnostic(`${pupils.length} lost their server; half were back after ${backAfter[0]} s, 95% after ${backAfter[1]} s, all after ${backAfter[2]} s`);
  t.diagnostic(`told to come again: ${toldAgain} handshakes, ${away(count, 'entering')} connects and joins; clients saw ${failuresOf(pupils)}`);
  t.diagnostic(`the server had ${begins} MiB before, ${memory(to.pid, 'VmHWM')} MiB at most, ${memory(to.pid, 'VmRSS')} MiB after; of ${sent} that were sent on it meanwhile ${lost} were lost, and the slowest took ${slowest.toFixed(0)} ms`);

  assert.equal(lost, 0, 'on the same server');
  assert.equal(pupils.reduce((sum, pupil) => sum + pupil.left, 0), 0, 'nobody has left');
  const there = await present(all.redis);
  assert.deepEqual(pupils.filter(({ id }) => !there.has(id)), [], 'all are present');
  return toldAgain;
}

test('five thousand lose their server at once, and all are back and joined on the other', { timeout: 240_000 }, async (t) => {
  await avalanche(t, await crowd(t, PUPILS, {}));
});

test('with tight limits most are told to come again, and all do', { timeout: 240_000 }, async (t) => {
  const toldAgain = await avalanche(t, await crowd(t, TIGHT_PUPILS, TIGHT));
  assert.ok(toldAgain > TIGHT_PUPILS / 2, `${toldAgain} were told to come again`);
});

test('clients that begin by polling come again by themselves, too', { timeout: 60_000 }, async (t) => {
  const narrow = { HOMEROOM_SOCKET_HANDSHAKES_PER_SECOND: '20', HOMEROOM_SOCKET_HANDSHAKES_WAITING_MAX: '4' };
  const server = await start({ env: narrow });
  t.after(() => server.stop());
  const sockets = Array.from({ length: 60 }, (_, number) => {
    const held = { token: token({ ...PEOPLE.alice, sub: `pupil-${number}` }) };
    return io(`${server.url}/gradebook`, { forceNew: true, auth: held });
  });
  t.after(() => sockets.forEach((socket) => socket.close()));
  const began = performance.now();
  await eventually(() => sockets.every((socket) => socket.connected), 'all to be in', { within: 30_000 });
  const toldAgain = away(await counted(server), 'handshakes');
  t.diagnostic(`${sockets.length} were in after ${((performance.now() - began) / 1000).toFixed(1)} s; ${toldAgain} handshakes were told to come again`);
  assert.ok(toldAgain > 0, 'not all at once');
});
