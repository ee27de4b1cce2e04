// What must not compile: each line below the sign is a mistake that the types must find.
import { io } from 'socket.io-client';
import type { Auth, ClientToServerEvents, GradePostedWSCEventByRole, GradebookSocket, RefusalCode, ServerToClientEvents } from './made/gradebook.js';

declare const socket: GradebookSocket;
declare const grade: GradePostedWSCEventByRole['STUDENT'];

// @ts-expect-error an event that is not there
socket.emit('gradebook:jion', { classId: 'a' });
// @ts-expect-error no payload
socket.emit('gradebook:join');
// @ts-expect-error a property is missing
socket.emit('gradebook:typing', { classId: 'a' });
// @ts-expect-error a property of another type
socket.emit('gradebook:typing', { classId: 'a', isTyping: 'yes' });
// @ts-expect-error a property that is not there
socket.emit('gradebook:join', { classId: 'a', room: 'b' });
// @ts-expect-error an event that only the server sends
socket.emit('grade.posted', {});
// @ts-expect-error an event that is never received
socket.on('grade.post', () => {});
// @ts-expect-error a property that the event lacks
socket.on('grade.posted', (data) => data.points);
// @ts-expect-error an optional property taken for granted
socket.on('grade.posted', (data) => data.comment.length);
// @ts-expect-error the data of an answer that may be a refusal
socket.emit('gradebook:join', { classId: 'a' }, (answer) => answer.data);
// @ts-expect-error a code that nothing is refused with
export const code: RefusalCode = 'NO_SUCH_CODE';
// @ts-expect-error a student does not see it
export const note = grade.privateNote;
// @ts-expect-error a token is needed
export const auth: Auth = {};
// @ts-expect-error the two directions mixed up
export const event: keyof ClientToServerEvents = 'grade.posted' satisfies keyof ServerToClientEvents;
// @ts-expect-error a connection to something else
export const plain: GradebookSocket = io('/gradebook').emit;
