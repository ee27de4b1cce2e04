// Three servers behind a balancer are restarted one after another while numbers are called: what their clients lose: nothing
// in halls that keep what is called; and that each is back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller, Guest, NAMESPACES, admit, eventually, exactly, inOrder, keeps, last, longestFlight, losses, someHalls } from './halls.mjs';
import { Proxy } from './proxy.mjs';
import { town } from './town.mjs';

const CLIENTS = 300;
const HALLS = 30;
const CALL_EVERY_MS = 10;

let all;
let balancer;
before(async () => {
  all = await town(3, {}, { args: ['--namespaces', NAMESPACES] });
  balancer = await Proxy.start(() => all.servers.map((server) => Number(new URL(server.url).port)));
});
after(async () => {
  await all?.stop();
  await balancer?.stop();
});

/** Restarts a server where it was. Yields how long it took to end, in milliseconds. */
async function restart(at) {
  const { port } = new URL(all.servers[at].url);
  const began = performance.now();
  await all.servers[at].stop();
  const took = performance.now() - began;
  all.servers[at] = await all.begin(at, { PORT: port });
  return took;
}

test('three servers, restarted one after another under load', { timeout: 240_000 }, async (t) => {
  const halls = someHalls(HALLS);
  const guests = await admit(CLIENTS, (number) => new Guest(halls[number % HALLS], () => balancer.url));
  t.after(() => guests.forEach((guest) => guest.leave()));
  // Whoever calls goes on at another server before theirs is restarted.
  let calling = 0;
  const caller = new Caller(halls, () => all.servers[calling], CALL_EVERY_MS);
  const took = [];
  for (const at of all.servers.keys()) {
    calling = (at + 1) % all.servers.length;
    await eventually(() => caller.calls.get(halls[0]).at(-1)?.answered < Infinity, 'a call to end');
    took.push(await restart(at));
    await eventually(() => guests.every((guest) => guest.isIn), 'everyone to be back');
  }
  await caller.stop();
  await last(caller, guests);

  const [kept, others] = [guests.filter(({ hall }) => keeps(hall)), guests.filter(({ hall }) => !keeps(hall))];
  const sumOf = (of) => kept.reduce((sum, guest) => sum + of(guest), 0);
  t.diagnostic(`${kept.length} with history: ${sumOf((guest) => caller.calls.get(guest.hall).length)} to be heard, ${sumOf((guest) => guest.heard.length)} heard; back ${sumOf((guest) => guest.recovered + guest.gaps)} times, ${sumOf((guest) => guest.gaps)} of them told of a gap`);
  for (const guest of kept) exactly(guest, caller.calls.get(guest.hall));
  const flightMs = longestFlight(others, caller.calls);
  const sum = { sent: 0, heard: 0, away: 0, atTheEdge: 0, unexplained: 0, stays: 0 };
  let longestAway = 0;
  for (const guest of others) {
    inOrder(guest);
    const lost = losses(guest, caller.calls.get(guest.hall), flightMs);
    sum.sent += caller.calls.get(guest.hall).length;
    sum.heard += guest.heard.length;
    sum.away += lost.away;
    sum.atTheEdge += lost.atTheEdge;
    sum.unexplained += lost.unexplained.length;
    for (const number of lost.unexplained) {
      const call = caller.calls.get(guest.hall)[number];
      const stays = guest.stays.map((stay) => [stay.asked, stay.from, stay.to].map((at) => (at - call.sent).toFixed(0)).join(' '));
      t.diagnostic(`lost ${number} (answered after ${(call.answered - call.sent).toFixed(0)} ms); stays relative to its sending: ${stays.join('; ')}`);
    }
    sum.stays += guest.stays.length;
    guest.stays.slice(1).forEach((stay, before) => (longestAway = Math.max(longestAway, stay.from - guest.stays[before].to)));
  }
  t.diagnostic(`${others.length} without history moved ${sum.stays - others.length} times, away for at most ${longestAway.toFixed(0)} ms; servers took ${took.map((ms) => ms.toFixed(0)).join(', ')} ms to end`);
  t.diagnostic(`${sum.sent} to be heard: ${sum.heard} heard, ${sum.away} sent while away, ${sum.atTheEdge} at the edges, ${sum.unexplained} lost otherwise; the longest on its way ${flightMs.toFixed(0)} ms`);
  assert.equal(sum.unexplained, 0);
});
