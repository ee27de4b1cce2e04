// Several servers over one Redis, people on them, and what they hear of a class.
import assert from 'node:assert/strict';
import { Person, soon } from './person.mjs';
import { Redis } from './redis.mjs';
import { post, start } from './server.mjs';

export const LEASE_MS = 2000;
export const math = { classId: 'math-101' };
export const ws = { transports: ['websocket'] };
export const item = (id) => ({ lineItemId: id, ...math, title: 'Quiz', timestamp: '2025-01-15T09:00:00Z' });

/** So many servers over one Redis, each of which reaches it as `reach(redis, at)` says. */
export async function town(size, env = {}, { reach = (redis) => redis.url, args = [] } = {}) {
  const redis = await Redis.start();
  const all = { HOMEROOM_REDIS_LEASE: `${LEASE_MS}ms`, ...env };
  const begin = async (at, more = {}) => start({ args, env: { REDIS_URL: await reach(redis, at), ...all, ...more } });
  const servers = await Promise.all(Array.from({ length: size }, (_, at) => begin(at)));
  const enter = async (at, namespace, name) => Person.connect(servers[at], namespace, name, ws);
  const stop = async () => {
    redis.resume();
    await Promise.all(servers.map((server) => server.stop()));
    await redis.kill();
  };
  return { redis, servers, begin, enter, stop };
}

/** Joins the class, and forgets what that brought. */
export async function joined(person) {
  await person.does('gradebook:join', math);
  person.received.length = 0;
  return person;
}

/** The items that a person heard of, but for those that were tried out. */
export const heardOf = (person) =>
  person.received.filter((one) => one.event === 'lineitem.created').map((one) => one.args[0].lineItemId).filter((id) => !id.startsWith('try-'));

/** What a person heard of who came and went. */
export const movesOf = (person) => JSON.stringify(person.received.filter((one) => /^user:/.test(one.event)));

/** Sends from one server until it is heard by somebody of another; yields how many were not. */
export async function untilHeard(server, person) {
  for (let sent = 1; ; sent++) {
    await post(server, 'gradebook', 'lineitem.created', item(`try-${sent}`));
    const heard = () => person.received.findIndex((one) => one.event === 'lineitem.created' && one.args[0].lineItemId.startsWith('try-'));
    for (const late = performance.now() + 200; heard() < 0 && performance.now() < late; ) await new Promise((rest) => setTimeout(rest, 10));
    if (heard() >= 0) {
      person.received.length = 0;
      return sent - 1;
    }
    assert.ok(sent < 100, 'nothing arrives any more');
  }
}
