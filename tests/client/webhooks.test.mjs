// Webhooks: a service of the operator's own decides who enters, changes what is sent, and is told who comes and goes. It is a real
// server over HTTP that answers well, late, wrong, too much, or not at all.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Person, soon } from './person.mjs';
import { ROOT, start } from './server.mjs';
import { until } from './serving.mjs';

const HUSH = 'a secret for webhooks that is long enough';
const FOLDER = path.join(ROOT, 'examples/webhooks');

/** Answers as `answers[path]` says: a body, a status, or a function of the request. */
class Service {
  answers = {};
  calls = [];

  async open() {
    this.server = createServer((request, response) => this.take(request, response)).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${this.server.address().port}/hooks`;
  }

  async take(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [, at, signed] = request.headers['homeroom-signature'].match(/^t=(\d+),v1=([0-9a-f]{64})$/);
    const expected = createHmac('sha256', HUSH).update(`${at}.${text}`).digest('hex');
    assert.equal(signed, expected, 'the signature');
    assert.ok(Math.abs(Date.now() / 1000 - at) < 60, 'the time');
    const name = request.url.replace('/hooks/', '');
    const call = { name, ...JSON.parse(text) };
    this.calls.push(call);
    const answer = this.answers[name] ?? 204;
    const said = typeof answer === 'function' ? await answer(call, response) : answer;
    if (said === undefined) return;
    if (typeof said === 'number') response.writeHead(said, said === 302 ? { location: `${this.url}/elsewhere` } : {}).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(typeof said === 'string' ? said : JSON.stringify(said));
  }

  named(name) {
    return this.calls.filter((call) => call.name === name);
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

describe('webhooks', () => {
  const service = new Service();
  let server;
  before(async () => {
    await service.open();
    server = await start({ args: ['--namespaces', FOLDER], env: { HOMEROOM_WEBHOOKS_URL: service.url, HOMEROOM_WEBHOOKS_SECRET: HUSH } });
  });
  after(async () => {
    await server?.stop();
    await service.close();
  });
  beforeEach(() => {
    service.answers = { 'rooms/may-enter': { data: { mayEnter: true } }, moderate: ({ data }) => ({ data: { text: data.text.toUpperCase() } }) };
    service.calls.length = 0;
  });
  const enter = (name) => Person.connect(server, 'club', null, { auth: { name }, transports: ['websocket'] });

  test('a service decides who enters, and is asked what the definition says', async () => {
    const ann = await enter('Ann');
    await ann.does('enter', { room: 'red' }, { success: true });
    const [call] = service.named('rooms/may-enter');
    assert.deepEqual({ ...call, id: undefined, data: { ...call.data, userId: undefined } }, { name: 'rooms/may-enter', webhook: 'may_enter', namespace: '/club', id: undefined, data: { room: 'red', userId: undefined } });
    service.answers['rooms/may-enter'] = { data: { mayEnter: false } };
    await ann.refused('enter', { room: 'blue' }, 'NOT_WELCOME');
    service.answers['rooms/may-enter'] = { refuse: 'NOT_WELCOME' };
    await ann.refused('enter', { room: 'blue' }, 'NOT_WELCOME');
    await ann.refused('say', { room: 'blue', text: 'x' }, 'NOT_IN_ROOM');
    ann.leave();
  });

  test('an answer changes what is sent, and one of another type is none', async () => {
    const ann = await enter('Ann');
    await ann.does('enter', { room: 'green' });
    await ann.does('say', { room: 'green', text: 'hello' });
    await ann.hears('said', { text: 'HELLO' });
    const wrong = [{ data: { text: 5 } }, { data: { txt: 'x' } }, 'no JSON', [], { refuse: 'UNDECLARED' }, 204, 404, 302, `{"data":{"text":"${'x'.repeat(70_000)}"}}`];
    for (const answer of wrong) {
      service.answers.moderate = answer;
      await ann.refused('say', { room: 'green', text: 'hello' }, 'NOT_MODERATED');
    }
    assert.equal(service.named('elsewhere').length, 0, 'redirects are not followed');
    await ann.hearsNothing();
    ann.leave();
  });

  test('what may be asked again is asked again, and what may not is not', async () => {
    const ann = await enter('Ann');
    const failing = (times, then) => () => (times-- > 0 ? 503 : then);
    service.answers['rooms/may-enter'] = failing(2, { data: { mayEnter: true } });
    await ann.does('enter', { room: 'red' });
    const ids = service.named('rooms/may-enter').map(({ id }) => id);
    assert.ok(ids.length === 3 && new Set(ids).size === 1, 'three attempts of one call');
    service.answers.moderate = failing(1, { data: { text: 'x' } });
    await ann.refused('say', { room: 'red', text: 'hello' }, 'NOT_MODERATED');
    assert.equal(service.named('moderate').length, 1);
    ann.leave();
  });

  test('a service that hangs is not waited for, and one that is away is left alone for a while', async () => {
    const ann = await enter('Ann');
    await ann.does('enter', { room: 'red' });
    service.answers.moderate = () => undefined;
    for (let turn = 0; turn < 5; turn++) await ann.refused('say', { room: 'red', text: 'hello' }, 'NOT_MODERATED');
    const asked = service.named('moderate').length;
    await ann.refused('say', { room: 'red', text: 'hello' }, 'NOT_MODERATED');
    assert.equal(service.named('moderate').length, asked, 'it is left alone');
    service.answers.moderate = { data: { text: 'again' } };
    const said = async () => (await ann.socket.emitWithAck('say', { room: 'red', text: 'hello' })).success;
    await soon(until(said), 'it to be asked again');
    ann.leave();
  });

  test('a service is told who comes and goes, once it has come about', async () => {
    const ann = await enter('Zoe');
    const came = () => service.named('came').find(({ data }) => data.name === 'Zoe');
    const { userId } = (await soon(until(came), 'that she came')).data;
    const moved = () => service.named('moved').filter(({ data }) => data.userId === userId).map(({ data }) => [data.room, data.here]);
    await ann.does('enter', { room: 'red' });
    service.answers['rooms/may-enter'] = { data: { mayEnter: false } };
    await ann.refused('enter', { room: 'blue' }, 'NOT_WELCOME');
    ann.leave();
    await soon(until(() => moved().length === 2), 'that she went');
    assert.deepEqual(moved(), [['red', true], ['red', false]]);
    const lost = async () => Number((await (await fetch(`${server.url}/metrics`)).text()).match(/homeroom_webhook_news_lost_total(?:\{\})? (\d+)/)[1]);
    const before = await lost();
    service.answers.came = 503;
    (await enter('Yan')).leave();
    await soon(until(async () => (await lost()) > before), 'what could not be told to be counted');
  });

  test('webhooks go to no place that they should not', async () => {
    const refused = async (url, why) => {
      const started = start({ args: ['--namespaces', FOLDER], env: { HOMEROOM_WEBHOOKS_URL: url, HOMEROOM_WEBHOOKS_SECRET: HUSH } });
      await started.then((server) => server.stop(), () => {});
      await assert.rejects(started, why);
    };
    await refused('http://example.org/hooks', /webhooks go by `https:`/);
    await refused('https://10.0.0.1/hooks', /this is a private address/);
    await refused('https://169.254.169.254/latest', /this is a private address/);
    await assert.rejects(start({ args: ['--namespaces', FOLDER], env: { HOMEROOM_WEBHOOKS_URL: service.url } }), /there is no secret/);
  });
});
