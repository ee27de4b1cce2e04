// A PostgreSQL of our own for a suite: a cluster in a temporary folder, on a free port, killed and brought back at will.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { soon } from './person.mjs';
import { freePort } from './redis.mjs';
import { ROOT } from './server.mjs';
import { until } from './serving.mjs';

const run = promisify(execFile);

export class Postgres {
  static async start() {
    const postgres = new Postgres();
    postgres.folder = mkdtempSync(path.join(os.tmpdir(), 'homeroom-postgres-'));
    postgres.port = await freePort();
    await postgres.begin();
    return postgres;
  }

  /** Starts it where it was, on what it had written. */
  async begin() {
    const spawned = () => spawn(path.join(ROOT, 'tests/postgres'), [this.folder, `${this.port}`], { stdio: 'ignore' });
    this.child = spawned();
    const answers = async () => {
      // It ends at once where somebody else had its port for a moment.
      if (this.child.exitCode !== null) this.child = spawned();
      return this.ask('postgres', 'select 1').then(() => true, () => false);
    };
    await soon(until(answers), 'PostgreSQL to start', 60_000);
  }

  url(database) {
    return `postgres://homeroom@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs statements; yields what they print, a line a row. */
  async ask(database, ...statements) {
    const commands = statements.flatMap((statement) => ['-c', statement]);
    const { stdout } = await run('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', this.url(database), ...commands]);
    return stdout.trim();
  }

  /** The URL of a schema of its own that a script has filled. */
  async filled(schema, script) {
    await this.ask('postgres', `create schema ${schema}`, `set search_path to ${schema}`, script);
    return `${this.url('postgres')}?options[search_path]=${schema}`;
  }

  /** The URL of a demo district of one's own. */
  district(schema) {
    return this.filled(schema, readFileSync(path.join(ROOT, 'namespaces/district.sql'), 'utf8'));
  }

  /** The URL of a platform of another shape, as somebody sees it who may only use its views. */
  async mapped(database) {
    await this.ask('postgres', `create database ${database}`);
    for (const script of ['namespaces/district.sql', 'tests/databases/skillcore.sql']) {
      await this.ask(database, readFileSync(path.join(ROOT, script), 'utf8'));
    }
    return `${this.url(database).replace('homeroom@', 'realtime@')}?options[search_path]=homeroom`;
  }

  /** Ends it as a power cut would; `begin` brings it back. */
  async kill(signal = 'SIGKILL') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  async end() {
    await this.kill('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
