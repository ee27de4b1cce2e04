// Where the acceptance tests are played: on one server alone with the demo district in memory, or on two over one Redis and
// one PostgreSQL, each client and each service on one of them by chance. What is expected is the same.
//
// `FRONT` names a module that puts something in front of the two, such as a balancer: its `front(urls)` yields `{ url, stop }`.
//
// A stage's play is what a server is to a `Person` and to `post`: something with a `url`, which is another one each time.
import assert from 'node:assert/strict';
import { Postgres } from './postgres.mjs';
import { Person, soon } from './person.mjs';
import { Redis } from './redis.mjs';
import { post, start } from './server.mjs';
import { until } from './serving.mjs';

/** Of a school of its own, where nobody else is. */
const FENCE = { sub: 'fence', role: 'ADMIN', name: 'Fence', schoolId: 'fence', districtId: 'fence', boardId: 'fence', countryId: 'us' };
const grade = (gradeId) => ({
  gradeId, classId: 'fence', assignmentId: 'fence', studentId: 'fence', schoolId: 'fence', score: 1, maxScore: 1, postedBy: 'fence', timestamp: '2025-01-15T09:00:00Z',
});

/** Numbers between 0 and 1 that are the same for the same seed. */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run; that of another run may be given as `SEED`. */
export const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

const alone = {
  name: 'one server',
  open: async () => {},
  close: async () => {},
  play: () => start(),
  /** What was told of how many connections were reached. */
  reached: (told, count) => assert.equal(told, count),
};

/** Two servers, with a way to wait until each has heard all that the other has said. */
class Pair {
  constructor(servers, random, front) {
    Object.assign(this, { servers, random, front, options: { transports: ['websocket'] }, fences: null, posted: 0 });
  }

  get url() {
    return this.front?.url ?? this.servers[Math.floor(this.random() * this.servers.length)].url;
  }

  /** Until somebody who is connected is also in the rooms that came with it: they are entered after the client knows that
      it is connected, and before any event of it is answered. */
  async entered(person) {
    await soon(person.socket.emitWithAck('no such event'), 'an answer');
  }

  /** Until each server has delivered what all had sent when this was called: the bus keeps the order of each server. */
  async settled() {
    this.fences ??= this.fenced();
    const fences = await this.fences;
    const ids = await Promise.all(this.servers.map((server) => this.fence(server)));
    await soon(until(() => fences.every(({ heard }) => ids.every((id) => heard.has(id)))), 'all servers to have heard all');
  }

  async fence(server) {
    const id = `fence-${this.posted++}`;
    assert.equal((await post(server, 'gradebook', 'grade.posted', grade(id))).status, 200);
    return id;
  }

  /** Somebody on each server, who hears of each. */
  async fenced() {
    const fences = await Promise.all(this.servers.map(async (server) => {
      const person = await Person.connect(server, 'gradebook', null, { ...this.options, claims: FENCE });
      const heard = new Set();
      person.socket.on('grade.posted', ({ gradeId }) => heard.add(gradeId));
      return { person, heard };
    }));
    for (const server of this.servers) {
      const heard = async () => {
        const id = await this.fence(server);
        await new Promise((rest) => setTimeout(rest, 10));
        return fences.every((fence) => fence.heard.has(id));
      };
      await soon(until(heard), 'servers to hear each other');
    }
    return fences;
  }

  async stop() {
    for (const { person } of (await this.fences) ?? []) person.leave();
    await this.front?.stop();
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

const { front } = process.env.FRONT ? await import(process.env.FRONT) : {};

let redis, postgres;
let plays = 0;
const together = (district) => ({
  name: `two servers on Redis and PostgreSQL, ${district}, by chance (SEED=${seed})`,
  open: async () => ([redis, postgres] = await Promise.all([Redis.start(), Postgres.start()])),
  close: () => Promise.all([redis.kill(), postgres.end()]),
  play: async () => {
    const number = plays++;
    const url = await postgres[district](`play_${number}`);
    const env = { REDIS_URL: redis.url, HOMEROOM_REDIS_PREFIX: `play-${number}:`, DATABASE_URL: url, HOMEROOM_REDIS_CALL_TIMEOUT: '5s' };
    const servers = await Promise.all([start({ env }), start({ env })]);
    return new Pair(servers, chance(seed + number), await front?.(servers.map((server) => server.url)));
  },
  // A server counts its own: it delivers, and does not ask the others.
  reached: (told, count) => assert.ok(told <= count, `${told} of ${count}`),
});

/** On the demo district, or `mapped`: on a platform of another shape, through views. One server has nothing in front. */
export const stages = (district = 'district') => [...(front ? [] : [alone]), together(district)];
