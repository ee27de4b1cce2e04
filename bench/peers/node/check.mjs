// Asks a peer, with the official client, whether it does the work before anyone counts how fast: node check.mjs URL SECRET [floor]
import assert from 'node:assert/strict';
import jwt from 'jsonwebtoken';
import { io } from 'socket.io-client';

const [url, secret, kind] = process.argv.slice(2);
const checksNothing = kind === 'floor';
const ANSWER_MS = 5000;
const opened = [];

const token = (sub, role, key = secret) => jwt.sign({ sub, role }, key, { expiresIn: '1h' });

/** A client that is in the namespace; `heard` is what it was sent. */
async function enter(auth, transports = ['websocket']) {
  const socket = io(`${url}/bench`, { auth, transports, forceNew: true, reconnection: false });
  opened.push(socket);
  const heard = [];
  socket.onAny((event, payload) => heard.push({ event, payload }));
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return { socket, heard, ask: (event, payload) => socket.timeout(ANSWER_MS).emitWithAck(event, payload) };
}

/** Waits until `count` of such an event were heard. */
async function hears(client, event, count) {
  const until = Date.now() + ANSWER_MS;
  const found = () => client.heard.filter((one) => one.event === event).map((one) => one.payload);
  while (found().length < count && Date.now() < until) await new Promise((next) => setTimeout(next, 5));
  assert.equal(found().length, count, `${event} is heard ${count} times`);
  return found();
}

async function check() {
  const ann = await enter({ token: token('u-ann', 'TEACHER') });
  const ben = await enter({ token: token('u-ben', 'STUDENT') });
  const eve = await enter({ token: token('u-eve', 'STUDENT') });
  const joined = await ann.ask('join', { classId: 'class-1' });
  assert.deepEqual(joined, { success: true, data: { classId: 'class-1' } });
  await ben.ask('join', { classId: 'class-1' });
  await eve.ask('join', { classId: 'class-2' });

  const typing = { classId: 'class-1', studentId: 's-1', assignmentId: 'a-1', isTyping: true };
  for (let seq = 0; seq < 100; seq++) {
    assert.deepEqual(await ann.ask('typing', { ...typing, seq }), { success: true, data: { seq } });
  }
  const told = await hears(ben, 'typing', 100);
  assert.deepEqual(told.map((one) => one.seq), [...Array(100).keys()], 'in order');
  if (!checksNothing) {
    const { timestamp, ...rest } = told[7];
    assert.deepEqual(rest, { ...typing, userId: 'u-ann', seq: 7 });
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000, timestamp);
  }

  const text = 'x'.repeat(300);
  assert.deepEqual(await ben.ask('announce', { classId: 'class-1', seq: 5, text }), { success: true, data: { seq: 5 } });
  const [announced] = await hears(ann, 'announce', 1);
  assert.equal(announced.text, text);
  assert.equal(ann.heard.filter((one) => one.event === 'typing').length, 0, 'not its sender');
  assert.equal(eve.heard.filter((one) => one.event !== 'joined').length, 0, 'nobody outside of the room');
  if (checksNothing) return;

  const refusals = [
    [eve, 'typing', { ...typing, seq: 1 }, 'NOT_IN_ROOM'],
    [ann, 'typing', { ...typing, seq: 'one' }, 'INVALID_PAYLOAD'],
    [ann, 'typing', { ...typing, seq: 1, more: 1 }, 'INVALID_PAYLOAD'],
    [ann, 'join', { classId: 'room-1' }, 'INVALID_PAYLOAD'],
  ];
  for (const [who, event, payload, code] of refusals) {
    const answer = await who.ask(event, payload);
    assert.equal(answer.success, false, code);
    assert.equal(answer.code, code);
  }
  for (const [wrong, why] of [
    [token('u-x', 'TEACHER', 'another secret, as long as the one that is right'), 'UNAUTHENTICATED'],
    [token('u-x', 'VISITOR'), 'UNAUTHENTICATED|UNAUTHORIZED'],
  ]) {
    await assert.rejects(enter({ token: wrong }), new RegExp(why), 'the wrong token');
  }
  const polling = await enter({ token: token('u-pol', 'STUDENT') }, ['polling']);
  assert.equal((await polling.ask('join', { classId: 'class-3' })).success, true, 'by polling');
}

try {
  await check();
} finally {
  opened.forEach((socket) => socket.disconnect());
}
