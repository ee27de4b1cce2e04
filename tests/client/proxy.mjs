// A TCP proxy of our own between whoever talks: it delays, throttles, holds back one direction or both, and cuts. Over
// several targets it is a small balancer.
//
// What is held back is not lost: like packets on a line that is down, it comes when the line is back, if the connection
// still stands by then. No end of a connection is told through a direction that is held.
import { once } from 'node:events';
import net from 'node:net';

/** What one connection keeps for one direction before it stops reading. */
const KEPT_MAX = 256 * 1024;
/** What may come instead of bytes. */
const END = [];
const RESET = [];

/** What becomes of one direction of every connection. */
class Line {
  constructor() {
    this.waiting = new Set();
    this.mend();
  }

  /** Passes everything on at once. */
  mend() {
    this.set({});
  }

  set({ held = false, delayMs = 0, bytesPerSecond = Infinity }) {
    Object.assign(this, { held, delayMs, bytesPerSecond });
    if (held) return;
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  async open(link) {
    while (this.held && !link.closed) await link.woken((wake) => this.waiting.add(wake));
  }
}

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

/** One connection through the proxy. */
class Link {
  constructor(proxy, client, server) {
    Object.assign(this, { proxy, client, server, closed: false, wakes: new Set() });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    Promise.all([this.carry(client, server, proxy.up), this.carry(server, client, proxy.down)]).then(() => this.close());
  }

  /** Carries all that comes from one end to the other, in order, as the line allows. */
  async carry(from, to, line) {
    const kept = [];
    let bytes = 0;
    let wake = () => {};
    const keep = (chunk) => {
      kept.push([performance.now() + line.delayMs, chunk]);
      bytes += chunk.length;
      if (bytes > KEPT_MAX) from.pause();
      wake();
    };
    from.on('data', keep).on('end', () => keep(END)).on('close', (failed) => failed && keep(RESET));
    from.resume(); // the proxy takes connections paused, so that nothing is lost before this listens
    while (!this.closed) {
      if (kept.length === 0) {
        await this.woken((by) => (wake = by));
        continue;
      }
      const [due, chunk] = kept.shift();
      if (due > performance.now()) await rest(due - performance.now());
      await line.open(this);
      if (this.closed) return;
      if (chunk === END) return to.end();
      if (chunk === RESET) return this.close(true);
      bytes -= chunk.length;
      if (bytes <= KEPT_MAX) from.resume();
      this.proxy.carried += chunk.length;
      if (line.bytesPerSecond < Infinity) await rest((chunk.length / line.bytesPerSecond) * 1000);
      if (!to.write(chunk)) await this.woken((wake) => to.once('drain', wake));
    }
  }

  /** Waits until it is woken by whoever is given the means to, or is closed. */
  woken(give) {
    if (this.closed) return undefined;
    return new Promise((done) => {
      const wake = () => (this.wakes.delete(wake), done());
      this.wakes.add(wake);
      give(wake);
    });
  }

  /** Ends both ends, with RST where `rudely`. */
  close(rudely = false) {
    if (this.closed) return;
    this.closed = true;
    this.proxy.links.delete(this);
    for (const socket of [this.client, this.server]) rudely ? socket.resetAndDestroy() : socket.destroy();
    for (const wake of [...this.wakes]) wake();
  }
}

export class Proxy {
  /** A proxy to the first port of `targets()` that takes a connection; each connection begins one further on. */
  static async start(targets) {
    const proxy = new Proxy();
    Object.assign(proxy, { targets, up: new Line(), down: new Line(), links: new Set(), carried: 0, turn: 0, refusing: false });
    proxy.listener = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => proxy.take(client));
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    proxy.port = proxy.listener.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    return proxy;
  }

  async take(client) {
    client.on('error', () => {});
    if (this.refusing) return client.resetAndDestroy();
    const ports = this.targets();
    this.turn += 1;
    for (let at = 0; at < ports.length; at++) {
      const server = net.connect({ port: ports[(this.turn + at) % ports.length], host: '127.0.0.1', allowHalfOpen: true });
      if (await once(server, 'connect').then(() => true, () => false)) {
        if (client.destroyed) return server.destroy();
        this.links.add(new Link(this, client, server));
        return;
      }
    }
    client.resetAndDestroy();
  }

  /** Everything passes again, at once. */
  mend() {
    this.refusing = false;
    this.up.mend();
    this.down.mend();
  }

  /** All that passes takes so much longer, each way. */
  delay(delayMs) {
    this.up.set({ delayMs });
    this.down.set({ delayMs });
  }

  /** So much passes in a second, each way, on each connection. */
  throttle(bytesPerSecond) {
    this.up.set({ bytesPerSecond });
    this.down.set({ bytesPerSecond });
  }

  /** Connections are taken, and nothing passes. */
  blackhole() {
    this.up.set({ held: true });
    this.down.set({ held: true });
  }

  /** Nothing passes towards the target (`up`) or from it (`down`); the other way all does. */
  halfOpen(way) {
    this[way].set({ held: true });
  }

  /** Resets every connection for which `which` holds. */
  cut(which = () => true) {
    for (const link of [...this.links]) if (which(link)) link.close(true);
  }

  /** Resets every connection, and each new one, until it is mended. */
  cutOff() {
    this.refusing = true;
    this.cut();
  }

  async stop() {
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.cutOff();
    await closed;
  }
}
