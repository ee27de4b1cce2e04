// Definitions change while clients are connected.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, soon } from './person.mjs';
import { KEY, post } from './server.mjs';
import { serving, until } from './serving.mjs';

const math = { classId: 'math-101' };

const reload = async (server) => {
  const answer = await fetch(`${server.url}/v1/admin/reload`, { method: 'POST', headers: { authorization: `Bearer ${KEY}` } });
  return { status: answer.status, body: await answer.json() };
};

const WAVE = `
  gradebook:wave:
    description: A wave, for tests.
    in: class:<classId>:staff
    payload: { fields: { classId: Id } }
    do: []
    ack: { waved: true }
`;

describe('a changed file', () => {
  let server;
  before(async () => (server = await serving()));
  after(() => server?.stop());

  test('is served to clients that stay connected, and a bad one changes nothing', async () => {
    const smith = await Person.connect(server, 'gradebook', 'smith');
    await smith.does('gradebook:join', math);
    await smith.refused('gradebook:wave', math, 'UNKNOWN_EVENT');

    const added = await server.changed(() => server.edit('gradebook/namespace.yaml', '\nclient_events:\n', `\nclient_events:${WAVE}`));
    assert.equal(added.definitions.verdict, 'served', JSON.stringify(added.definitions));
    assert.deepEqual(await smith.does('gradebook:wave', math), { success: true, data: { waved: true } });

    const bad = await server.changed(() => server.edit('gradebook/namespace.yaml', 'waved: true', 'waved: <clasId>'));
    assert.equal(bad.definitions.verdict, 'refused');
    assert.equal(bad.digest, added.digest);
    const [told] = bad.definitions.diagnostics;
    assert.match(told.place, /gradebook\/namespace\.yaml:\d+:\d+$/);
    assert.match(told.help.join(), /did you mean `classId`/);
    assert.match(server.output(), /definitions have mistakes/);
    await smith.does('gradebook:wave', math, { success: true, data: { waved: true } });

    const mended = await server.changed(() => server.edit('gradebook/namespace.yaml', '<clasId>', '<classId>'));
    assert.equal(mended.definitions.verdict, 'served');
    await smith.does('gradebook:wave', math, { success: true, data: { waved: 'math-101' } });

    await server.changed(() => server.edit('gradebook/namespace.yaml', WAVE.replace('waved: true', 'waved: <classId>'), '\n'));
    await smith.refused('gradebook:wave', math, 'UNKNOWN_EVENT');
    assert.ok(smith.socket.connected);
    smith.leave();
  });

  test('may be read on demand: by SIGHUP, and by those who have a key', async () => {
    // Nothing is watched, so that whatever becomes of the file was asked for.
    const own = await serving({ env: { HOMEROOM_RELOAD_WATCH: 'off' } });
    try {
      const same = await reload(own);
      assert.deepEqual([same.status, same.body.verdict], [200, 'unchanged']);
      await own.changed(() => process.kill(own.pid, 'SIGHUP'));
      const stranger = await fetch(`${own.url}/v1/admin/reload`, { method: 'POST' });
      assert.equal(stranger.status, 401);
      const kept = readFileSync(path.join(own.dir, 'common.yaml'), 'utf8');
      own.write('common.yaml', 'types: [');
      const refused = await reload(own);
      assert.equal(refused.status, 422);
      assert.equal(refused.body.verdict, 'refused');
      assert.ok(refused.body.diagnostics.length > 0);
      own.write('common.yaml', kept);
      assert.equal((await reload(own)).status, 200);
    } finally {
      await own.stop();
    }
  });

  test('what it serves, and to how many, is told to those who have a key', async () => {
    const usage = async (key) => fetch(`${server.url}/v1/admin/usage`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await usage('wrong')).status, 401);
    const [smith, alice] = await Promise.all(['smith', 'alice'].map((name) => Person.connect(server, 'gradebook', name)));
    for (const person of [smith, alice]) await person.does('gradebook:join', math);
    const body = await (await usage(KEY)).json();
    assert.equal(body.digest, (await server.health()).digest);
    const text = readFileSync(path.join(server.dir, 'gradebook/namespace.yaml'), 'utf8');
    assert.ok(body.sources.some((source) => source.path.endsWith('gradebook/namespace.yaml') && source.text === text));
    const book = body.namespaces.find((one) => one.namespace === '/gradebook');
    assert.deepEqual(book.sockets, { STUDENT: 1, TEACHER: 1 });
    assert.deepEqual(book.rooms.find((room) => room.pattern === 'class:<classId>').sockets, { STUDENT: 1, TEACHER: 1 });
    assert.deepEqual(book.events, [{ event: 'gradebook:join', sockets: 2 }]);
    for (const person of [smith, alice]) person.leave();
  });

  test('limits go on counting, and state and presence stay', async () => {
    const [smith, alice] = await Promise.all([Person.connect(server, 'live-class', 'smith'), Person.connect(server, 'live-class', 'alice')]);
    await smith.does('class:join', { ...math, sessionId: 'ses-1' });
    await alice.does('class:join', { ...math, sessionId: 'ses-1' });
    await alice.does('hand:raise', { ...math, sessionId: 'ses-1' }).catch(() => {});
    await server.changed(() => server.edit('live-class/namespace.yaml', 'description: ', 'description: Changed. '));
    // A limit under which nothing becomes free again while a busy machine serves a change.
    await server.changed(() => server.edit('gradebook/namespace.yaml', 'rate_limit: 10 per 10s', 'rate_limit: 10 per 1h'));
    const book = await Person.connect(server, 'gradebook', 'smith');
    await book.does('gradebook:join', math);
    for (let n = 0; n < 10; n++) await book.does('gradebook:typing', { ...math, isTyping: true });
    await book.refused('gradebook:typing', { ...math, isTyping: true }, 'RATE_LIMITED');
    await server.changed(() => server.edit('gradebook/namespace.yaml', 'description: ', 'description: Changed. '));
    await book.refused('gradebook:typing', { ...math, isTyping: true }, 'RATE_LIMITED');
    for (const person of [smith, alice, book]) {
      assert.ok(person.socket.connected);
      person.leave();
    }
  });

  test('a namespace comes, and goes with a word to its clients', async () => {
    const yaml = 'namespace: /news\ndescription: For tests.\nauth: none\nclient_events:\n  ping: { allow: anyone, ack: { pong: true } }\n';
    mkdirSync(path.join(server.dir, 'news'));
    const there = await server.changed(() => server.write('news/namespace.yaml', yaml));
    assert.ok(there.namespaces.includes('/news'), JSON.stringify(there));
    const reader = await Person.connect(server, 'news', null);
    await reader.does('ping', undefined, { success: true, data: { pong: true } });
    const book = await Person.connect(server, 'gradebook', 'smith');
    const told = new Promise((gone) => reader.socket.once('disconnect', gone));
    const gone = await server.changed(() => rmSync(path.join(server.dir, 'news'), { recursive: true }));
    assert.ok(!gone.namespaces.includes('/news'));
    assert.equal(await soon(told, 'the namespace to be told gone'), 'io server disconnect');
    await assert.rejects(Person.connect(server, 'news', null), /Invalid namespace/);
    assert.ok(book.socket.connected);
    book.leave();
  });
});

describe('who may no longer be in a room', () => {
  const narrow = (server) => server.edit('common.yaml', 'check: enrolled_in_class', "check: enrolled_in_class, when: user.id != 's-456'");

  for (const policy of ['keep', 'leave', 'disconnect']) {
    test(`is dealt with as the settings say: ${policy}`, async () => {
      const server = await serving({ env: { HOMEROOM_RELOAD_ON_DENIED: policy } });
      try {
        const [alice, bob, smith] = await Promise.all(['alice', 'bob', 'smith'].map((name) => Person.connect(server, 'gradebook', name)));
        for (const person of [alice, bob, smith]) await person.does('gradebook:join', math);
        const end = new Promise((gone) => alice.socket.once('disconnect', gone));
        const came = await server.changed(() => narrow(server));
        assert.equal(came.definitions.verdict, 'served', JSON.stringify(came.definitions));
        assert.equal(came.definitions.rooms_left, policy === 'leave' ? 1 : 0);
        if (policy === 'leave') await alice.hears('error', { event: 'reload', code: 'UNAUTHORIZED', room: 'class:math-101' });
        if (policy === 'disconnect') assert.equal(await soon(end, 'the end'), 'io server disconnect');
        const item = { lineItemId: 'l-1', classId: 'math-101', title: 'Quiz', timestamp: '2025-01-15T09:00:00Z' };
        await post(server, 'gradebook', 'lineitem.created', item);
        await bob.hears('lineitem.created');
        if (policy !== 'disconnect') await alice.refused('gradebook:join', math, 'UNAUTHORIZED');
        if (policy === 'keep') assert.ok(alice.received.some((one) => one.event === 'lineitem.created'));
        if (policy === 'leave') assert.ok(alice.received.every((one) => one.event !== 'lineitem.created'));
        for (const person of [alice, bob, smith]) person.leave();
      } finally {
        await server.stop();
      }
    });
  }
});

describe('a folder as Kubernetes mounts it', () => {
  test('is served anew when its link is swapped', async () => {
    const flat = (dir, version) => {
      const mount = path.join(dir, '../mount');
      mkdirSync(path.join(mount, version), { recursive: true });
      const text = `namespace: /news\ndescription: For tests.\nauth: none\nclient_events:\n  ping: { allow: anyone, ack: { version: ${version.slice(2)} } }\n`;
      writeFileSync(path.join(mount, version, 'news.yaml'), text);
      return mount;
    };
    const server = await serving({
      arrange: (dir) => {
        const mount = flat(dir, '..v1');
        symlinkSync('..v1', path.join(mount, '..data'));
        symlinkSync('..data/news.yaml', path.join(mount, 'news.yaml'));
        rmSync(dir, { recursive: true });
        symlinkSync('mount', dir);
      },
    });
    try {
      const reader = await Person.connect(server, 'news', null);
      await reader.does('ping', undefined, { success: true, data: { version: 'v1' } });
      // The folder that comes before its link is a change, too, of nothing that is served.
      const { digest } = await server.health();
      const mount = flat(server.dir, '..v2');
      symlinkSync('..v2', path.join(mount, '..data_tmp'));
      renameSync(path.join(mount, '..data_tmp'), path.join(mount, '..data'));
      await soon(until(async () => (await server.health()).digest !== digest), 'the other version to be served');
      await reader.does('ping', undefined, { success: true, data: { version: 'v2' } });
      reader.leave();
    } finally {
      await server.stop();
    }
  });
});
