// A Redis of our own for a suite: on a free port, in memory alone, killed, paused and brought back at will.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import { until } from './serving.mjs';
import { soon } from './person.mjs';

const run = promisify(execFile);

/** A port that nobody listens on. */
export async function freePort() {
  // Below those that the system gives to connections: whoever keeps connecting to a server that is away could take its port.
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = net.createServer().listen(port, '127.0.0.1');
    const [free] = await Promise.race([once(server, 'listening').then(() => [true]), once(server, 'error').then(() => [false])]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

export class Redis {
  static async start() {
    const redis = new Redis();
    redis.port = await freePort();
    redis.url = `redis://127.0.0.1:${redis.port}`;
    await redis.begin();
    return redis;
  }

  /** Starts it, empty, where it was. */
  async begin() {
    this.child = spawn('redis-server', ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
    await soon(until(() => this.ask('PING').then((said) => said === 'PONG', () => false)), 'Redis to start');
  }

  async ask(...command) {
    const { stdout } = await run('redis-cli', ['-p', `${this.port}`, ...command]);
    return stdout.trim();
  }

  /** Keys that would stay for ever. */
  async everlasting() {
    const keys = (await this.ask('--scan')).split('\n').filter(Boolean);
    const lives = await Promise.all(keys.map(async (key) => [key, Number(await this.ask('PTTL', key))]));
    return lives.filter(([, ms]) => ms === -1).map(([key]) => key);
  }

  pause() {
    this.child.kill('SIGSTOP');
  }

  resume() {
    this.child.kill('SIGCONT');
  }

  async kill() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
