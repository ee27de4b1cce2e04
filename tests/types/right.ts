// What must compile: the exported modules, used as their readers would.
import { io } from 'socket.io-client';
import * as gradebook from './made/gradebook.js';
import type { GradePostedWSCEvent, GradePostedWSCEventByRole, GradePostedWSEvent, GradebookSocket } from './made/gradebook.js';
import type { LiveClassSocket } from './made/live-class.js';
import type { MessagingSocket } from './made/messaging.js';

const auth: gradebook.Auth = { token: 'a.b.c', contract: gradebook.CONTRACT };
const socket: GradebookSocket = io(gradebook.NAMESPACE, { auth });

export async function join(): Promise<number> {
  const answer = await socket.timeout(5000).emitWithAck('gradebook:join', { classId: 'math-101' });
  if (!answer.success) {
    const code: gradebook.RefusalCode = answer.code;
    throw new Error(`${code}: ${answer.error} ${answer.retryAfterMs ?? ''}`);
  }
  return answer.data.onlineUsers;
}

socket.emit(gradebook.CLIENT_EVENTS.GRADEBOOK_TYPING, { classId: 'math-101', isTyping: true });
socket.emit('gradebook:typing', { classId: 'math-101', isTyping: true }, (answer) => {
  if (answer.success) answer.data.isTyping satisfies boolean;
});
socket.on('grade.posted', (grade) => {
  grade.score satisfies number;
  grade.privateNote satisfies string | undefined;
});
socket.on(gradebook.SERVER_EVENTS.GRADEBOOK_TYPING, (typing) => typing.isTyping satisfies boolean);
socket.on('error', (refusal) => refusal.code satisfies gradebook.RefusalCode);

export function shown(grade: GradePostedWSEvent): GradePostedWSCEvent {
  return grade;
}
export type OfStudent = GradePostedWSCEventByRole['STUDENT'];
export type Sockets = LiveClassSocket | MessagingSocket;
