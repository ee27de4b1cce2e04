// Two servers behind nginx and behind HAProxy, as `deploy/` has them: no client is bound to a server unless it polls.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { haproxy, nginx } from './balancers.mjs';
import { counted } from './metrics.mjs';
import { Person, soon } from './person.mjs';
import { KEY, post } from './server.mjs';
import { until } from './serving.mjs';
import { item, joined, math, town, ws } from './town.mjs';

const connections = (server) => counted(server, 'websocket_connections', { namespace: '/gradebook' });

for (const [name, begin] of [['nginx', nginx], ['HAProxy', haproxy]]) describe(`behind ${name}`, () => {
  let two, front;
  before(async () => {
    two = await town(2, { HOMEROOM_SOCKET_TRANSPORTS: 'websocket,polling', HOMEROOM_SOCKET_DRAIN: '200ms' });
    front = await begin(two.servers);
  });
  after(async () => {
    await front?.stop();
    await two?.stop();
  });

  test('WebSockets spread over both servers, and hear each other', async () => {
    const people = [];
    for (const name of ['smith', 'jones', 'alice', 'bob']) people.push(await joined(await Person.connect(front, 'gradebook', name, ws)));
    const spread = await Promise.all(two.servers.map(connections));
    assert.deepEqual(spread, [2, 2]);
    const [smith, jones] = people;
    await smith.does('gradebook:typing', { ...math, isTyping: true });
    await jones.hears('gradebook:typing', { userId: 't-1' });
    assert.equal((await post(front, 'gradebook', 'lineitem.created', item('l-1'))).status, 200);
    for (const person of people) await person.hears('lineitem.created', { lineItemId: 'l-1' });
    people.forEach((person) => person.leave());
  });

  test('those who poll find their server again, and may go on by WebSocket', async () => {
    const people = [];
    for (const [who, transports] of [['smith', ['polling']], ['alice', ['polling']], ['bob', ['polling', 'websocket']]]) {
      people.push(await joined(await Person.connect(front, 'gradebook', who, { transports, withCredentials: true })));
    }
    const [smith, , bob] = people;
    await soon(until(() => bob.socket.io.engine.transport.name === 'websocket'), 'an upgrade');
    for (let round = 0; round < 5; round++) {
      await smith.does('gradebook:typing', { ...math, isTyping: true });
      assert.equal((await post(front, 'gradebook', 'lineitem.created', item(`l-${round}`))).status, 200);
      for (const person of people) await person.hears('lineitem.created', { lineItemId: `l-${round}` });
    }
    people.forEach((person) => person.leave());
  });

  test('what is for those inside is not served outside', async () => {
    for (const path of ['/metrics', '/v1/admin/decisions', '/elsewhere']) {
      assert.equal((await fetch(front.url + path, { headers: { authorization: `Bearer ${KEY}` } })).status, 404, path);
    }
    assert.equal((await fetch(`${front.url}/v1/schemas`)).status, 200);
  });

  test('when a server stops its clients come back on the other', async () => {
    const people = [];
    for (const name of ['smith', 'jones']) people.push(await Person.connect(front, 'gradebook', name, { ...ws, reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 200 }));
    await two.servers[0].stop();
    await soon(until(async () => (await connections(two.servers[1])) === 2), 'all to be on the server that is left');
    await soon(until(() => people.every((person) => person.socket.connected)), 'all to be back');
    for (const person of people) await person.does('gradebook:join', math);
    assert.equal((await post(front, 'gradebook', 'lineitem.created', item('l-9'))).status, 200);
    for (const person of people) await person.hears('lineitem.created', { lineItemId: 'l-9' });
    people.forEach((person) => person.leave());
  });
});
