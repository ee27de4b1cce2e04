// Somebody with the official client, who writes down all that comes.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { PEOPLE, token } from './people.mjs';

/** Longer than anything takes on a machine with much else to do; where it matters how long something took, that is measured. */
const WAIT_MS = 30_000;

/** Waits for a promise, but not for ever. */
export function soon(promise, what, ms = WAIT_MS) {
  let late;
  const limit = new Promise((_, failed) => {
    late = setTimeout(() => failed(new Error(`waited in vain for ${what}`)), ms);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(late));
}

/** Whether `actual` has all that `expected` has; lists must be the same. */
export function matches(actual, expected) {
  if (Array.isArray(expected)) {
    return Array.isArray(actual) && actual.length === expected.length && expected.every((one, at) => matches(actual[at], one));
  }
  if (expected !== null && typeof expected === 'object') {
    return actual !== null && typeof actual === 'object' && Object.entries(expected).every(([name, one]) => matches(actual[name], one));
  }
  return actual === expected;
}

export class Person {
  constructor(name, socket, server, hears) {
    this.name = name;
    this.socket = socket;
    this.server = server;
    this.received = [];
    this.waiting = [];
    socket.onAny((event, ...args) => {
      this.received.push({ event, args });
      hears?.(args);
      this.waiting.splice(0).forEach((again) => again());
    });
  }

  /** Connects one of the demo district's people; the error says why not. `hears`: is given the arguments of all that comes. */
  static async connect(server, namespace, name, { claims = {}, auth = {}, hears, ...options } = {}) {
    const held = name === null && claims.sub === undefined ? {} : { token: token({ ...PEOPLE[name?.split('#')[0]], ...claims }) };
    const socket = io(`${server.url}/${namespace}`, { forceNew: true, reconnection: false, auth: { ...held, ...auth }, ...server.options, ...options });
    const person = new Person(name, socket, server, hears);
    try {
      await soon(
        new Promise((connected, refused) => {
          socket.once('connect', connected);
          socket.once('connect_error', refused);
        }),
        `${name} to connect to ${namespace}`,
      );
      await server.entered?.(person);
    } catch (error) {
      socket.close();
      throw error;
    }
    return person;
  }

  /** Sends an event, and expects an ack that has all of `expected`. Yields the ack. */
  async does(event, payload, expected = { success: true }) {
    const args = payload === undefined ? [] : [payload];
    const ack = await soon(this.socket.emitWithAck(event, ...args), `an ack for ${this.name}'s ${event}`);
    assert.ok(matches(ack, expected), `${this.name}'s ${event} was answered ${JSON.stringify(ack)} instead of ${JSON.stringify(expected)}`);
    // What this one's coming has told others is not to reach somebody of another server who comes after.
    if (event.endsWith(':join')) await this.server?.settled?.();
    return ack;
  }

  /** Sends an event that must be refused with `code`. */
  refused(event, payload, code) {
    return this.does(event, payload, { success: false, code });
  }

  /** Uses up the first event of that name that has come, or comes soon. */
  async hears(event, expected = {}) {
    for (;;) {
      const at = this.received.findIndex((one) => one.event === event);
      if (at >= 0) {
        const [{ args }] = this.received.splice(at, 1);
        assert.ok(matches(args[0], expected), `${this.name} heard ${event} ${JSON.stringify(args)} instead of ${JSON.stringify(expected)}`);
        return args[0];
      }
      await soon(new Promise((again) => this.waiting.push(again)), `${this.name} to hear ${event}; heard ${JSON.stringify(this.received)}`);
    }
  }

  /** Nothing is left. Whatever was sent before has come by then: an answer comes after it on the same connection, once
      other servers have been heard. */
  async hearsNothing() {
    await this.server.settled?.();
    await soon(this.socket.emitWithAck('no such event'), 'a fence');
    assert.deepEqual(this.received, [], `${this.name} heard what they should not have`);
  }

  leave() {
    this.socket.close();
  }
}

/** Several people in one namespace, by name. */
export async function gather(server, namespace, names) {
  const people = await Promise.all(names.map((name) => Person.connect(server, namespace, name)));
  const all = Object.fromEntries(names.map((name, at) => [name, people[at]]));
  const silent = async (...except) => {
    for (const name of names.filter((name) => !except.includes(name))) await all[name].hearsNothing();
  };
  return { ...all, silent, part: () => people.forEach((person) => person.leave()) };
}
