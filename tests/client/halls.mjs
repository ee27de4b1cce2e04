// Guests in halls in which numbers are called: who hears which, while connections end and begin again. Halls whose names
// begin with `k` keep what was called for those who are away.
//
// A guest is the official client, left to reconnect by itself. It knows when it was in its hall: from the ack of `enter` to
// the moment its connection was cut, or it was told of its end.
import assert from 'node:assert/strict';
import path from 'node:path';
import { io } from 'socket.io-client';
import { ROOT, post } from './server.mjs';

export const keeps = (hall) => hall.startsWith('k');

/** So many halls, of which every second pair keeps what is called. */
export const someHalls = (count) => Array.from({ length: count }, (_, number) => `${number % 4 < 2 ? '' : 'k'}${number}`);

export const NAMESPACES = path.join(ROOT, 'tests/namespaces');

/** Calls numbers in some halls in turn, one at a time, from the server that `where(hall)` names. */
export class Caller {
  constructor(halls, where, everyMs) {
    Object.assign(this, { halls, where, everyMs, calls: new Map(halls.map((hall) => [hall, []])), going: true });
    this.ended = this.run();
  }

  async run() {
    for (let turn = 0, due = performance.now(); this.going; turn++) {
      await this.call(this.halls[turn % this.halls.length]);
      due = Math.max(due + this.everyMs, performance.now() - 1000);
      await new Promise((rest) => setTimeout(rest, Math.max(0, due - performance.now())));
    }
  }

  /** Calls the next number in a hall: `calls.get(hall)[number]` is when it was sent, and when that was answered. */
  async call(hall) {
    const calls = this.calls.get(hall);
    const call = { sent: performance.now(), answered: Infinity };
    calls.push(call);
    const { status, body } = await post(this.where(hall), 'halls', keeps(hall) ? 'kept' : 'called', { hall, number: calls.length - 1 });
    assert.equal(status, 200, JSON.stringify(body));
    call.answered = performance.now();
  }

  async stop() {
    this.going = false;
    await this.ended;
  }
}

export class Guest {
  /** A guest of a hall, who connects to what `where()` names, each time anew. */
  constructor(hall, where) {
    Object.assign(this, { hall, heard: [], stays: [], since: {}, recovered: 0, gaps: 0 });
    this.socket = io(`${where()}/halls`, {
      forceNew: true, transports: ['websocket'], reconnectionDelay: 200, reconnectionDelayMax: 1000,
    });
    const manager = this.socket.io;
    manager.on('reconnect_attempt', () => (manager.uri = `${where()}/halls`));
    this.socket.on('connect', () => this.enter());
    this.socket.on('disconnect', () => this.out());
    this.socket.on('called', ({ number }, place) => {
      if (place) Object.assign(this.since, place);
      this.heard.push({ number, at: performance.now() });
    });
  }

  /** Enters the hall, on a connection that is new. */
  enter() {
    // The server has said that this is the end; the client says so itself once both sides have closed, which takes longer.
    this.socket.io.engine.transport.ws._receiver.once('conclude', () => this.out());
    const stay = { asked: performance.now(), from: Infinity, to: Infinity };
    this.stays.push(stay);
    const isBack = this.stays.length > 1 && Object.keys(this.since).length > 0;
    const [event, payload] = keeps(this.hall) ? ['stay', { hall: this.hall, since: this.since }] : ['enter', { hall: this.hall }];
    this.socket.emit(event, payload, (ack) => {
      if (!ack.success) return;
      stay.from = performance.now();
      if (!ack.data) return;
      Object.assign(this.since, ack.data.at);
      if (isBack) this[ack.data.recovered ? 'recovered' : 'gaps'] += 1;
    });
  }

  get isIn() {
    const stay = this.stays.at(-1);
    return stay !== undefined && stay.from < Infinity && stay.to === Infinity;
  }

  out(at = performance.now()) {
    const stay = this.stays.at(-1);
    if (stay) stay.to = Math.min(stay.to, at);
  }

  /** Its connection is reset, as by the network. */
  cut() {
    this.out();
    this.socket.io.engine.transport.ws._socket?.resetAndDestroy();
  }

  leave() {
    this.socket.close();
  }
}

/** Waits for a condition for longer than `soon` does, without being in a hurry. */
export async function eventually(condition, what, { within = 60_000, every = 50 } = {}) {
  for (const end = performance.now() + within; performance.now() < end; ) {
    if (await condition()) return;
    await new Promise((again) => setTimeout(again, every));
  }
  assert.fail(`waited in vain for ${what}`);
}

/** Lets guests in, some at once; yields them when all are in their halls. */
export async function admit(count, guest, atOnce = 100) {
  const guests = [];
  while (guests.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - guests.length) }, (_, more) => guest(guests.length + more));
    await eventually(() => some.every((one) => one.isIn), 'guests to enter', { every: 5 });
    guests.push(...some);
  }
  return guests;
}

/** What a guest did not hear, by whether it was away; `flightMs` is the longest that a number is on its way. */
export function losses(guest, calls, flightMs) {
  const came = new Set(guest.heard.map(({ number }) => number));
  const found = { away: 0, atTheEdge: 0, unexplained: [] };
  calls.forEach((call, number) => {
    if (came.has(number)) return;
    const away = guest.stays.map((stay, at) => [at === 0 ? -Infinity : guest.stays[at - 1].to, stay]);
    if (away.some(([from, stay]) => call.sent > from && call.answered < stay.asked)) found.away += 1;
    else if (away.some(([from, stay]) => call.answered > from - flightMs && call.sent < stay.from)) found.atTheEdge += 1;
    else found.unexplained.push(number);
  });
  return found;
}

/** Everything came in order and once. */
export function inOrder(guest) {
  guest.heard.forEach(({ number }, at) => {
    assert.ok(at === 0 || number > guest.heard[at - 1].number, `${number} came after ${guest.heard[at - 1]?.number}`);
  });
}

/** A guest of a hall that keeps what is called has heard every number, once and in order. */
export function exactly(guest, calls) {
  assert.equal(guest.gaps, 0, 'it was told that something is missing');
  assert.deepEqual(guest.heard.map(({ number }) => number), calls.map((_, number) => number));
}

/** The longest that a number was on its way. */
export function longestFlight(guests, calls) {
  let most = 0;
  for (const guest of guests) for (const { number, at } of guest.heard) most = Math.max(most, at - calls.get(guest.hall)[number].sent);
  return most;
}

/** One more number in every hall, which everyone hears. */
export async function last(caller, guests) {
  for (const hall of caller.halls) await caller.call(hall);
  const heardLast = (guest) => guest.heard.at(-1)?.number === caller.calls.get(guest.hall).length - 1;
  const mine = guests.filter((guest) => caller.calls.has(guest.hall));
  await eventually(() => mine.every(heardLast), 'everyone to hear the last');
}

