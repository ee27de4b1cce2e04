// Two thousand clients in a hundred halls over two servers, numbers called all along, and connections cut at random for a
// minute; each client comes back by itself, on either server.
//
// In half of the halls what is called is kept: whoever is there hears every number, once and in order. In the others, what
// each has lost equals what was sent while it was away. A number counts as sent while away if it was sent after the
// cut and answered before the client asked to be let in again. Two kinds stand at the edges, where either may be: what was
// on its way at the cut (answered no longer before it than the longest that any number took), and what was sent between the
// client's question to be let in and its ack. Anything else that is lost is a fault.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller, Guest, NAMESPACES, admit, eventually, exactly, inOrder, keeps, last, longestFlight, losses, someHalls } from './halls.mjs';
import { chance, seed } from './stage.mjs';
import { town } from './town.mjs';

const CLIENTS = 2000;
const HALLS = 100;
const FOR_MS = 60_000;
const CUTS_PER_S = 50;
const CALL_EVERY_MS = 20;

let all;
before(async () => (all = await town(2, {}, { args: ['--namespaces', NAMESPACES] })));
after(() => all?.stop());

/** Cuts clients at random, of those who are in their halls. Yields how many cuts there were. */
async function jitter(guests, random) {
  let cuts = 0;
  const began = performance.now();
  for (let passed = 0; passed < FOR_MS; passed = performance.now() - began) {
    for (; cuts < (passed / 1000) * CUTS_PER_S; cuts++) {
      const inside = guests.filter((guest) => guest.isIn);
      inside[Math.floor(random() * inside.length)]?.cut();
    }
    await new Promise((rest) => setTimeout(rest, 20));
  }
  return cuts;
}

test(`with history nothing is lost, without what was sent while away (SEED=${seed})`, { timeout: 240_000 }, async (t) => {
  const random = chance(seed);
  const anywhere = () => all.servers[Math.floor(random() * 2)].url;
  const halls = someHalls(HALLS);
  const guests = await admit(CLIENTS, (number) => new Guest(halls[number % HALLS], anywhere));
  t.after(() => guests.forEach((guest) => guest.leave()));
  // Each hall has one server that calls there, so that numbers have an order.
  const callers = [0, 1].map((at) => new Caller(halls.filter((_, number) => number % 2 === at), () => all.servers[at], CALL_EVERY_MS));
  const cuts = await jitter(guests, random);
  await Promise.all(callers.map((caller) => caller.stop()));
  await eventually(() => guests.every((guest) => guest.isIn), 'everyone to be back');
  for (const caller of callers) await last(caller, guests);

  const calls = new Map(callers.flatMap((caller) => [...caller.calls]));
  const [kept, others] = [guests.filter(({ hall }) => keeps(hall)), guests.filter(({ hall }) => !keeps(hall))];
  const sumOf = (of) => kept.reduce((sum, guest) => sum + of(guest), 0);
  t.diagnostic(`${kept.length} with history: ${sumOf((guest) => calls.get(guest.hall).length)} to be heard, ${sumOf((guest) => guest.heard.length)} heard; back ${sumOf((guest) => guest.recovered + guest.gaps)} times, ${sumOf((guest) => guest.gaps)} of them told of a gap`);
  for (const guest of kept) exactly(guest, calls.get(guest.hall));
  const flightMs = longestFlight(others, calls);
  const sum = { sent: 0, heard: 0, away: 0, atTheEdge: 0, unexplained: 0 };
  for (const guest of others) {
    inOrder(guest);
    const lost = losses(guest, calls.get(guest.hall), flightMs);
    sum.sent += calls.get(guest.hall).length;
    sum.heard += guest.heard.length;
    sum.away += lost.away;
    sum.atTheEdge += lost.atTheEdge;
    sum.unexplained += lost.unexplained.length;
  }
  t.diagnostic(`${CLIENTS} clients, ${cuts} cuts; ${others.length} without history: ${sum.sent} to be heard, ${sum.heard} heard, ${sum.away} sent while away, ${sum.atTheEdge} at the edges, ${sum.unexplained} lost otherwise; the longest on its way ${flightMs.toFixed(0)} ms`);
  assert.equal(sum.unexplained, 0);
  assert.equal(sum.heard + sum.away + sum.atTheEdge, sum.sent);
});
