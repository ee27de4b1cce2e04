// What each event does.
import Ajv from 'ajv';
import jwt from 'jsonwebtoken';
import { RateLimiterMemory } from 'rate-limiter-flexible';

const ajv = new Ajv();
const classId = { type: 'string', maxLength: 64, pattern: '^class-[0-9]+$' };
const id = { type: 'string', minLength: 1, maxLength: 64 };
const seq = { type: 'integer', minimum: 0 };
const closed = (properties) =>
  ajv.compile({ type: 'object', additionalProperties: false, required: Object.keys(properties), properties });
const valid = {
  join: closed({ classId }),
  typing: closed({ classId, studentId: id, assignmentId: id, isTyping: { type: 'boolean' }, seq }),
  announce: closed({ classId, seq, text: { type: 'string', minLength: 1, maxLength: 2000 } }),
};

export function serveBench(io, state, secret) {
  const limits = new RateLimiterMemory({ points: 100_000, duration: 1 });
  const bench = io.of('/bench');

  bench.use((socket, next) => {
    try {
      const { sub, role } = jwt.verify(socket.handshake.auth.token, secret, { algorithms: ['HS256'] });
      if (role !== 'TEACHER' && role !== 'STUDENT') return next(new Error('UNAUTHORIZED'));
      socket.data.user = { id: sub, role };
      next();
    } catch {
      next(new Error('UNAUTHENTICATED'));
    }
  });

  bench.on('connection', (socket) => {
    const { user } = socket.data;

    /** Handles an event: limit, schema, then what it does; whatever it throws with a code is told. */
    const on = (event, handle) =>
      socket.on(event, async (payload, ack) => {
        try {
          await limits.consume(`${socket.id}:${event}`).catch(() => refuse('RATE_LIMITED'));
          if (!valid[event](payload)) refuse('INVALID_PAYLOAD');
          ack?.({ success: true, data: await handle(payload) });
        } catch (error) {
          ack?.({ success: false, code: error.code ?? 'INTERNAL' });
        }
      });

    on('join', ({ classId }) => {
      const room = `class:${classId}`;
      socket.join(room);
      bench.to(room).emit('joined', { classId, userId: user.id, role: user.role, timestamp: new Date().toISOString() });
      return { classId };
    });

    on('typing', async ({ classId, studentId, assignmentId, isTyping, seq }) => {
      const room = roomOf(socket, classId);
      const since = new Date().toISOString();
      await state.put(`class:${classId}:typing`, user.id, JSON.stringify({ userId: user.id, assignmentId, since }));
      const timestamp = new Date().toISOString();
      socket.to(room).emit('typing', { classId, studentId, assignmentId, isTyping, userId: user.id, seq, timestamp });
      return { seq };
    });

    on('announce', ({ classId, seq, text }) => {
      socket.to(roomOf(socket, classId)).emit('announce', { classId, userId: user.id, seq, text });
      return { seq };
    });
  });
}

function roomOf(socket, classId) {
  const room = `class:${classId}`;
  if (!socket.rooms.has(room)) refuse('NOT_IN_ROOM');
  return room;
}

function refuse(code) {
  throw Object.assign(new Error(code), { code });
}
