// `homeroom doctor`, asked about a Redis and servers that are well, and about such as are not.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { after, before, describe, test } from 'node:test';
import path from 'node:path';
import { soon } from './person.mjs';
import { Redis } from './redis.mjs';
import { BINARY, ROOT, SECRET, start } from './server.mjs';
import { serving, until } from './serving.mjs';

const NAMESPACES = path.join(ROOT, 'namespaces');
const well = { JWT_SECRET: SECRET, HOMEROOM_SOCKET_CONNECTIONS_MAX: '100' };

/** Asks the doctor; yields what it ended with, what it found by code, and all that it said. */
function doctor(env, ...args) {
  return new Promise((told) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    execFile(BINARY, ['doctor', NAMESPACES, '--format', 'json', ...args], options, (error, stdout, stderr) => {
      const found = JSON.parse(stdout).findings;
      const of = (code) => found.filter((one) => one.code === code);
      told({ code: error?.code ?? 0, found, of, all: stdout + stderr, bad: found.filter((one) => one.level !== 'ok') });
    });
  });
}

/** The district's data in a file. */
function district() {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'homeroom-doctor-')), 'district.db');
  execFileSync('sqlite3', [file], { input: readFileSync(path.join(NAMESPACES, 'district.sql')) });
  return file;
}

describe('the doctor', () => {
  let redis, file;
  before(async () => {
    file = district();
    redis = await Redis.start();
    await redis.ask('CONFIG', 'SET', 'maxmemory', '100mb');
  });
  after(async () => {
    await redis?.kill();
    rmSync(path.dirname(file), { recursive: true });
  });
  const at = (env = {}) => ({ ...well, REDIS_URL: redis.url, ...env });

  test('finds nothing where all is well: two servers, one Redis', async () => {
    const env = at({ DATABASE_URL: `sqlite:${file}` });
    const servers = await Promise.all([start({ env }), start({ env })]);
    try {
      const said = await soon(until(async () => {
        const said = await doctor(env, '--server', servers[0].url);
        return said.of('server').length === 3 && said;
      }), 'both servers to be known');
      assert.deepEqual(said.bad, []);
      assert.equal(said.code, 0);
      assert.match(said.of('database-pool')[0].message, /^2 servers hold up to 16/);
      assert.match(said.of('redis-round-trip')[0].message, /\(median\).*worst of 20/);
      assert.match(said.of('redis-everlasting')[0].message, /every key has an expiry; [1-9]/);
      assert.match(said.of('definitions')[0].message, /^all serve [0-9a-f]{12}$/);
      assert.match(said.of('leases')[0].message, /^2 leases alive/);
      await servers[1].stop();
      const after = await doctor(env);
      assert.equal(after.of('server').length, 1, 'who left is not known any more');
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });

  test('tells that servers serve different definitions, and which', async () => {
    const env = { REDIS_URL: redis.url, JWT_SECRET: SECRET };
    const [one, two] = await Promise.all([
      serving({ env }),
      serving({ env }),
    ]);
    try {
      await two.changed(() => two.edit('gradebook/namespace.yaml', 'rate_limit: 10 per 10s', 'rate_limit: 9 per 10s'));
      const said = await doctor(at(), '--server', one.url, two.url);
      assert.equal(said.code, 2);
      assert.match(said.of('definitions-differ')[0].message, /[0-9a-f]{12} by .*; [0-9a-f]{12} by /);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  test('tells that a server has another secret', async () => {
    const server = await start({ env: { REDIS_URL: redis.url, JWT_SECRET: `another ${SECRET}` } });
    try {
      const said = await soon(until(async () => {
        const said = await doctor(at());
        return said.of('secret-differs').length > 0 && said;
      }), 'the server to be known');
      assert.equal(said.code, 2);
      assert.ok(!said.all.includes(SECRET));
    } finally {
      await server.stop();
    }
  });

  test('tells of a policy that forgets, and of a key without an end', async () => {
    await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.ask('SET', 'town:left', '1');
    await redis.ask('SET', 'of others', '1');
    try {
      const said = await doctor(at({ HOMEROOM_REDIS_PREFIX: 'town:' }));
      assert.equal(said.code, 2);
      assert.equal(said.of('redis-eviction')[0].level, 'warning');
      assert.match(said.of('redis-eviction')[0].help, /noeviction/);
      assert.match(said.of('redis-everlasting')[0].message, /^1 key has no expiry, such as `town:left`/);
    } finally {
      await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await redis.ask('DEL', 'town:left', 'of others');
    }
  });

  test('tells that the password is wrong, and shows none', async () => {
    await redis.ask('CONFIG', 'SET', 'requirepass', 'open-sesame');
    try {
      const url = (password) => redis.url.replace('://', `://:${password}@`);
      const wrong = await doctor({ ...at(), REDIS_URL: url('hush-hush') });
      assert.equal(wrong.code, 2);
      assert.match(wrong.of('redis-unreachable')[0].help, /password in `REDIS_URL` is wrong/);
      const none = await doctor(at());
      assert.match(none.of('redis-unreachable')[0].message, /NOAUTH|uthentication/);
      const right = await doctor({ ...at(), REDIS_URL: url('open-sesame') });
      assert.deepEqual(right.of('redis-unreachable'), []);
      for (const said of [wrong, none, right]) {
        assert.ok(!/hush-hush|open-sesame/.test(said.all), said.all);
        assert.ok(!said.all.includes(SECRET));
      }
    } finally {
      await redis.ask('--no-auth-warning', '-a', 'open-sesame', 'CONFIG', 'SET', 'requirepass', '');
    }
  });

  test('tells that Redis is away, and a server, and a database', async () => {
    const gone = await Redis.start();
    await gone.kill();
    const env = { ...well, REDIS_URL: gone.url, DATABASE_URL: 'sqlite:nowhere/none.db' };
    const said = await doctor(env, '--server', 'http://ann:hush-hush@127.0.0.1:1');
    assert.equal(said.code, 2);
    for (const code of ['redis-unreachable', 'server-unreachable', 'database-unreachable']) assert.equal(said.of(code).length, 1, code);
    assert.ok(!said.all.includes('hush-hush'));
  });

  test('is not needed to see how the bus fares: /healthz and /metrics tell', async () => {
    const own = await Redis.start();
    const server = await start({ env: { REDIS_URL: own.url } });
    try {
      const health = async () => (await (await fetch(`${server.url}/healthz`)).json()).redis;
      const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
      const before = await soon(until(async () => {
        const now = await health();
        return now.connected && now;
      }), 'the bus');
      assert.deepEqual([before.lost, before.refused, before.queued], [0, 0, 0]);
      assert.match(await metrics(), /^homeroom_bus_connected\{\} 1$/m);
      await own.kill();
      const away = await soon(until(async () => {
        const now = await health();
        return !now.connected && now;
      }), 'the bus to be away');
      assert.ok(away.since_ms > before.since_ms, 'since when');
      const told = await metrics();
      assert.match(told, /^homeroom_bus_connected\{\} 0$/m);
      assert.match(told, /^homeroom_bus_frames_total\{outcome="lost"\} \d+$/m);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200, 'Redis away is not an outage');
      await own.begin();
      await soon(until(async () => (await health()).connected), 'the bus to be back');
      assert.match(await metrics(), /^homeroom_bus_connections_total\{\} 2$/m);
    } finally {
      await server.stop();
      await own.kill();
    }
    const alone = await start();
    try {
      assert.ok(!('redis' in (await (await fetch(`${alone.url}/healthz`)).json())), 'nothing of it where a server stands alone');
      assert.ok(!/homeroom_bus_\w+\{/.test(await (await fetch(`${alone.url}/metrics`)).text()));
    } finally {
      await alone.stop();
    }
  });
});
