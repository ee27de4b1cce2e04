// The work of bench/README.md on Socket.IO for Node: ENGINE is `ws` or `uws`; with REDIS_URL the adapter and the state are Redis's.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { serveBench } from './bench.mjs';
import { memoryState, redisState } from './state.mjs';

const port = Number(process.env.PORT ?? 0);
const io = new Server({ transports: ['polling', 'websocket'] });
let state = memoryState();
if (process.env.REDIS_URL) {
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  const keeper = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect(), keeper.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
  state = redisState(keeper);
}
serveBench(io, state, process.env.JWT_SECRET);

const told = (port) => console.log(`listening on http://127.0.0.1:${port}`);
if (process.env.ENGINE === 'uws') {
  const require = createRequire(import.meta.url);
  const uws = require('@trufflesuite/uws-js-unofficial');
  if (!Object.keys(require.cache).some((file) => file.endsWith('.node'))) throw new Error('this is not the native one');
  const app = uws.App();
  io.attachApp(app);
  app.listen('127.0.0.1', port, (socket) => {
    if (!socket) throw new Error('no port');
    told(uws.us_socket_local_port(socket));
  });
} else {
  const server = createServer();
  io.attach(server);
  server.listen(port, '127.0.0.1', 4096, () => told(server.address().port));
}
