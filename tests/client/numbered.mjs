// Numbered events: sent from a server at a steady pace, and counted where they arrive.
import assert from 'node:assert/strict';
import { post } from './server.mjs';
import { item } from './town.mjs';

/** Sends `<name>-0`, `<name>-1`, ... until it is stopped; `sent[n]` is when `n` was. `where()` is the server of each. */
export function numbers(where, name, everyMs) {
  const sent = [];
  let going = true;
  const ended = (async () => {
    while (going) {
      const number = sent.push(performance.now()) - 1;
      const { status } = await post(where(), 'gradebook', 'lineitem.created', item(`${name}-${number}`));
      // A server that cannot tell the others says so; its own clients have it.
      assert.ok(status === 200 || status === 503, `${status}`);
      await new Promise((rest) => setTimeout(rest, everyMs));
    }
  })();
  return { name, sent, stop: () => ((going = false), ended) };
}

/** Of an item's id: who sent it, and its number. */
export function numbered({ lineItemId }) {
  const [name, number] = lineItemId.split('-');
  return [name, Number(number)];
}

/** Those numbers below `count` that were not heard. What was heard must have come in order, and once. */
export function missing(count, heard, what) {
  heard.forEach((number, at) => assert.ok(at === 0 || number > heard[at - 1], `${what}: ${number} came after ${heard[at - 1]}`));
  const came = new Set(heard);
  return Array.from({ length: count }, (_, number) => number).filter((number) => !came.has(number));
}
