// Somebody on a server, and a service that sends there all along: what they hear, and how late. Both are on a thread of
// their own, so that it is not the crowd in the test's own process that they wait for.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { missing, numbered, numbers } from './numbered.mjs';
import { Person } from './person.mjs';
import { until } from './serving.mjs';
import { joined, ws } from './town.mjs';

const SEND_EVERY_MS = 20;

/** Begins on the server at `url`. Yields how it ends: with how many were sent and lost, and the longest that one took. */
export async function bystander(url) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url } });
  const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
  await Promise.race([once(worker, 'message'), failed]);
  return async () => {
    worker.postMessage('stop');
    const [told] = await Promise.race([once(worker, 'message'), failed]);
    return told;
  };
}

async function stand({ url }) {
  const smith = await joined(await Person.connect({ url }, 'gradebook', 'smith', ws));
  // Nobody who stands by is to be cut off.
  const cutOff = once(smith.socket, 'disconnect').then(([why]) => Promise.reject(new Error(`whoever stood by was cut off: ${why}`)));
  const heard = [];
  smith.socket.on('lineitem.created', (item) => heard.push({ number: numbered(item)[1], at: performance.now() }));
  const sender = numbers(() => ({ url }), 'here', SEND_EVERY_MS);
  await Promise.race([until(() => heard.length > 10), cutOff]);
  parentPort.postMessage('begun');
  await Promise.race([once(parentPort, 'message'), cutOff]);
  await sender.stop();
  await Promise.race([until(() => heard.at(-1).number === sender.sent.length - 1), cutOff]);
  cutOff.catch(() => {});
  const lost = missing(sender.sent.length, heard.map(({ number }) => number), 'on the same server').length;
  const slowest = Math.max(...heard.map(({ number, at }) => at - sender.sent[number]));
  smith.leave();
  parentPort.postMessage({ sent: sender.sent.length, lost, slowest });
  parentPort.close();
}

if (!isMainThread && workerData?.url) await stand(workerData);
