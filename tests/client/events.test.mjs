// Every client event of every namespace, over the wire: sent rightly, and refused in each way that its definition can refuse it.
//
// What must be seen is read from the definitions, so an event or an `else:` that nobody tries here is told at the end. What follows
// from every definition alike (payloads, limits, rooms that one is not in) is tried for all; the rest stands in the table.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { Person, soon } from './person.mjs';
import { ROOT, start } from './server.mjs';

const math = { classId: 'math-101' };
const session = { ...math, sessionId: 'ses-1' };
const talk = { conversationId: 'conv-1' };
const exam = { assessmentId: 'exam-1' };
const quiz = { assessmentId: 'quiz-1' };
const poll = (pollId) => ({ ...math, pollId, question: 'Ready?', options: ['yes', 'no'] });
const vote = (pollId, option = 0) => ({ ...math, pollId, option });
const stroke = { points: [[0, 0], [1, 1]] };
const report = { questionsAnswered: 1, totalQuestions: 2, timeElapsed: 5 };

const book = ['gradebook:join', math];
const day = ['attendance:join', math];
const open = ['conversation:join', talk];
const lesson = ['class:join', session];
const test1 = ['assessment:join', exam];
const test2 = ['assessment:join', quiz];

// By event: who sends what after which other events, and how else it is refused: `[code, who, data, ...before]`.
const TABLE = {
  gradebook: {
    'gradebook:join': { by: 'smith', data: math, refused: [['UNAUTHORIZED', 'stone', math], ['UNAUTHORIZED', 'smith', { classId: 'oak-math' }]] },
    'gradebook:leave': { by: 'smith', data: math, before: [book] },
    'gradebook:typing': { by: 'smith', data: { ...math, isTyping: true }, before: [book], refused: [['NOT_IN_ROOM', 'alice', { ...math, isTyping: true }, book]] },
  },
  notifications: {
    'notification:read': { by: 'alice', data: { notificationId: 'n-1' }, refused: [['NOT_FOUND', 'bob', { notificationId: 'n-1' }]] },
    'notification:dismiss': { by: 'alice', data: { notificationId: 'n-1' }, refused: [['NOT_FOUND', 'bob', { notificationId: 'n-1' }]] },
  },
  attendance: {
    'attendance:join': { by: 'smith', data: math, refused: [['UNAUTHORIZED', 'stone', math], ['UNAUTHORIZED', 'eve', math]] },
    'attendance:leave': { by: 'smith', data: math, before: [day] },
    'attendance:mark': {
      by: 'smith', data: { ...math, studentId: 's-456', status: 'LATE' }, before: [day],
      refused: [['NOT_IN_CLASS', 'smith', { ...math, studentId: 's-900', status: 'LATE' }, day], ['NOT_IN_ROOM', 'reed', { ...math, studentId: 's-456', status: 'LATE' }, day]],
    },
    'attendance:bulk-mark': {
      by: 'smith', data: { ...math, records: [{ studentId: 's-456', status: 'LATE' }] }, before: [day],
      refused: [['NOT_IN_CLASS', 'smith', { ...math, records: [{ studentId: 's-456', status: 'LATE' }, { studentId: 's-900', status: 'LATE' }] }, day]],
    },
  },
  messaging: {
    'conversation:join': { by: 'smith', data: talk, refused: [['UNAUTHORIZED', 'bob', talk], ['UNAUTHORIZED', 'stone', talk]] },
    'conversation:leave': { by: 'smith', data: talk, before: [open] },
    'message:send': { by: 'smith', data: { ...talk, clientMessageId: 'c-1', body: 'Hello.' }, before: [open] },
    'message:read': { by: 'smith', data: { ...talk, messageId: 'msg-1' }, before: [open] },
    'user:typing': { by: 'smith', data: talk, before: [open] },
    'user:stop-typing': { by: 'smith', data: talk, before: [open] },
    'presence:update': { by: 'smith', data: { status: 'AWAY' } },
  },
  'live-class': {
    'class:join': { by: 'smith', data: session, refused: [['UNAUTHORIZED', 'stone', session], ['UNAUTHORIZED', 'smith', { ...math, sessionId: 'ses-9' }]] },
    'class:leave': { by: 'smith', data: session, before: [lesson] },
    'poll.started': { by: 'smith', data: poll('p-1'), before: [lesson], refused: [['POLL_EXISTS', 'smith', poll('p-1'), lesson], ['NOT_IN_ROOM', 'alice', poll('p-2'), lesson]] },
    'poll.submit': {
      by: 'alice', data: vote('p-1'), before: [lesson],
      refused: [
        ['ALREADY_VOTED', 'alice', vote('p-1'), lesson], ['INVALID_OPTION', 'bob', vote('p-1', 2), lesson], ['UNAUTHORIZED', 'smith', vote('p-1'), lesson],
        ['POLL_NOT_FOUND', 'bob', vote('p-none'), lesson],
      ],
    },
    'poll.results': {
      by: 'smith', data: { ...math, pollId: 'p-1' }, before: [lesson],
      refused: [['POLL_NOT_FOUND', 'smith', { ...math, pollId: 'p-none' }, lesson], ['NOT_IN_ROOM', 'alice', { ...math, pollId: 'p-1' }, lesson]],
      also: [['poll.submit', 'POLL_CLOSED', 'bob', vote('p-1'), lesson]], // nothing is open any more
    },
    'whiteboard.draw': { by: 'alice', data: { sessionId: 'ses-1', stroke }, before: [lesson] },
    'hand-raised': { by: 'alice', data: math, before: [lesson], refused: [['ALREADY_RAISED', 'bob', math, lesson, ['hand-raised', math]]] },
    'hand-lowered': { by: 'alice', data: math, before: [lesson], refused: [['UNAUTHORIZED', 'bob', { ...math, userId: 's-456' }, lesson]] },
  },
  assessment: {
    'assessment:join': { by: 'smith', data: exam, refused: [['UNAUTHORIZED', 'stone', exam], ['UNAUTHORIZED', 'smith', { assessmentId: 'exam-9' }]] },
    'assessment.started': {
      by: 'alice', data: exam, before: [test1],
      refused: [
        ['UNAUTHORIZED', 'smith', exam, test1],
        ['ALREADY_SUBMITTED', 'bob', quiz, test2, ['assessment.started', quiz], ['assessment.submitted', quiz]],
      ],
    },
    'assessment.progress': {
      by: 'alice', data: { ...exam, ...report }, before: [test1, ['assessment.started', exam]],
      refused: [
        ['UNAUTHORIZED', 'smith', { ...exam, ...report }, test1],
        ['NOT_STARTED', 'bob', { ...exam, ...report }, test1],
        ['TOO_MANY_ANSWERS', 'alice', { ...exam, ...report, questionsAnswered: 3 }, test1],
        ['ALREADY_SUBMITTED', 'bob', { ...quiz, ...report }, test2],
      ],
    },
    'assessment.submitted': {
      by: 'alice', data: exam, before: [test1, ['assessment.started', exam]], last: true,
      refused: [['UNAUTHORIZED', 'smith', exam, test1], ['NOT_STARTED', 'bob', exam, test1]],
    },
    'assessment.timer-warning': {
      by: 'smith', data: { ...exam, remainingSeconds: 60, studentId: 's-456' }, before: [test1],
      refused: [
        ['UNAUTHORIZED', 'alice', { ...exam, remainingSeconds: 60, studentId: 's-457' }, test1],
        ['UNAUTHORIZED', 'smith', { ...exam, remainingSeconds: 60, studentId: 's-900' }, test1],
      ],
    },
    'assessment.proctor-alert': {
      by: 'alice', data: { ...exam, kind: 'TAB_SWITCH' }, before: [test1], refused: [['UNAUTHORIZED', 'smith', { ...exam, kind: 'TAB_SWITCH' }, test1]],
    },
  },
};

// Written in the definitions for the day when the tables of a district contradict each other, as the demo district's never do.
const CANNOT_HAPPEN = [
  'attendance attendance:join NOT_FOUND', 'attendance attendance:mark NOT_FOUND', 'attendance attendance:bulk-mark NOT_FOUND',
  'assessment assessment:join NOT_FOUND', 'assessment assessment.started NOT_FOUND', 'live-class poll.started POLL_NOT_FOUND',
];

const definition = (namespace) => parse(readFileSync(path.join(ROOT, 'namespaces', namespace, 'namespace.yaml'), 'utf8'));
const isCode = (text) => typeof text === 'string' && /^[A-Z_]+$/.test(text);

/** The codes that steps may refuse with, those they call included. */
function refusals(steps = [], named = {}) {
  return steps.flatMap((step) => [
    ...[step.else, step.refuse].filter(isCode),
    ...refusals(step.do, named),
    ...(step.call ? refusals(named[step.call]?.do, named) : []),
  ]);
}

/** Every code that an event of a definition can be refused with. */
function codes(event, named) {
  const rules = Array.isArray(event.allow) ? event.allow : [];
  const enters = event.do?.[0]?.join && !event.do[0].else;
  return new Set([
    'INVALID_PAYLOAD',
    ...(event.rate_limit ? ['RATE_LIMITED'] : []),
    ...(event.in || rules.some((rule) => rule.in) ? ['NOT_IN_ROOM'] : []),
    ...(event.roles || rules.length || enters ? ['UNAUTHORIZED'] : []),
    ...refusals(event.do, named),
  ]);
}

/** Payloads that no schema of an object with these fields allows. */
const wrong = (data) => [
  undefined, 'text', 7, [data], null, { ...data, surplus: true },
  ...Object.keys(data).map((name) => ({ ...data, [name]: { not: 'this' } })),
];

const missing = (data, required) => required.map((name) => Object.fromEntries(Object.entries(data).filter(([other]) => other !== name)));

for (const [namespace, table] of Object.entries(TABLE)) {
  const { client_events: events, steps: named } = definition(namespace);
  describe(namespace, () => {
    const seen = new Map(Object.keys(events).map((event) => [event, new Set()]));
    let server;
    before(async () => (server = await start({ env: { SOCKET_IO_MAX_CONNECTIONS_PER_USER: '1000' } })));
    after(() => server?.stop());

    const enter = async (who, before = []) => {
      const person = await Person.connect(server, namespace, who, { transports: ['websocket'] });
      for (const [event, data] of before) await person.does(event, data);
      return person;
    };
    const refuses = async (event, code, who, data, ...before) => {
      const person = await enter(who, before);
      const ack = await person.refused(event, data, code);
      assert.equal(typeof ack.error, 'string', `${code} has no words for people`);
      seen.get(event).add(code);
      person.leave();
      return ack;
    };

    for (const [event, row] of Object.entries(table)) {
      const required = Object.keys(events[event].payload.fields ?? row.data);

      test(`${event}: what is not as its schema says`, async () => {
        for (const data of [...wrong(row.data), ...missing(row.data, required)]) {
          const ack = await refuses(event, 'INVALID_PAYLOAD', row.by, data);
          assert.ok(ack.errors.length > 0 && ack.errors.every((error) => typeof error.path === 'string'), JSON.stringify(ack));
        }
        const person = await enter(row.by);
        person.socket.emit(event, 'text');
        await person.hears('error', { event, code: 'INVALID_PAYLOAD' });
        await person.hearsNothing();
        person.leave();
      });

      if (codes(events[event], named).has('NOT_IN_ROOM')) {
        test(`${event}: before one has joined`, () => refuses(event, 'NOT_IN_ROOM', row.by, row.data));
      }

      test(`${event}: as it should be, and refused`, async () => {
        const person = await enter(row.by, row.before);
        await person.does(event, row.data);
        person.leave();
        for (const refused of row.refused ?? []) await refuses(event, ...refused);
        for (const [other, ...refused] of row.also ?? []) await refuses(other, ...refused);
      });

      if (events[event].rate_limit) {
        test(`${event}: too often`, async () => {
          const allowed = Number(events[event].rate_limit.split(' ')[0]);
          const person = await enter(row.by);
          const acks = await soon(Promise.all(Array.from({ length: 2 * allowed + 1 }, () => person.socket.emitWithAck(event, 'text'))), 'all acks');
          const limited = acks.filter((ack) => ack.code === 'RATE_LIMITED');
          assert.ok(acks.slice(0, allowed).every((ack) => ack.code === 'INVALID_PAYLOAD'), 'limited too early');
          assert.ok(limited.length > 0, 'not limited');
          assert.ok(limited.every((ack) => ack.retryAfterMs > 0), 'nobody is told when to come back');
          seen.get(event).add('RATE_LIMITED');
          person.leave();
        });
      }
    }

    test('an event that is not there', async () => {
      const person = await enter(Object.values(table)[0].by);
      await person.refused('no:such-event', {}, 'UNKNOWN_EVENT');
      person.leave();
    });

    test('nothing of the definition was left out', () => {
      const wanted = Object.entries(events).flatMap(([event, one]) => [...codes(one, named)].map((code) => [event, code]));
      const untried = wanted.filter(([event, code]) => !seen.get(event).has(code)).map(([event, code]) => `${namespace} ${event} ${code}`);
      assert.deepEqual(Object.keys(table).sort(), Object.keys(events).sort());
      assert.deepEqual(untried.filter((one) => !CANNOT_HAPPEN.includes(one)), []);
      assert.deepEqual(CANNOT_HAPPEN.filter((one) => one.startsWith(`${namespace} `) && !untried.includes(one)), [], 'it can happen');
    });
  });
}
