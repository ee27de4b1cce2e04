// The dashboard and the alerts of `deploy/`, each query asked of a real Prometheus that scrapes two servers at work; and alerts
// seen to hold where what they tell of was brought about.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { Person, gather, soon } from './person.mjs';
import { Prometheus } from './prometheus.mjs';
import { ROOT, post } from './server.mjs';
import { until } from './serving.mjs';
import { item, math, town, ws } from './town.mjs';

const read = (file) => readFileSync(path.join(ROOT, 'deploy', file), 'utf8');
const alerts = parse(read('prometheus/alerts.yaml')).groups.flatMap(({ rules }) => rules);
const dashboard = JSON.parse(read('grafana/homeroom.json'));
const COMPARISON = /\s*(==|!=|>|<)\s*[\d.]+\s*$/;

/** A dashboard's query as Grafana would send it. */
const sent = (query) =>
  query.replaceAll('$__rate_interval', '10s').replaceAll('$job', 'homeroom').replaceAll('$namespace', '.*');

const mark = { ...math, studentId: 's-457', status: 'PRESENT', date: '2025-01-14' };

/** Small work of every kind, again and again until it is told to end. */
async function work(servers) {
  const into = (namespace, names) => Promise.all(servers.map((server) => gather({ ...server, options: ws }, namespace, names)));
  const [all, marking] = [await into('gradebook', ['smith', 'alice']), await into('attendance', ['smith'])];
  for (const { smith } of marking) await smith.does('attendance:join', math);
  let working = true;
  const rounds = (async () => {
    for (let round = 0; working; round++) {
      for (const { smith, alice } of all) {
        await smith.socket.emitWithAck('gradebook:join', math);
        await smith.socket.emitWithAck('gradebook:typing', { ...math, isTyping: round % 2 === 0 });
        await alice.socket.emitWithAck('gradebook:typing', { ...math, isTyping: true });
      }
      for (const { smith } of marking) await smith.socket.emitWithAck('attendance:mark', mark);
      for (const server of servers) {
        await Person.connect(server, 'gradebook', null, ws).then((person) => person.leave(), () => {});
        await post(server, 'gradebook', 'lineitem.created', item(`l-${round}`)).catch(() => {});
      }
      await new Promise((rest) => setTimeout(rest, 50));
    }
  })();
  return async () => {
    working = false;
    await rounds;
    [...all, ...marking].forEach(({ part }) => part());
  };
}

test('the rules are what promtool takes', () => {
  execFileSync('promtool', ['check', 'rules', path.join(ROOT, 'deploy/prometheus/alerts.yaml')]);
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  for (const { alert, annotations } of alerts) assert.ok(annotations.summary, alert);
});

describe('two servers at work', () => {
  let dir, two, prometheus, rest;
  before(async () => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-alerts-'));
    cpSync(path.join(ROOT, 'namespaces'), dir, { recursive: true, filter: (from) => !/\.rs$|Cargo\.toml$/.test(from) });
    two = await town(2, {}, { args: ['--namespaces', dir] });
    prometheus = await Prometheus.start(two.servers);
    rest = await work(two.servers);
  });
  after(async () => {
    await rest?.();
    await prometheus?.stop();
    await two?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('Prometheus reads every line that servers tell', async () => {
    await soon(until(async () => (await prometheus.targets()).every(({ health }) => health === 'up')), `both to be up: ${JSON.stringify(await prometheus.targets())}`);
  });

  test('every query of the dashboard yields data', async () => {
    const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => sent(expr)));
    assert.ok(queries.length > 30, `${queries.length} queries`);
    await Promise.all(queries.map((query) => prometheus.answers(query)));
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('every alert asks of what there is', async () => {
    for (const { alert, expr } of alerts) {
      assert.match(expr, COMPARISON, alert);
      await prometheus.answers(expr.replace(COMPARISON, ''));
    }
  });

  const holds = (name) => prometheus.answers(alerts.find(({ alert }) => alert === name).expr);

  test('a mistake in the definitions, and clients without tokens, are told of', async () => {
    assert.deepEqual(await prometheus.ask(alerts.find(({ alert }) => alert === 'HomeroomReloadRefused').expr), []);
    writeFileSync(path.join(dir, 'common.yaml'), 'types: [');
    await holds('HomeroomReloadRefused');
    await holds('HomeroomConnectsRefused');
  });

  test('Redis that is away, and a server that is gone, are told of', async () => {
    await two.redis.kill();
    await holds('HomeroomRedisAway');
    await holds('HomeroomEventsFail');
    await rest();
    await two.servers[0].stop();
    await holds('HomeroomServerDown');
  });
});
