// Those who mean no good, over the wire: what `deploy/threat-model.md` names and no other test tries.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UPGRADE, frame, speak } from './byhand.mjs';
import { page } from './metrics.mjs';
import { Person, soon } from './person.mjs';
import { BINARY, KEY, ROOT, SECRET, start } from './server.mjs';
import { district } from './district.mjs';
import { math, ws } from './town.mjs';

const EVIL = ["' OR '1'='1", "x'; DROP TABLE messages; --", '" OR 1=1 --', "math-101' UNION SELECT 1 --", "\\'; DELETE FROM class_teachers; --"];

/** A folder of definitions of a test's own. */
function folder(files) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-security-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
  return { dir, remove: () => rmSync(dir, { recursive: true }) };
}

const IDENTITY = 'identity: { fields: { id: { claim: sub, type: string }, role: { enum: [TEACHER] } } }\n';

describe('whoever sends structure where a value belongs', () => {
  test('enters no room, and finds no state, but that of the value', async () => {
    const rooms = folder({
      'homeroom.yaml': IDENTITY,
      'a.yaml': `
namespace: /a
rooms: { 'class:<id>': { allow: anyone }, 'class:<id>:staff': { allow: [{ when: user.id == 'boss' }] } }
state: { notes: { hash: 'notes:<id>', ttl: 1h, max: 10 } }
client_events:
  enter: { payload: { fields: { id: string } }, do: [{ join: 'class:<id>' }] }
  note: { allow: anyone, payload: { fields: { id: string } }, do: [{ put: notes, field: x, value: <id> }] }
server_events: { told: { payload: { fields: { id: string } }, to: 'class:<id>:staff' } }
backend_events: { told: told }
`,
    });
    const server = await start({ args: ['--namespaces', rooms.dir] });
    try {
      const mallory = await Person.connect(server, 'a', null, { ...ws, claims: { sub: 'm', role: 'TEACHER' } });
      for (const id of ['1:staff', '<id>', '*', '1\n', '', 'x'.repeat(129), '1 staff\u0000']) {
        for (const event of ['enter', 'note']) await mallory.refused(event, { id }, 'INVALID_PAYLOAD');
      }
      await mallory.does('enter', { id: '1' });
      const told = await fetch(`${server.url}/v1/namespaces/a/events/told`, {
        method: 'POST', headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }, body: '{"id":"1"}',
      });
      assert.equal(told.status, 200);
      await mallory.hearsNothing();
      mallory.leave();
    } finally {
      await server.stop();
      rooms.remove();
    }
  });

  test('says nothing to the database, in any field of any statement', async () => {
    const vault = folder({
      'homeroom.yaml': `${IDENTITY}database: { demo: vault.sql }\n`,
      'vault.sql': "create table members(vault text, who text); create table said(vault text, line text); insert into members values ('open', 'boss');",
      'a.yaml': `
namespace: /a
queries:
  is_member: { sql: 'select 1 from members where vault = :vault and who = :user.id' }
  lines: { sql: 'select line from said where vault = :vault order by rowid', returns: [{ fields: { line: string } }], max_rows: 100 }
  say: { sql: 'insert into said values (:vault, :line)' }
client_events:
  peek: { check: is_member, payload: { fields: { vault: string } }, ack: { in: true } }
  say: { allow: anyone, payload: { fields: { vault: string, line: string } }, do: [{ execute: say }] }
  lines: { allow: anyone, payload: { fields: { vault: string } }, do: [{ query: lines, as: found }], ack: { found: <found> } }
`,
    });
    const server = await start({ args: ['--namespaces', vault.dir] });
    try {
      const mallory = await Person.connect(server, 'a', null, { ...ws, claims: { sub: "m' OR '1'='1", role: 'TEACHER' } });
      for (const evil of [...EVIL, "open' --"]) await mallory.refused('peek', { vault: evil }, 'UNAUTHORIZED');
      for (const evil of EVIL) {
        await mallory.does('say', { vault: evil, line: evil });
        await mallory.does('lines', { vault: evil }, { success: true, data: { found: [{ line: evil }] } });
      }
      mallory.leave();
    } finally {
      await server.stop();
      vault.remove();
    }
  });

  test('leaves every table of the district as it was, whatever field of whatever event it stands in', async () => {
    const { file, url, remove } = district();
    const ask = (sql) => execFileSync('sqlite3', [file, sql], { encoding: 'utf8' });
    // What events may write is another matter: there, what was sent must be found as it was sent.
    const tables = ask("select name from sqlite_master where type = 'table'").split('\n').filter((name) => name && !/^(messages|message_reads|attendance|notifications)$/.test(name));
    const dump = () => tables.map((name) => ask(`select * from ${name}`)).join('\n') + ask('.schema');
    const before = dump();
    const server = await start({ env: { DATABASE_URL: url } });
    const known = { classId: 'math-101', sessionId: 'ses-1', assessmentId: 'exam-1', conversationId: 'conv-1', studentId: 's-456', userId: 's-456', notificationId: 'n-1', messageId: 'msg-1', pollId: 'p-1', body: 'Hello.', clientMessageId: 'c', status: 'LATE', isTyping: true, note: 'x' };
    let [tried, written] = [0, 0];
    try {
      for (const namespace of ['gradebook', 'notifications', 'attendance', 'messaging', 'live-class', 'assessment']) {
        const contract = JSON.parse(readFileSync(path.join(ROOT, 'schemas', namespace, 'schema.json'), 'utf8'));
        const resolved = (schema) => (schema?.$ref ? resolved(contract.$defs[schema.$ref.split('/').pop()]) : schema ?? {});
        const smith = await Person.connect(server, namespace, 'smith', ws);
        for (const event of Object.keys(contract.client_events).filter((name) => name.endsWith(':join'))) {
          const { properties = {} } = resolved(contract.client_events[event].payload);
          await smith.socket.emitWithAck(event, Object.fromEntries(Object.keys(properties).filter((name) => name in known).map((name) => [name, known[name]])));
        }
        for (const [event, { payload }] of Object.entries(contract.client_events)) {
          const { properties = {} } = resolved(payload);
          const base = Object.fromEntries(Object.keys(properties).filter((name) => name in known).map((name) => [name, known[name]]));
          for (const name of Object.keys(properties)) {
            const answer = await soon(smith.socket.emitWithAck(event, { ...base, [name]: EVIL[tried % EVIL.length] }), `an answer to ${event}`);
            assert.ok(!['INTERNAL', 'UNAVAILABLE'].includes(answer.code), `${event} ${name}: ${JSON.stringify(answer)}`);
            written += answer.success;
            tried++;
          }
        }
        smith.leave();
      }
      assert.ok(tried > 60 && written > 0, `${tried} fields, of which ${written} are free texts`);
      const texts = ask('select body from messages') + ask('select note from attendance');
      assert.ok(EVIL.filter((evil) => texts.includes(evil)).length > 0, 'what was said is what was written');
    } finally {
      await server.stop();
    }
    assert.equal(dump(), before);
    remove();
  });
});

describe('whoever sends too much', () => {
  let server;
  before(async () => {
    const args = ['--namespaces', path.join(ROOT, 'tests/namespaces')];
    server = await start({ args, env: { HOMEROOM_LIMITS_ROOMS_PER_CONNECTION_MAX: '20', HOMEROOM_SOCKET_ATTACHMENTS_MAX: '4' } });
  });
  after(() => server?.stop());
  const enter = (namespace = 'echo') => Person.connect(server, namespace, null, ws);

  test('is in so many rooms and no more', async () => {
    const person = await enter('halls');
    for (let hall = 0; hall < 20; hall++) await person.does('enter', { hall: `h-${hall}` });
    await person.refused('enter', { hall: 'one-more' }, 'FULL');
    await person.does('enter', { hall: 'h-3' });
    person.leave();
  });

  test('has so many attachments and no more, and those announced and never sent hold nobody up', async () => {
    const [one, two, other] = [await enter(), await enter(), await enter()];
    const ends = (person) => soon(new Promise((done) => person.socket.once('disconnect', done)), 'the end');
    const ended = ends(one);
    one.socket.emit('echo', ...Array.from({ length: 5 }, () => Buffer.from('x')));
    await ended;
    const gone = ends(two);
    two.socket.io.engine.write('5999999999-/echo,["echo"]');
    await gone;
    assert.equal(await soon(other.socket.emitWithAck('who'), 'an answer'), 1);
    other.leave();
  });

  test('over HTTP is told so, however large or deep it is', async () => {
    const send = (body) => fetch(`${server.url}/v1/namespaces/halls/events/called`, {
      method: 'POST', headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }, body,
    });
    assert.equal((await send(JSON.stringify({ hall: 'x'.repeat(2_000_000), number: 1 }))).status, 413);
    for (const deep of ['['.repeat(100_000), `${'['.repeat(100_000)}${']'.repeat(100_000)}`, `{"hall":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`]) {
      const { status } = await send(deep);
      assert.ok(status === 400 || status === 422, `${status}`);
    }
    assert.equal((await send('{"hall":"a","number":1}')).status, 200);
  });
});

describe('whoever is slow on purpose', () => {
  let server;
  before(async () => {
    const env = { HOMEROOM_SOCKET_HEAD_TIMEOUT: '300ms', HOMEROOM_SOCKET_CONNECT_TIMEOUT: '300ms' };
    server = await start({ args: ['--namespaces', path.join(ROOT, 'tests/namespaces')], env });
  });
  after(() => server?.stop());

  test('with a head is not waited for', async () => {
    for (const begun of ['', 'GET /healthz HTTP/1.1\r\nHost:', `${UPGRADE.slice(0, 40)}`]) {
      await soon(speak(server, begun).ended, `the end of ${JSON.stringify(begun)}`);
    }
  });

  test('with the body of a request is not waited for, with a key or without', async () => {
    const head = (more) => `POST /v1/namespaces/halls/events/called HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n${more}\r\n{"hall"`;
    const [withKey, without] = [speak(server, head(`Authorization: Bearer ${KEY}\r\n`)), speak(server, head(''))];
    assert.match(await soon(withKey.ended, 'the end'), /^HTTP\/1\.1 408 /);
    assert.match(await soon(without.ended, 'the end'), /^HTTP\/1\.1 (401|408) /);
  });

  test('with a WebSocket is not waited for until it enters a namespace', async () => {
    const idle = speak(server, UPGRADE);
    assert.match(await soon(idle.ended, 'the end of one that enters nothing'), /^HTTP\/1\.1 101 /);
  });
});

test('whoever begins a frame, and does not end it, is not waited for', async () => {
  const env = { HOMEROOM_SOCKET_PING_INTERVAL: '300ms', HOMEROOM_SOCKET_PING_TIMEOUT: '300ms' };
  const server = await start({ args: ['--namespaces', path.join(ROOT, 'tests/namespaces')], env });
  try {
    const half = speak(server, UPGRADE);
    half.socket.write(frame('40/echo,'));
    // The head of a frame of 60,000 bytes, and three of them now and then: no answer to a ping gets through.
    half.socket.write(frame('42/', { length: 60_000 }));
    const drip = setInterval(() => half.socket.write('x'), 50);
    await soon(half.ended, 'the end of one in the middle of a frame');
    clearInterval(drip);
    assert.ok(half.text().includes('40/echo,{"sid"'));
  } finally {
    await server.stop();
  }
});

test('what somebody is called cannot forge a line of the log', async () => {
  for (const format of ['json', 'text']) {
    const server = await start({ env: { HOMEROOM_LOG: 'debug,hyper=off,sqlx=off', HOMEROOM_LOG_FORMAT: format, HOMEROOM_SOCKET_TRANSPORT: 'own' } });
    try {
      const forged = 'x\n{"level":"ERROR","fields":{"message":"forged"}}\r\n\u001b[31m2025-01-01T00:00:00Z ERROR forged\u001b[0m\u2028';
      const smith = await Person.connect(server, 'gradebook', 'smith', ws);
      await smith.refused(`forged ${forged}`, {}, 'UNKNOWN_EVENT');
      await Person.connect(server, 'gradebook', 'smith', { ...ws, claims: { sub: forged } }).then(assert.fail, () => {});
      await Person.connect(server, 'gradebook', 'smith', { ...ws, claims: { role: forged } }).then(assert.fail, () => {});
      smith.leave();
    } finally {
      await server.stop();
    }
    const lines = server.output().split('\n').filter(Boolean);
    assert.ok(lines.some((line) => line.includes('UNKNOWN_EVENT')), 'it was logged');
    assert.ok(!lines.some((line) => /^(\{"level":"ERROR"|2025-01-01|\S*ERROR forged)/.test(line)), server.output());
    assert.ok(!server.output().includes('\u001b[31m') && !/\r/.test(server.output()));
    const logged = lines.filter((line) => !/^(serving|listening)/.test(line));
    if (format === 'json') for (const line of logged) assert.doesNotThrow(() => JSON.parse(line), line);
    else for (const line of logged) assert.match(line.replace(/\u001b\[\d*m/g, ''), /^\d{4}-\d\d-\d\dT[\d:.]+Z +(ERROR|WARN|INFO|DEBUG) /, line);
  }
});

test('no secret shows in what is told, planned, exported or counted', async () => {
  const secrets = { jwt: `${SECRET}-of-this-test`, key: 'a-key-that-nobody-may-see', redis: 'password-of-redis', cluster: 'what-servers-know-each-other-by-here', database: 'password-of-database' };
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-secrets-'));
  cpSync(path.join(ROOT, 'namespaces'), dir, { recursive: true, filter: (from) => !/\.rs$|Cargo\.toml$/.test(from) });
  const settings = path.join(dir, 'homeroom.yaml');
  writeFileSync(settings, `${readFileSync(settings, 'utf8')}
auth: { secret: ${secrets.jwt}, leeway: a while }
api: { keys: [${secrets.key}] }
redis: { url: 'redis://user:${secrets.redis}@127.0.0.1:1', secret: ${secrets.cluster} }
`);
  const out = path.join(dir, 'out');
  const environment = { PATH: process.env.PATH, JWT_SECRET: secrets.jwt, HOMEROOM_API_KEYS: secrets.key, DATABASE_URL: `postgres://user:${secrets.database}@127.0.0.1:1/x` };
  const ran = [['check', dir], ['plan', dir, '--against', path.join(ROOT, 'namespaces')], ['export', dir, '--out', out], ['doctor', '--namespaces', dir], ['serve', '--namespaces', dir]].map((args) => {
    const { stdout, stderr } = spawnSync(BINARY, args, { env: environment, encoding: 'utf8', timeout: 20_000 });
    return [args[0], stdout + stderr];
  });
  const files = (at) => readdirSync(at).flatMap((name) => (statSync(path.join(at, name)).isDirectory() ? files(path.join(at, name)) : [path.join(at, name)]));
  execFileSync(BINARY, ['export', path.join(ROOT, 'namespaces'), '--out', out], { env: environment });
  const exported = files(out).map((file) => [file, readFileSync(file, 'utf8')]);
  const server = await start({ env: { JWT_SECRET: secrets.jwt, HOMEROOM_API_KEYS: secrets.key, HOMEROOM_REDIS_URL: '' } });
  const asked = await Promise.all(['/healthz', '/v1/schemas', '/v1/admin/decisions', '/nowhere'].map(async (at) => [at, await (await fetch(server.url + at, { headers: { authorization: `Bearer ${secrets.key}` } })).text()]));
  const told = [...ran, ...exported, ...asked, ['/metrics', await page(server)]];
  await server.stop();
  told.push(['the log', server.output()]);
  rmSync(dir, { recursive: true });
  assert.ok(exported.length > 10 && ran.every(([, text]) => text.length > 0), JSON.stringify(ran.map(([name, text]) => [name, text.length])));
  assert.ok(ran.some(([, text]) => text.includes('a while')), 'a mistake beside a secret is drawn');
  for (const [where, text] of told) for (const [name, secret] of Object.entries(secrets)) assert.ok(!text.includes(secret), `${name} in ${where}: ${text.slice(0, 2000)}`);
});

test('a server without a secret of its own is for its own machine alone', async () => {
  const { status, stderr } = spawnSync(BINARY, ['serve'], { env: { PATH: process.env.PATH, PORT: '0', HOMEROOM_LISTEN_HOST: '0.0.0.0' }, encoding: 'utf8', timeout: 20_000 });
  assert.notEqual(status, 0);
  assert.match(stderr, /no secret is set.*JWT_SECRET/);
});

test('what operators may do is done with a key alone', async () => {
  const server = await start();
  try {
    for (const [method, at] of [['POST', '/v1/admin/reload'], ['GET', '/v1/admin/decisions'], ['GET', '/v1/admin/usage'], ['POST', '/v1/namespaces/gradebook/events/grade.posted']]) {
      for (const authorization of ['', 'Bearer ', 'Bearer wrong', `Basic ${KEY}`, KEY, `Bearer ${KEY}x`, `Bearer ${KEY.slice(0, -1)}`]) {
        assert.equal((await fetch(server.url + at, { method, headers: authorization ? { authorization } : {} })).status, 401, `${at} ${authorization}`);
      }
    }
  } finally {
    await server.stop();
  }
});

test('pages of elsewhere open no WebSocket where origins are named', async () => {
  const server = await start({ env: { SOCKET_IO_CORS_ORIGIN: 'https://school.example' } });
  try {
    const from = (origin) => Person.connect(server, 'gradebook', 'smith', { ...ws, extraHeaders: origin ? { origin } : {} });
    for (const origin of ['https://evil.example', 'https://school.example.evil.example', 'http://school.example', 'null']) {
      await from(origin).then(() => assert.fail(`${origin} was let in`), (error) => assert.match(error.message, /websocket error/));
      const { headers } = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
    for (const origin of ['https://school.example', null]) {
      const smith = await from(origin);
      await smith.does('gradebook:join', math);
      smith.leave();
    }
  } finally {
    await server.stop();
  }
});
