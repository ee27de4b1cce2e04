// Numbers that several servers send all along, who hears which of them and when, and questions that need Redis.
import { missing, numbered, numbers } from './numbered.mjs';
import { soon } from './person.mjs';
import { until } from './serving.mjs';
import { math } from './town.mjs';

const SEND_EVERY_MS = 20;
const ASK_EVERY_MS = 600;
/** `redis: { call_timeout }`, by default. */
export const CALL_MS = 500;

/** Writes down what somebody hears, and when. */
export function listening(person) {
  const heard = [[], []];
  const moves = [];
  const ranOut = [];
  person.socket.on('lineitem.created', (item) => {
    const [from, number] = numbered(item);
    heard[from]?.push({ number, at: performance.now() });
  });
  person.socket.on('user:left', ({ userId }) => moves.push(`-${userId}`));
  person.socket.on('user:joined', ({ userId }) => moves.push(`+${userId}`));
  person.socket.on('gradebook:typing', ({ userId, isTyping }) => isTyping || ranOut.push(userId));
  return { person, heard, moves, ranOut };
}

/** Both servers in use: each sends numbers, and has somebody who listens. */
export class Traffic {
  constructor(servers, people) {
    this.listeners = people.map(listening);
    this.senders = servers.map((server, at) => numbers(() => server, `${at}`, SEND_EVERY_MS));
  }

  /** Until everybody hears what both send from now on. */
  async flows() {
    const now = this.senders.map(({ sent }) => sent.length);
    await soon(until(() => this.heardUpTo(now)), 'both to hear both');
  }

  /** Sends nothing more. */
  async end() {
    await Promise.all(this.senders.map((sender) => sender.stop()));
  }

  /** The same, and all of it has arrived. */
  async stop() {
    await this.end();
    await soon(until(() => this.heardUpTo(this.senders.map(({ sent }) => sent.length - 1))), 'the last of all');
  }

  heardUpTo(numbers) {
    return this.listeners.every(({ heard }) => numbers.every((number, from) => heard[from].at(-1)?.number >= number));
  }

  /** When those were sent that went from one to the other and were not heard. */
  lost(from, to) {
    const { sent } = this.senders[from];
    const heard = this.listeners[to].heard[from].map(({ number }) => number);
    return missing(sent.length, heard, `from ${from} to ${to}`).map((number) => sent[number]);
  }

  /** The longest time without any. */
  gap(from, to) {
    const heard = this.listeners[to].heard[from];
    return Math.max(...heard.slice(1).map(({ at }, before) => at - heard[before].at));
  }
}

/** Asks somebody's server for something that needs Redis, for so long. Yields what was answered, and how late. */
export async function asked(person, ms) {
  const answers = [];
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const at = performance.now();
    const ack = await soon(person.socket.emitWithAck('gradebook:typing', { ...math, isTyping: true }), 'any answer');
    answers.push({ said: ack.success ? 'done' : ack.code, ms: performance.now() - at });
    await new Promise((rest) => setTimeout(rest, ASK_EVERY_MS));
  }
  return answers;
}
