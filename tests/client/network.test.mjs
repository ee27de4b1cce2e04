// Two servers, one of which reaches Redis through a line that fails, in every way a line can, while all is in use.
//
// | must hold | how it is seen |
// |---|---|
// | clients hear what is sent on their own server, always | numbers: all of them, in order, once, and none waits for the line |
// | nothing hangs | each question to the server on the bad line is answered within what its calls to Redis may take |
// | between servers only what was sent meanwhile may be lost, and what waits for less than the bus holds it is not | numbers, and when each was sent |
// | presence | who was cut off for a lease has left once and come back once; else nobody has; then both are there |
// | expiry | what runs out after the return is told once, on both |
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { soon } from './person.mjs';
import { Proxy } from './proxy.mjs';
import { until } from './serving.mjs';
import { LEASE_MS, joined, math, town } from './town.mjs';
import { CALL_MS, Traffic, asked } from './traffic.mjs';

const FAULT_MS = LEASE_MS + 1000;
/** What is asked takes one call. The rest is for a machine with more to do. */
const ANSWER_MS = CALL_MS + 1000;
/** How long the bus holds what it cannot send (`HOLD`). */
const HOLD_MS = 2000;
/** The longest rest between two attempts to connect, and what a connection needs to begin. */
const WHOLE_MS = 5000;

const FAULTS = [
  { name: 'slow by 100 ms', begin: (line) => line.delay(100), whole: true },
  { name: 'narrow: 128 KB/s', begin: (line) => line.throttle(128 * 1024), whole: true },
  { name: 'cut once', begin: (line) => line.cut() },
  { name: 'cut off', begin: (line) => line.cutOff(), buried: true },
  { name: 'a black hole', begin: (line) => line.blackhole(), buried: true },
  { name: 'deaf: nothing comes from Redis', begin: (line) => line.halfOpen('down') },
  { name: 'mute: nothing reaches Redis', begin: (line) => line.halfOpen('up'), buried: true },
];

/** What may be lost between servers by a fault that began and was over at these times. */
function allowed(fault, from, lost, { began, whole }) {
  if (fault.whole) return assert.equal(lost.length, 0, 'nothing is lost on a slow line');
  for (const sent of lost) {
    assert.ok(sent > began - CALL_MS, `sent ${began - sent} ms before the fault, and lost`);
    assert.ok(sent < whole, `sent ${sent - whole} ms after all was whole, and lost`);
    const waited = from === 1 && sent > began + HOLD_MS;
    assert.ok(!waited || sent < whole - HOLD_MS, `waited for ${whole - sent} ms only, and lost`);
  }
}

describe('two servers, one behind a bad line to Redis', () => {
  let all;
  let line;
  before(async () => {
    const through = async (redis) => {
      line = await Proxy.start(() => [redis.port]);
      return `redis://127.0.0.1:${line.port}`;
    };
    all = await town(2, {}, { reach: (redis, at) => (at === 1 ? through(redis) : redis.url) });
  });
  after(async () => {
    line?.mend();
    await all?.stop();
    await line?.stop();
  });

  const present = (count) => soon(until(async () => (await all.redis.ask('HLEN', 'class:math-101:presence')) === `${count}`), `${count} to be there`);

  for (const fault of FAULTS) {
    test(fault.name, { timeout: 60_000 }, async (t) => {
      await present(0);
      const people = await Promise.all([all.enter(0, 'gradebook', 'smith'), all.enter(1, 'gradebook', 'jones')]);
      t.after(() => people.forEach((person) => person.leave()));
      for (const person of people) await joined(person);
      await present(2);
      const traffic = new Traffic(all.servers, people);
      t.after(() => traffic.end());
      await traffic.flows();
      // That the other came may have been told late, but before what was sent after it.
      for (const one of traffic.listeners) one.moves.length = 0;

      for (const person of people) await person.does('gradebook:typing', { ...math, isTyping: true });
      const began = performance.now();
      fault.begin(line);
      const answers = await asked(people[1], FAULT_MS);
      line.mend();
      const back = performance.now();
      await traffic.flows();
      const whole = performance.now();
      await present(2);
      const ranOut = () => traffic.listeners.every((one) => one.ranOut.length >= 2);
      await soon(until(ranOut), 'what both typed to run out');
      await traffic.stop();

      const slowest = Math.max(...answers.map(({ ms }) => ms));
      const done = answers.filter(({ said }) => said === 'done').length;
      t.diagnostic(`${fault.name} for ${(back - began).toFixed(0)} ms: ${done} of ${answers.length} questions answered, others refused; the slowest after ${slowest.toFixed(0)} ms; whole ${(whole - back).toFixed(0)} ms after`);
      for (const [from, to] of [[0, 0], [1, 1], [0, 1], [1, 0]]) {
        const lost = traffic.lost(from, to);
        t.diagnostic(`  ${from} to ${to}: lost ${lost.length} of ${traffic.senders[from].sent.length}, longest gap ${traffic.gap(from, to).toFixed(0)} ms`);
        if (from !== to) allowed(fault, from, lost, { began, whole });
        else assert.deepEqual([lost.length, traffic.gap(from, to) < FAULT_MS / 2], [0, true], 'on the same server');
      }
      assert.ok(slowest < ANSWER_MS, `an answer took ${slowest} ms`);
      assert.ok(whole - back < WHOLE_MS, `whole again after ${whole - back} ms`);
      const [atSmith, atJones] = traffic.listeners;
      assert.deepEqual(atSmith.moves, fault.buried ? ['-t-2', '+t-2'] : []);
      // What was told of them while their server was cut off is kept by the room, and may come late.
      assert.deepEqual(fault.buried ? atJones.moves.filter((move) => move !== '-t-2') : atJones.moves, []);
      assert.ok(atJones.moves.length <= 1, `${atJones.moves}`);
      for (const one of [atSmith, atJones]) assert.deepEqual(one.ranOut.sort(), ['t-1', 't-2']);
    });
  }
});
