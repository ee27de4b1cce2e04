// What operators see: metrics under the names that dashboards already have, and ids that follow an event through the logs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { counted, page, series, sum } from './metrics.mjs';
import { Person, gather, soon } from './person.mjs';
import { KEY, SECRET, post, start } from './server.mjs';
import { serving, until } from './serving.mjs';
import { joined, math, town } from './town.mjs';

const grade = { gradeId: 'g-1', ...math, assignmentId: 'as-1', studentId: 's-456', schoolId: 'rvd-001', score: 90, maxScore: 100, postedBy: 't-1', timestamp: '2025-01-15T09:00:00Z' };

describe('one server', () => {
  let server;
  before(async () => (server = await start()));
  after(() => server?.stop());

  test('connections and events are counted under the names that dashboards have', async () => {
    const class_ = await gather(server, 'gradebook', ['smith', 'alice', 'parent']);
    await class_.smith.does('gradebook:join', math);
    assert.equal((await post(server, 'gradebook', 'grade.posted', grade)).status, 200);
    for (const who of ['smith', 'alice', 'parent']) await class_[who].hears('grade.posted');
    const text = await page(server);
    assert.match(text, /^# TYPE websocket_connections gauge$/m);
    assert.match(text, /^websocket_connections\{namespace="\/gradebook"\} 3$/m);
    assert.match(text, /^# TYPE websocket_events counter$/m);
    assert.match(text, /^websocket_events_total\{event="grade\.posted"\} 1$/m);
    assert.match(text, /# EOF\n$/);
    class_.part();
    await soon(until(async () => (await counted(server, 'websocket_connections', { namespace: '/gradebook' })) === 0), 'all to have left');
  });

  test('what becomes of events is counted, each under its name, and made up names under one', async () => {
    const smith = await Person.connect(server, 'gradebook', 'smith');
    const before = series(await page(server));
    await smith.does('gradebook:join', math);
    await smith.does('gradebook:typing', { ...math, isTyping: true });
    await smith.refused('gradebook:typing', { ...math, isTyping: 'x' }, 'INVALID_PAYLOAD');
    await smith.refused('gradebook:join', { classId: 'sci-201' }, 'UNAUTHORIZED');
    for (const name of ['made up', 'made up too', '1.0} 7']) await smith.refused(name, {}, 'UNKNOWN_EVENT');
    assert.equal((await post(server, 'gradebook', 'grade.posted', { ...grade, score: 'x' })).status, 422);
    const text = await page(server);
    const after = series(text);
    const more = (name, labels) => sum(after, name, labels) - (sum(before, name, labels) ?? 0);
    const of = (event, outcome) => more('homeroom_events_total', { namespace: '/gradebook', event, outcome });
    assert.equal(of('gradebook:join', 'ok'), 1);
    assert.equal(of('gradebook:join', 'UNAUTHORIZED'), 1);
    assert.equal(of('gradebook:typing', 'ok'), 1);
    assert.equal(of('gradebook:typing', 'INVALID_PAYLOAD'), 1);
    assert.equal(of('(unknown)', 'UNKNOWN_EVENT'), 3);
    assert.equal(more('homeroom_backend_events_total', { event: 'grade.posted', outcome: 'INVALID_PAYLOAD' }), 1);
    assert.ok(!/made up|1\.0\} 7/.test(text), 'what clients make up is no label');
    assert.equal(more('websocket_events_total', { event: 'gradebook:typing' }), 3, 'two came, and one was sent');
    smith.leave();
  });

  test('stages, fan-out, state and queries are timed and counted', async () => {
    const class_ = await gather(server, 'gradebook', ['smith', 'jones']);
    for (const who of ['smith', 'jones']) await class_[who].does('gradebook:join', math);
    await class_.smith.does('gradebook:typing', { ...math, isTyping: true });
    const typing = { namespace: '/gradebook', event: 'gradebook:typing' };
    // What was answered is counted; how long it took is known only after that.
    const all = await soon(until(async () => {
      const now = series(await page(server));
      return sum(now, 'homeroom_event_seconds_count', typing) > 0 && now;
    }), 'the event to be over');
    for (const stage of ['bound', 'rate_limit', 'validate', 'authorize', 'act', 'commit', 'deliver']) {
      const labels = { namespace: '/gradebook', stage };
      assert.ok(sum(all, 'homeroom_stage_seconds_count', labels) > 0, stage);
      assert.ok(sum(all, 'homeroom_event_stages_total', { ...labels, event: 'gradebook:join' }) > 0, stage);
    }
    assert.equal(sum(all, 'homeroom_event_seconds_bucket', { ...typing, le: '+Inf' }), sum(all, 'homeroom_event_seconds_count', typing));
    assert.equal(sum(all, 'homeroom_deliveries_total', typing), 1, 'jones, and not the sender');
    assert.ok(sum(all, 'homeroom_fan_out_bucket', { namespace: '/gradebook', le: '1.0' }) > 0);
    assert.equal(sum(all, 'homeroom_dropped_total'), 0);
    assert.ok(sum(all, 'homeroom_state_calls_total', { operation: 'put' }) > 0);
    assert.ok(sum(all, 'homeroom_state_seconds_count', { operation: 'put' }) > 0);
    assert.equal(sum(all, 'homeroom_sql_failures_total', { query: 'teaches_class' }), 0);
    assert.ok(sum(all, 'homeroom_sql_seconds_count', { query: 'teaches_class' }) > 0);
    assert.equal(sum(all, 'homeroom_events_waiting', { namespace: '/gradebook' }), 0);
    assert.ok(sum(all, 'homeroom_connects_total', { namespace: '/gradebook', outcome: 'ok' }) >= 2);
    assert.ok(sum(all, 'process_resident_memory_bytes') > 1e6 && sum(all, 'process_open_fds') > 5 && sum(all, 'process_cpu_seconds_total') > 0);
    class_.part();
  });

  test('every series is one of a kind, and labels hold nothing that somebody sent', async () => {
    const alice = await Person.connect(server, 'gradebook', 'alice', { auth: { contract: 's-456' } });
    await alice.refused('Alice', { classId: 'math-101' }, 'UNKNOWN_EVENT');
    const text = await page(server);
    alice.leave();
    const names = text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')));
    assert.equal(new Set(names).size, names.length);
    for (const secret of [SECRET, KEY, 's-456', 'math-101', 'Alice']) assert.ok(!text.includes(secret), secret);
  });
});

test('counting goes on when other definitions are served', async () => {
  const server = await serving();
  try {
    const smith = await Person.connect(server, 'gradebook', 'smith');
    await smith.does('gradebook:join', math);
    const joins = { namespace: '/gradebook', event: 'gradebook:join', outcome: 'ok' };
    await server.changed(() => server.edit('gradebook/namespace.yaml', 'rate_limit: 10 per 10s', 'rate_limit: 11 per 10s'));
    await smith.does('gradebook:join', math);
    assert.equal(await counted(server, 'homeroom_events_total', joins), 2);
    assert.equal(await counted(server, 'homeroom_reloads_total', { verdict: 'served' }), 1);
    const { digest } = await server.health();
    assert.equal(await counted(server, 'homeroom_definitions', { digest }), 1);
    smith.leave();
  } finally {
    await server.stop();
  }
});

test('one id follows an event through the logs of all servers', async () => {
  const two = await town(2, { HOMEROOM_LOG: 'info,homeroom_runtime=debug', HOMEROOM_LOG_FORMAT: 'json' });
  try {
    const [smith, jones] = [await joined(await two.enter(0, 'gradebook', 'smith')), await joined(await two.enter(1, 'gradebook', 'jones'))];
    await smith.does('gradebook:typing', { ...math, isTyping: true });
    await jones.hears('gradebook:typing');
    const lines = (server, message) =>
      server.output().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).filter((line) => line.fields.message === message);
    const heard = await soon(until(() => lines(two.servers[1], 'heard of another server').find((line) => line.fields.event === 'gradebook:typing')), 'the second server to log it');
    assert.match(heard.fields.trace, /^[0-9a-f]{16}$/);
    const told = lines(two.servers[0], 'told the other servers').map((line) => line.fields.trace);
    assert.ok(told.includes(heard.fields.trace), `${heard.fields.trace} among ${told}`);
    const ask = async (server) => {
      const answer = await fetch(`${server.url}/v1/admin/decisions?event=gradebook:typing`, { headers: { authorization: `Bearer ${KEY}` } });
      return (await answer.json()).decisions.map(({ kind, trace }) => `${kind} ${trace}`);
    };
    assert.deepEqual((await ask(two.servers[0])).sort(), [`event ${heard.fields.trace}`, `sent ${heard.fields.trace}`]);
    assert.deepEqual(await ask(two.servers[1]), [`sent ${heard.fields.trace}`]);
    const all = series(await page(two.servers[0]));
    assert.ok(sum(all, 'homeroom_redis_calls_total') > 0 && sum(all, 'homeroom_redis_seconds_count') > 0);
    assert.equal(sum(all, 'homeroom_bus_connected'), 1);
    for (const person of [smith, jones]) person.leave();
  } finally {
    await two.stop();
  }
});
