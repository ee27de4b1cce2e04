// A day at Riverdale, on one server and on two, through all six namespaces: a teacher, two students, a parent, a counselor and an admin. Everything
// that is answered and heard is asserted, and everything that must not be heard.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gather } from './person.mjs';
import { post } from './server.mjs';
import { stages } from './stage.mjs';


const timestamp = '2025-01-15T09:00:00Z';
const math = { classId: 'math-101' };
const CAST = ['smith', 'alice', 'bob', 'parent', 'hill'];

for (const stage of stages('mapped')) describe(stage.name, () => {
  let server;
  before(async () => {
    await stage.open();
    server = await stage.play();
  });
  after(async () => {
    await server?.stop();
    await stage.close();
  });

  test('morning: attendance', async () => {
    const day = await gather(server, 'attendance', [...CAST, 'reed']);
    const date = '2025-01-15';
    await day.smith.does('attendance:join', { ...math, date }, { success: true, data: { classId: 'math-101', date, marks: [] } });
    await day.alice.does('attendance:join', { ...math, date }, { data: { marks: [] } });
    await day.bob.does('attendance:join', { ...math, date: '2025-01-14' }, { data: { marks: [{ studentId: 's-457', status: 'PRESENT' }] } });
    await day.parent.does('attendance:join', { ...math, date: '2025-01-14' }, { data: { marks: [{ studentId: 's-456', status: 'ABSENT' }] } });
    await day.reed.does('attendance:join', { ...math, date: '2025-01-14' }, { data: { marks: [{ studentId: 's-456' }, { studentId: 's-457' }] } });
    await day.silent();

    await day.smith.does('attendance:mark', { ...math, studentId: 's-457', status: 'LATE', date }, { data: { studentId: 's-457', status: 'LATE' } });
    for (const who of ['smith', 'bob', 'reed']) await day[who].hears('attendance.marked', { studentId: 's-457', status: 'LATE', markedBy: 't-1' });
    await day.silent();

    // Alice's third day in a row: the counselor and the admin are told, and nobody else.
    await day.smith.does('attendance:mark', { ...math, studentId: 's-456', status: 'ABSENT', date });
    for (const who of ['smith', 'alice', 'parent', 'reed']) await day[who].hears('attendance.marked', { studentId: 's-456', status: 'ABSENT' });
    for (const who of ['reed', 'hill']) {
      await day[who].hears('attendance.intervention-triggered', { studentId: 's-456', schoolId: 'rvd-001', consecutiveAbsences: 3 });
    }
    await day.silent();

    const records = [{ studentId: 's-456', status: 'EXCUSED' }, { studentId: 's-457', status: 'PRESENT' }];
    const summary = { PRESENT: 1, ABSENT: 0, LATE: 0, EXCUSED: 1 };
    await day.smith.does('attendance:bulk-mark', { ...math, records, date }, { data: { total: 2, summary } });
    await day.alice.hears('attendance.marked', { studentId: 's-456', status: 'EXCUSED' });
    await day.parent.hears('attendance.marked', { studentId: 's-456' });
    await day.bob.hears('attendance.marked', { studentId: 's-457', status: 'PRESENT' });
    for (const who of ['smith', 'reed']) await day[who].hears('attendance.marked', { studentId: 's-456' });
    for (const who of ['smith', 'reed']) await day[who].hears('attendance.marked', { studentId: 's-457' });
    for (const who of ['smith', 'alice', 'bob', 'parent', 'reed']) await day[who].hears('attendance.bulk-marked', { total: 2, summary });
    await day.silent();

    await day.alice.refused('attendance:mark', { ...math, studentId: 's-456', status: 'PRESENT' }, 'NOT_IN_ROOM');
    await day.smith.refused('attendance:mark', { ...math, studentId: 's-900', status: 'PRESENT' }, 'NOT_IN_CLASS');
    await day.bob.does('attendance:leave', math, { data: math });
    await day.silent();
    day.part();
  });

  test('first lesson: live class', async () => {
    const day = await gather(server, 'live-class', ['smith', 'alice', 'bob', 'hill']);
    const session = { ...math, sessionId: 'ses-1' };
    await day.smith.does('class:join', session, { data: { participants: [{ userId: 't-1' }], strokes: [], hands: [] } });
    await day.alice.does('class:join', session, { data: { participants: [{ userId: 't-1' }, { userId: 's-456' }] } });
    await day.smith.hears('user:joined', { userId: 's-456', role: 'STUDENT' });

    await day.smith.does('poll.started', { ...math, pollId: 'p-1', question: 'Ready?', options: ['yes', 'no'] }, { data: { pollId: 'p-1' } });
    for (const who of ['smith', 'alice']) await day[who].hears('poll.started', { pollId: 'p-1', options: ['yes', 'no'], startedBy: 't-1' });
    await day.alice.does('poll.submit', { ...math, pollId: 'p-1', option: 0 }, { data: { option: 0 } });
    await day.smith.hears('poll.submit', { userId: 's-456', option: 0, responses: 1 });
    await day.alice.refused('poll.submit', { ...math, pollId: 'p-1', option: 1 }, 'ALREADY_VOTED');
    await day.smith.refused('poll.submit', { ...math, pollId: 'p-1', option: 1 }, 'UNAUTHORIZED');

    await day.smith.does('whiteboard.draw', { sessionId: 'ses-1', stroke: { points: [[0, 0], [1, 1]], color: 'red' } });
    await day.alice.hears('whiteboard.draw', { userId: 't-1', stroke: { color: 'red' } });
    await day.alice.does('hand-raised', math, { data: { position: 1 } });
    await day.smith.hears('hand-raised', { userId: 's-456', userName: 'Alice', position: 1 });

    // Bob is late, and finds all of it in the answer.
    const late = await day.bob.does('class:join', session);
    assert.equal(late.data.poll.pollId, 'p-1');
    assert.deepEqual(late.data.strokes.map((stroke) => stroke.userId), ['t-1']);
    assert.deepEqual(late.data.hands.map((hand) => hand.userId), ['s-456']);
    assert.deepEqual(late.data.participants.map((one) => one.userId), ['t-1', 's-456', 's-457']);
    assert.equal(late.data.myVote, undefined);
    for (const who of ['smith', 'alice']) await day[who].hears('user:joined', { userId: 's-457' });

    await day.bob.refused('hand-lowered', { ...math, userId: 's-456' }, 'UNAUTHORIZED');
    await day.smith.does('hand-lowered', { ...math, userId: 's-456' });
    for (const who of ['alice', 'bob']) await day[who].hears('hand-lowered', { userId: 's-456', loweredBy: 't-1' });
    await day.smith.does('poll.results', { ...math, pollId: 'p-1' }, { data: { total: 1, results: [{ option: 'yes', votes: 1 }, { option: 'no', votes: 0 }] } });
    for (const who of ['smith', 'alice', 'bob']) await day[who].hears('poll.results', { total: 1 });
    await day.bob.refused('poll.submit', { ...math, pollId: 'p-1', option: 0 }, 'POLL_CLOSED');
    await day.silent();

    await day.bob.does('class:leave', math, { data: math });
    for (const who of ['smith', 'alice']) await day[who].hears('user:left', { userId: 's-457' });
    const ended = await post(server, 'live-class', 'class.ended', { ...math, timestamp });
    assert.equal(ended.status, 200);
    stage.reached(ended.body.reached.sockets, 2);
    for (const who of ['smith', 'alice']) await day[who].hears('class.ended', math);
    await day.smith.refused('poll.started', { ...math, pollId: 'p-2', question: '?', options: ['a', 'b'] }, 'NOT_IN_ROOM');
    await day.bob.hearsNothing();
    await day.hill.hearsNothing();
    day.part();
  });

  test('noon: the gradebook', async () => {
    const day = await gather(server, 'gradebook', CAST);
    await day.smith.does('gradebook:join', math, { data: { classId: 'math-101', onlineUsers: 1, typing: {} } });
    await day.alice.does('gradebook:join', math, { data: { onlineUsers: 2 } });
    await day.bob.does('gradebook:join', math, { data: { onlineUsers: 3 } });
    await day.smith.hears('user:joined', { userId: 's-456' });
    for (const who of ['smith', 'alice']) await day[who].hears('user:joined', { userId: 's-457' });
    await day.silent();

    await day.smith.does('gradebook:typing', { ...math, isTyping: true }, { data: { isTyping: true } });
    await day.smith.hears('gradebook:typing', { userId: 't-1', isTyping: false }); // five seconds later, by itself
    await day.silent();

    const grade = {
      gradeId: 'g-1', ...math, assignmentId: 'asg-1', studentId: 's-456', schoolId: 'rvd-001', score: 9, maxScore: 10,
      postedBy: 't-1', timestamp, comment: 'Good.', privateNote: 'Ask again.',
    };
    const posted = await post(server, 'gradebook', 'grade.posted', grade);
    assert.equal(posted.status, 200);
    for (const who of ['smith', 'hill']) await day[who].hears('grade.posted', { score: 9, privateNote: 'Ask again.' });
    for (const who of ['alice', 'parent']) {
      const seen = await day[who].hears('grade.posted', { score: 9, comment: 'Good.' });
      assert.equal(seen.privateNote, undefined, `${who} must not see the private note`);
    }
    for (const who of ['smith', 'alice', 'bob']) {
      const notice = await day[who].hears('gradebook.notice', { assignmentId: 'asg-1' });
      assert.deepEqual(Object.keys(notice).sort(), ['assignmentId', 'classId', 'kind', 'timestamp']);
    }
    await day.silent();

    await day.bob.does('gradebook:leave', math, { data: math });
    for (const who of ['smith', 'alice']) await day[who].hears('user:left', { userId: 's-457' });
    await day.bob.refused('gradebook:typing', { ...math, isTyping: true }, 'NOT_IN_ROOM');
    await day.silent();
    day.part();
  });

  test('afternoon: an assessment', async () => {
    const day = await gather(server, 'assessment', CAST);
    const exam = { assessmentId: 'exam-1' };
    await day.smith.does('assessment:join', exam, { data: { timeLimitSeconds: 3600, progress: {}, alerts: [] } });
    await day.alice.does('assessment:join', exam);
    await day.bob.does('assessment:join', exam);
    await day.alice.does('assessment.started', exam, { data: { timeLimitSeconds: 3600 } });
    for (const who of ['smith', 'parent']) await day[who].hears('assessment.started', { studentId: 's-456', studentName: 'Alice' });
    await day.alice.does('assessment.progress', { ...exam, questionsAnswered: 2, totalQuestions: 5, timeElapsed: 60 });
    for (const who of ['smith', 'parent']) await day[who].hears('assessment.progress', { studentId: 's-456', questionsAnswered: 2 });
    await day.bob.does('assessment.proctor-alert', { ...exam, kind: 'TAB_SWITCH' });
    await day.smith.hears('assessment.proctor-alert', { studentId: 's-457', kind: 'TAB_SWITCH' });
    await day.smith.does('assessment.timer-warning', { ...exam, remainingSeconds: 300, studentId: 's-456' });
    for (const who of ['smith', 'alice', 'parent']) await day[who].hears('assessment.timer-warning', { studentId: 's-456', remainingSeconds: 300 });
    await day.smith.does('assessment.timer-warning', { ...exam, remainingSeconds: 200, studentId: 's-456' }); // each is warned once
    await day.bob.refused('assessment.progress', { ...exam, questionsAnswered: 1, totalQuestions: 5, timeElapsed: 1 }, 'NOT_STARTED');
    await day.silent();

    await post(server, 'assessment', 'assessment.time-limit-changed', { ...exam, timeLimitSeconds: 4000, studentId: 's-456', timestamp });
    for (const who of ['smith', 'alice', 'parent']) await day[who].hears('assessment.time-limit-changed', { timeLimitSeconds: 4000 });
    await day.alice.does('assessment.submitted', exam);
    for (const who of ['smith', 'parent']) await day[who].hears('assessment.submitted', { studentId: 's-456' });
    await day.silent();
    day.part();
  });

  test('evening: messages', async () => {
    const day = await gather(server, 'messaging', ['smith', 'alice', 'bob', 'parent', 'reed', 'hill']);
    const talk = { conversationId: 'conv-1' };
    await day.smith.does('conversation:join', talk, { data: { participants: [{ userId: 't-1' }], typing: {} } });
    await day.parent.does('conversation:join', talk);
    await day.smith.hears('user:joined', { userId: 'p-1', role: 'PARENT' });
    for (const who of ['bob', 'reed', 'hill']) await day[who].refused('conversation:join', talk, 'UNAUTHORIZED');

    await day.parent.does('user:typing', talk);
    await day.smith.hears('user:typing', { userId: 'p-1', isTyping: true });
    const sent = await day.parent.does('message:send', { ...talk, clientMessageId: 'c-1', body: 'Hello.' }, { data: { duplicate: false } });
    await day.smith.hears('message.new', { messageId: sent.data.messageId, body: 'Hello.', senderId: 'p-1' });
    await day.parent.does('message:send', { ...talk, clientMessageId: 'c-1', body: 'Hello.' }, { data: { duplicate: true, messageId: sent.data.messageId } });
    await day.smith.does('message:read', { ...talk, messageId: sent.data.messageId });
    await day.parent.hears('message.read', { messageId: sent.data.messageId, userId: 't-1' });
    await day.smith.does('user:stop-typing', talk);
    await day.parent.hears('user:typing', { userId: 't-1', isTyping: false });
    await day.smith.does('presence:update', { status: 'AWAY' }, { data: { status: 'AWAY' } });
    await day.parent.hears('presence.status', { userId: 't-1', status: 'AWAY' });
    await day.silent();

    await post(server, 'messaging', 'broadcastMessageUpdate', { ...talk, messageId: sent.data.messageId, body: 'Hi.', timestamp });
    await post(server, 'messaging', 'broadcastMessageDelete', { ...talk, messageId: sent.data.messageId, timestamp });
    for (const who of ['smith', 'parent']) await day[who].hears('message.updated', { body: 'Hi.' });
    for (const who of ['smith', 'parent']) await day[who].hears('message.deleted', { messageId: sent.data.messageId });
    await day.silent();
    await day.parent.does('conversation:leave', talk);
    await day.smith.hears('user:left', { userId: 'p-1' });
    await day.silent();
    day.part();
  });

  test('all day: notifications', async () => {
    const day = await gather(server, 'notifications', [...CAST, 'reed', 'alice#2', 'eve', 'stone']);
    const notification = { notificationId: 'n-1', type: 'GRADE_POSTED', priority: 'normal', title: 'A grade', timestamp };
    const reach = async (event, body, names) => {
      const told = await post(server, 'notifications', event, { ...body, notification });
      assert.equal(told.status, 200, event);
      stage.reached(told.body.reached.sockets, names.length);
      for (const who of names) await day[who].hears('notification.received', { notificationId: 'n-1', type: 'GRADE_POSTED' });
      await day.silent();
    };
    const riverdale = ['smith', 'alice', 'alice#2', 'bob', 'parent', 'hill', 'reed'];
    await reach('sendToUser', { userId: 's-456' }, ['alice', 'alice#2']);
    await reach('broadcastToRole', { role: 'STUDENT', schoolId: 'rvd-001' }, ['alice', 'alice#2', 'bob']);
    await reach('broadcastToRole', { role: 'TEACHER', districtId: 'd-1' }, ['smith']);
    await reach('broadcastToSchool', { schoolId: 'rvd-001' }, riverdale);
    await reach('broadcastToDistrict', { districtId: 'd-2' }, ['eve', 'stone']);
    await reach('broadcastUrgent', {}, [...riverdale, 'eve', 'stone']);

    await day.alice.does('notification:read', { notificationId: 'n-1' }, { data: { notificationId: 'n-1' } });
    await day['alice#2'].hears('notification.read', { notificationId: 'n-1' });
    await day['alice#2'].does('notification:dismiss', { notificationId: 'n-1' });
    await day.alice.hears('notification.dismissed', { notificationId: 'n-1' });
    await day.bob.refused('notification:read', { notificationId: 'n-1' }, 'NOT_FOUND');
    await day.silent();
    day.part();
  });
});
