// The wire: every kind of payload, order, floods, those who stop reading and those who vanish.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { Person, soon } from './person.mjs';
import { ROOT, start } from './server.mjs';

let server;
before(async () => (server = await start({ args: ['--namespaces', path.join(ROOT, 'tests/namespaces')] })));
after(() => server?.stop());

const enter = (options) => Person.connect(server, 'echo', null, options);
const answer = (person, ...sent) => soon(new Promise((done) => person.socket.emit('echo', ...sent, (...args) => done(args))), 'an echo');

for (const transports of [['websocket'], ['polling']]) {
  test(`whatever is sent comes back as it was, over ${transports[0]}`, async () => {
    const [one, two] = [await enter({ transports }), await enter({ transports })];
    const kinds = [
      [], ['text'], [7], [-1.5], [true], [null], [[1, [2, [3]]]], [{ a: { b: [] }, c: {} }], ['two', 'arguments'], ['ünï ☃ \u2028 "\\'],
      [Buffer.from('bytes')], [{ file: Buffer.from([0, 255]), name: 'x' }, 'tail', Buffer.from('z')], [[Buffer.alloc(0)]], [1e21], [Number.MAX_SAFE_INTEGER],
    ];
    for (const args of kinds) {
      assert.deepEqual(await answer(one, ...args), args);
      one.socket.emit('tell', ...args);
      while (!two.received.length) await soon(new Promise((again) => two.waiting.push(again)), `what was told: ${JSON.stringify(args)}`);
      assert.deepEqual(two.received.shift(), { event: 'told', args });
    }
    [one, two].forEach((person) => person.leave());
  });
}

test('acks that nobody asked for harm nobody', async () => {
  const person = await enter({ transports: ['websocket'] });
  const engine = person.socket.io.engine;
  engine.write('3/echo,7["never asked"]');
  engine.write('3/echo,7["again"]');
  assert.deepEqual(await answer(person, 'still here'), ['still here']);
  person.leave();
});

test('values of a connection are its own', async () => {
  const [one, two] = [await enter(), await enter()];
  await soon(one.socket.emitWithAck('remember', 'mine'), 'an ack');
  assert.equal(await soon(one.socket.emitWithAck('recall'), 'an ack'), 'mine');
  assert.equal(await soon(two.socket.emitWithAck('recall'), 'an ack'), 'nothing');
  [one, two].forEach((person) => person.leave());
});

test('20,000 events of one client are acked in order', async () => {
  const person = await enter({ transports: ['websocket'] });
  const came = [];
  await soon(new Promise((done) => {
    for (let number = 0; number < 20_000; number++) {
      person.socket.emit('echo', number, (back) => {
        came.push(back);
        if (came.length === 20_000) done();
      });
    }
  }), '20,000 acks');
  assert.ok(came.every((back, number) => back === number), 'out of order');
  person.leave();
});

test('1,000 clients at once lose no first event', async () => {
  const sockets = [];
  const first = (number) => {
    const socket = io(`${server.url}/echo`, { forceNew: true, reconnection: false, transports: ['websocket'] });
    sockets.push(socket);
    return socket.timeout(60_000).emitWithAck('echo', number);
  };
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, number) => first(number)));
  assert.deepEqual(answers, Array.from({ length: 1000 }, (_, number) => number));
  sockets.forEach((socket) => socket.close());
});

/** A client by hand, that can stop reading. */
async function byHand() {
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  const closed = new Promise((done) => socket.once('close', done));
  socket.on('error', () => {});
  const lines = ['GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''];
  socket.write(lines.join('\r\n'));
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  const heard = async (wanted) => {
    for (let tries = 0; !text.includes(wanted); tries++) {
      assert.ok(tries < 500, `waited in vain for ${wanted}`);
      await new Promise((again) => setTimeout(again, 10));
    }
  };
  const send = (packet) => {
    const body = Buffer.from(packet);
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]));
  };
  await heard('0{"sid"');
  send('40/echo,{"name":"silent"}');
  await heard('40/echo,{"sid"');
  return { socket, closed };
}

test('who stops reading is gone within seconds, and the others never notice', async () => {
  const silent = await byHand();
  const [teller, listener] = [await enter({ transports: ['websocket'] }), await enter({ transports: ['websocket'] })];
  const before = await soon(teller.socket.emitWithAck('who'), 'an ack');
  silent.socket.pause();
  const big = 'x'.repeat(60_000);
  let heard = 0;
  const all = new Promise((done) => listener.socket.on('told', () => ++heard === 300 && done()));
  for (let number = 0; number < 300; number++) teller.socket.emit('tell', big);
  await soon(all, 'everything that was told');
  const started = Date.now();
  while ((await soon(teller.socket.emitWithAck('who'), 'an ack')) === before) {
    assert.ok(Date.now() - started < 20_000, 'it is still there');
    await new Promise((again) => setTimeout(again, 50));
  }
  await listener.hears('left', { name: 'silent' });
  silent.socket.destroy();
  [teller, listener].forEach((person) => person.leave());
});

test('who vanishes leaves once', async () => {
  const other = await enter({ transports: ['websocket'] });
  // Those of other tests are on their way out.
  while ((await soon(other.socket.emitWithAck('who'), 'an ack')) > 1) await new Promise((again) => setTimeout(again, 20));
  other.received.length = 0;
  const vanishing = await byHand();
  vanishing.socket.destroy();
  await other.hears('left', { name: 'silent' });
  assert.equal(await soon(other.socket.emitWithAck('who'), 'an ack'), 1);
  assert.equal(other.received.length, 0);
  other.leave();
});

test('what is too large ends its sender alone', async () => {
  const [one, two] = [await enter({ transports: ['websocket'] }), await enter({ transports: ['websocket'] })];
  assert.equal((await soon(one.socket.emitWithAck('echo', 'x'.repeat(400_000)), 'an ack')).code, 'PAYLOAD_TOO_LARGE');
  const ended = new Promise((done) => one.socket.once('disconnect', done));
  one.socket.emit('echo', 'x'.repeat(3_000_000));
  await soon(ended, 'the end');
  assert.deepEqual(await answer(two, 'here'), ['here']);
  two.leave();
});
