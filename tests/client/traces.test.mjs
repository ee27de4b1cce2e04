// Traces, told to a real collector: one event on two servers is one trace, with the id that is in the log.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { collector } from './collector.mjs';
import { soon } from './person.mjs';
import { KEY, post } from './server.mjs';
import { until } from './serving.mjs';
import { item, joined, math, town } from './town.mjs';

describe('two servers and a collector', () => {
  let sink, two;
  before(async () => {
    sink = await collector();
    two = await town(2, { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: 'realtime' });
  });
  after(async () => {
    await two?.stop();
    await sink?.stop();
  });
  const named = (name, more = () => true) => soon(until(() => sink.spans().find((span) => span.Name === name && more(span))), `a span ${name}`);

  test('an event is a span with its stages, and what another server makes of it is below it', async () => {
    const [smith, jones] = [await joined(await two.enter(0, 'gradebook', 'smith')), await joined(await two.enter(1, 'gradebook', 'jones'))];
    await smith.does('gradebook:typing', { ...math, isTyping: true });
    await jones.hears('gradebook:typing');
    const event = await named('gradebook:typing');
    assert.match(event.Kind, /SERVER/);
    assert.equal(event['homeroom.namespace'], '/gradebook');
    assert.equal(event['homeroom.outcome'], 'ok');
    const heard = await named('heard gradebook:typing');
    assert.equal(heard['Trace ID'], event['Trace ID']);
    assert.equal(heard['Parent ID'], event.ID);
    assert.match(heard.Kind, /CONSUMER/);
    for (const stage of ['bound', 'rate_limit', 'validate', 'authorize', 'act', 'commit', 'deliver']) {
      await named(stage, (span) => span['Parent ID'] === event.ID && span['Trace ID'] === event['Trace ID']);
    }
    const answer = await fetch(`${two.servers[1].url}/v1/admin/decisions?event=gradebook:typing`, { headers: { authorization: `Bearer ${KEY}` } });
    const [{ trace }] = (await answer.json()).decisions;
    assert.ok(event['Trace ID'].endsWith(trace), `${event['Trace ID']} ends with ${trace}, as the log has it`);
    for (const person of [smith, jones]) person.leave();
  });

  test('refusals and what services send are told of, and nothing of what was carried', async () => {
    const smith = await two.enter(0, 'gradebook', 'smith');
    await smith.refused('gradebook:typing', { classId: 'nothing-to-tell', isTyping: true }, 'NOT_IN_ROOM');
    await smith.refused('made-up-by-somebody', {}, 'UNKNOWN_EVENT');
    assert.equal((await post(two.servers[1], 'gradebook', 'lineitem.created', item('an-item-to-hide'))).status, 200);
    await named('gradebook:typing', (span) => span['homeroom.outcome'] === 'NOT_IN_ROOM');
    await named('(unknown)', (span) => span['homeroom.outcome'] === 'UNKNOWN_EVENT');
    await named('service lineitem.created');
    for (const secret of ['nothing-to-tell', 'made-up-by-somebody', 'an-item-to-hide', 't-1', 'Smith']) assert.ok(!sink.output().includes(secret), secret);
    smith.leave();
  });

  test('a collector that is gone holds nobody up', async () => {
    await sink.stop();
    const smith = await joined(await two.enter(0, 'gradebook', 'smith'));
    await soon(until(() => two.servers[0].output().includes('the collector of traces does not take them')), 'the log to tell it');
    await smith.does('gradebook:typing', { ...math, isTyping: true });
    smith.leave();
  });
});
