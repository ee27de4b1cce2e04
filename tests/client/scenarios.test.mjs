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
import { STAGES } from './stage.mjs';

const NAMESPACES = ['gradebook', 'notifications', 'attendance', 'messaging', 'live-class', 'assessment'];
const AT_ONCE = 4;
const ANY = '<any>';
const ABSENT = '<absent>';

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

class Play {
  constructor(stage, server, namespace, file) {
    Object.assign(this, { stage, server, namespace, file, seats: new Map() });
  }

  async connect(name, auth = {}) {
    const { id, ...claims } = this.file.users[name.split('#')[0]];
    const held = { token: token({ sub: id, ...claims }), ...auth };
    const person = await Person.connect(this.server, this.namespace, null, { auth: held, transports: ['websocket'] });
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
    const args = 'data' in step ? [step.data] : step.args ?? [];
    const asks = step.ack || step.ack_args || step.refused;
    // All at once, since limits are so many in so long a time; they are handled one after another.
    const acks = Array.from({ length: step.times ?? 1 }, () => person.socket.emitWithAck(step.emit, ...args));
    const ack = (await soon(Promise.all(acks), `an ack for ${name}'s ${step.emit}`)).at(-1);
    const told = `${name}'s ${step.emit} was answered ${JSON.stringify(ack)}`;
    if (step.refused) {
      assert.ok(mentions(ack, step.refused), `${told} instead of ${step.refused}`);
      note(seen.refused, this.namespace, step.emit, step.refused);
    } else {
      assert.ok(!asks || matches(ack, settled(step.ack, ack)), `${told} instead of ${JSON.stringify(step.ack)}`);
      assert.equal(ack.success, true, told);
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

for (const stage of STAGES) describe(stage.name, { concurrency: AT_ONCE }, () => {
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

