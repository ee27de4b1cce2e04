// A Prometheus of our own: scrapes servers as `deploy/prometheus` has it, but often; ended by its id.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deployed } from './balancers.mjs';
import { soon } from './person.mjs';
import { freePort } from './redis.mjs';
import { ROOT } from './server.mjs';
import { until } from './serving.mjs';

export class Prometheus {
  /** Scrapes two servers twice a second. */
  static async start(servers) {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-prometheus-'));
    const hosts = servers.map((server) => new URL(server.url).host);
    const config = deployed('prometheus/prometheus.yaml', [['10.0.0.11:3000', hosts[0]], ['10.0.0.12:3000', hosts[1]], ['interval: 15s', 'interval: 500ms']]);
    writeFileSync(path.join(dir, 'prometheus.yaml'), config);
    copyFileSync(path.join(ROOT, 'deploy/prometheus/alerts.yaml'), path.join(dir, 'alerts.yaml'));
    const prometheus = new Prometheus();
    prometheus.dir = dir;
    const port = await freePort();
    prometheus.url = `http://127.0.0.1:${port}`;
    const args = [`--config.file=${dir}/prometheus.yaml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
    prometheus.child = spawn('prometheus', args, { stdio: 'ignore' });
    try {
      await soon(until(() => fetch(`${prometheus.url}/-/ready`).then((answer) => answer.ok, () => false)), 'Prometheus to be ready');
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
    return prometheus;
  }

  /** What an expression yields now: a list of series. */
  async ask(expression) {
    const answer = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
    const { status, error, data } = await answer.json();
    assert.equal(status, 'success', `${error}: ${expression}`);
    return data.result;
  }

  /** Until an expression yields numbers. */
  answers(expression) {
    const numbers = (found) => found.length > 0 && found.some(({ value }) => !Number.isNaN(Number(value[1])));
    return soon(until(async () => numbers(await this.ask(expression)) || new Promise((rest) => setTimeout(rest, 100, false))), `an answer to ${expression}`);
  }

  /** What it thinks of the servers' pages. */
  async targets() {
    const answer = await fetch(`${this.url}/api/v1/targets`);
    return (await answer.json()).data.activeTargets.map(({ health, lastError }) => ({ health, lastError }));
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
