// The scenarios that lie beside each namespace, played again: by the official client, over the wire, on a real server, and on two.
//
// Those that turn the clock cannot be played here, nor those that know what day it is or count by the second, nor those that ask rules
// directly, change definitions or have several servers. What is left must still send every client event of every namespace, and see
// it both succeed and refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { token } from './people.mjs';
import { Person, matches, soon } from './person.mjs';
import { ROOT, post } from './server.mjs';
import { stages } from './stage.mjs';

const NAMESPACES = ['gradebook', 'notifications', 'attendance', 'messaging', 'live-class', 'assessment'];
const AT_ONCE = 4;
const FREE_AGAIN_MAX = 100;
const ANY = '<any>';
const ABSENT = '<absent>';
const POSITIONS = '<positions>';

const read = (...parts) => parse(readFileSync(path.join(ROOT, 'namespaces', ...parts), 'utf8'));
const turnsTheClock = (scenario) => scenario.steps.some((step) => step.advance);
const isOfTheEngine = (scenario) => scenario.servers || scenario.steps.some((step) => step.may_join || step.reload || step.kill);
const countsBySecond = (scenario) => scenario.steps.some((step) => step.times > 100);
const knowsTheDay = (scenario) => /2025-01-15(?!T09:00:00Z)|consecutiveAbsences: 3|Wednesdays/.test(JSON.stringify(scenario).replaceAll('":"', ': ').replaceAll('":', ': '));

const seen = { sent: new Map(), refused: new Map() };
const note = (map, namespace, event, code = true) => {
  const key = `${namespace} ${event}`;
  map.set(key, (map.get(key) ?? new Set()).add(code));
};

/** `<any>` in what is expected stands for what came, `<absent>` for what must not come. */
function settled(expected, actual) {
  if (expected === ANY) return actual;
  if (expected === ABSENT) return undefined;
  if (Array.isArray(expected)) return expected.map((one, at) => settled(one, actual?.[at]));
  if (expected !== null && typeof expected === 'object') {
    return Object.fromEntries(Object.entries(expected).map(([name, one]) => [name, settled(one, actual?.[name])]));
  }
  return expected;
}

function mentions(answer, code) {
  if (answer === code) return true;
  return answer !== null && typeof answer === 'object' && Object.values(answer).some((one) => mentions(one, code));
}

/** The positions in an answer, or in what an event carries, wherever they stand in it. */
function told(value) {
  if (value === null || typeof value !== 'object') return [];
  return '<self>' in value ? [value] : Object.values(value).flatMap(told);
}

class Play {
  constructor(stage, server, namespace, file) {
    Object.assign(this, { stage, server, namespace, file, seats: new Map(), positions: new Map() });
  }

  /** What is handed over: `<positions>` stands for the positions that one was told last. */
  handed(name, value) {
    if (value === POSITIONS) return { ...this.positions.get(name) };
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.handed(name, one)]));
  }

  note(name, ...all) {
    this.positions.set(name, Object.assign({}, this.positions.get(name), ...all));
  }

  async connect(name, auth = {}) {
    const { id, ...claims } = this.file.users[name.split('#')[0]];
    const held = { token: token({ sub: id, ...claims }), ...auth };
    const person = await Person.connect(this.server, this.namespace, null, {
      auth: this.handed(name, held), transports: ['websocket'],
      hears: (args) => this.note(name, ...(args.length > 1 ? [args.at(-1)] : told(args[0]))),
    });
    this.seats.set(name, person);
    return person;
  }

  async seat(name) {
    return this.seats.get(name) ?? this.connect(name);
  }

  async step(step) {
    if (step.backend) return this.backend(step);
    for (const name of [step.as].flat()) {
      if (step.connect) await this.connects(step, name);
      else if (step.disconnect) (await this.seat(name)).leave(), this.seats.delete(name);
      else if (step.emit) await this.emits(step, name);
      else await this.receives(step, name);
    }
  }

  async connects(step, name) {
    const error = await this.connect(name, step.auth).then(() => null, (error) => error);
    assert.equal(error?.message.split(': ')[0], step.refused, `${name} connects`);
  }

  async emits(step, name) {
    const person = await this.seat(name);
    const args = ('data' in step ? [step.data] : step.args ?? []).map((arg) => this.handed(name, arg));
    const asks = step.ack || step.ack_args || step.refused;
    // All at once, since limits are so many in so long a time; they are handled one after another.
    // An answer's positions are noted as it comes, before any event that comes after it.
    const once = () => new Promise((done) => person.socket.emit(step.emit, ...args, (ack) => (this.note(name, ...told(ack)), done(ack))));
    const acks = Array.from({ length: step.times ?? 1 }, once);
    let ack = (await soon(Promise.all(acks), `an ack for ${name}'s ${step.emit}`)).at(-1);
    // While a busy machine answered those before, some more may have become free: limits are counted exactly where the clock is turned.
    if (step.refused === 'RATE_LIMITED' && ack.success) ack = (await soon(Promise.all(Array.from({ length: FREE_AGAIN_MAX }, once)), 'acks')).at(-1);
    const answered = `${name}'s ${step.emit} was answered ${JSON.stringify(ack)}`;
    if (step.refused) {
      assert.ok(mentions(ack, step.refused), `${answered} instead of ${step.refused}`);
      note(seen.refused, this.namespace, step.emit, step.refused);
    } else {
      assert.ok(!asks || matches(ack, settled(step.ack, ack)), `${answered} instead of ${JSON.stringify(step.ack)}`);
      assert.equal(ack.success, true, answered);
      note(seen.sent, this.namespace, step.emit);
    }
  }

  async receives(step, name) {
    const person = await this.seat(name);
    if (step.receives === 'nothing') return person.hearsNothing();
    for (let turn = 0; turn < (step.times ?? 1); turn++) {
      const heard = await person.hears(step.receives);
      if (step.data) assert.ok(matches(heard, settled(step.data, heard)), `${name} heard ${step.receives} ${JSON.stringify(heard)}`);
    }
  }

  async backend(step) {
    const { status, body } = await post(this.server, this.namespace, step.backend, step.data ?? '');
    if (step.refused) return assert.equal(body.code, step.refused);
    assert.equal(status, 200, JSON.stringify(body));
    if ('reached' in step) this.stage.reached(body.reached.sockets, step.reached);
  }

  end() {
    this.seats.forEach((person) => person.leave());
  }
}

function playable(file) {
  return file.scenarios.filter((scenario) => ![turnsTheClock, knowsTheDay, countsBySecond, isOfTheEngine].some((cannot) => cannot(scenario)));
}

async function play(stage, namespace, file, scenario) {
  const server = await stage.play();
  const play = new Play(stage, server, namespace, file);
  try {
    for (const step of scenario.steps) await play.step(step);
  } finally {
    play.end();
    await server.stop();
  }
}

for (const stage of stages()) describe(stage.name, { concurrency: AT_ONCE }, () => {
  before(stage.open);
  after(stage.close);
  for (const namespace of NAMESPACES) {
    const file = read(namespace, 'tests.yaml');
    for (const scenario of playable(file)) test(`${namespace}: ${scenario.name}`, () => play(stage, namespace, file, scenario));
  }
});

test('every client event has been sent and refused over the wire', () => {
  const missing = [];
  for (const namespace of NAMESPACES) {
    for (const event of Object.keys(read(namespace, 'namespace.yaml').client_events)) {
      if (!seen.sent.has(`${namespace} ${event}`)) missing.push(`${namespace} ${event} was never seen to succeed`);
      if (!seen.refused.has(`${namespace} ${event}`)) missing.push(`${namespace} ${event} was never seen refused`);
    }
  }
  assert.deepEqual(missing, []);
});

