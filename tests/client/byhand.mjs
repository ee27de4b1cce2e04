// Speaking to a server byte by byte, as those do who mean no good.
import net from 'node:net';

/** A TCP connection that sends `text` and nothing more. Yields `{ socket, ended, text }`; `ended`: when the server ends it, with
    all that it said. */
export function speak(server, text = '') {
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  let said = '';
  socket.setEncoding('latin1').on('data', (chunk) => (said += chunk)).on('error', () => {});
  const ended = new Promise((done) => socket.once('close', () => done(said)));
  socket.write(text);
  return { socket, ended, text: () => said };
}

/** The request that opens a WebSocket. */
export const UPGRADE = ['GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''].join('\r\n');

/** A client's frame, masked with nothing. */
export function frame(body, { opcode = 1, length = Buffer.byteLength(body) } = {}) {
  const head = length < 126 ? [0x80 | opcode, 0x80 | length] : [0x80 | opcode, 0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(body)]);
}
