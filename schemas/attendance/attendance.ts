// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

/** Marking attendance, live; the marks themselves are in the database. */
export const NAMESPACE = '/attendance';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '269c4e0ee391a27bd6f9872a60381780';

/** What a client may send. */
export const CLIENT_EVENTS = {
  ATTENDANCE_JOIN: 'attendance:join',
  ATTENDANCE_LEAVE: 'attendance:leave',
  ATTENDANCE_MARK: 'attendance:mark',
  ATTENDANCE_BULK_MARK: 'attendance:bulk-mark',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  ATTENDANCE_MARKED: 'attendance.marked',
  ATTENDANCE_BULK_MARKED: 'attendance.bulk-marked',
  ATTENDANCE_INTERVENTION_TRIGGERED: 'attendance.intervention-triggered',
  ATTENDANCE_PATTERN_DETECTED: 'attendance.pattern-detected',
} as const;

/** Everything that can be the answer when it is no. */
export type RefusalCode =
  | 'UNAUTHENTICATED'
  | 'TOKEN_EXPIRED'
  | 'UNAUTHORIZED'
  | 'NOT_IN_ROOM'
  | 'INVALID_PAYLOAD'
  | 'UNKNOWN_EVENT'
  | 'RATE_LIMITED'
  | 'NOT_FOUND'
  | 'FULL'
  | 'BUSY'
  | 'TOO_MANY_CONNECTIONS'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNAVAILABLE'
  | 'TIMEOUT'
  | 'INTERNAL'
  | 'NOT_IN_CLASS';

/** What is sent as binary. */
export type Binary = ArrayBuffer | Uint8Array;

export interface AttendanceBulkMarked {
  classId: Id;
  date: Date;
  total: number;
  summary: Summary;
  markedBy: Id;
  timestamp: Timestamp;
}

export interface AttendanceMarked {
  classId: Id;
  studentId: Id;
  date: Date;
  status: Status;
  markedBy: Id;
  timestamp: Timestamp;
  note?: Note;
}

export interface AttendancePatternDetected {
  classId: Id;
  schoolId: Id;
  studentId: Id;
  pattern: string;
  occurrences: number;
  timestamp: Timestamp;
}

export interface ClassRef {
  classId: Id;
}

export type Date = string;

export type Id = string;

export interface InterventionTriggered {
  classId: Id;
  schoolId: Id;
  studentId: Id;
  reason: string;
  consecutiveAbsences: number;
  timestamp: Timestamp;
}

export type Note = string;

export type Status = 'PRESENT' | 'ABSENT' | 'LATE' | 'EXCUSED';

export interface Summary {
  PRESENT: number;
  ABSENT: number;
  LATE: number;
  EXCUSED: number;
}

export type Timestamp = string;

export interface AttendanceJoinPayload {
  classId: Id;
  date?: Date;
}

export interface AttendanceJoinSuccess {
  success: true;
  data: {
    classId: string;
    date: string;
    marks?: Array<{
      studentId: string;
      status: 'PRESENT' | 'ABSENT' | 'LATE' | 'EXCUSED';
      markedBy: string;
      markedAt: string;
      note?: string;
    }>;
  };
}

export interface AttendanceJoinFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AttendanceJoinAck = AttendanceJoinSuccess | AttendanceJoinFailure;

export type AttendanceLeavePayload = ClassRef;

export interface AttendanceLeaveSuccess {
  success: true;
  data: {
    classId: string;
  };
}

export interface AttendanceLeaveFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AttendanceLeaveAck = AttendanceLeaveSuccess | AttendanceLeaveFailure;

export interface AttendanceMarkPayload {
  classId: Id;
  studentId: Id;
  status: Status;
  date?: Date;
  note?: Note;
}

export interface AttendanceMarkSuccess {
  success: true;
  data: {
    classId: string;
    studentId: string;
    date: string;
    status: 'PRESENT' | 'ABSENT' | 'LATE' | 'EXCUSED';
  };
}

export interface AttendanceMarkFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'NOT_IN_CLASS' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AttendanceMarkAck = AttendanceMarkSuccess | AttendanceMarkFailure;

export interface AttendanceBulkMarkPayload {
  classId: Id;
  records: Array<{
    studentId: Id;
    status: Status;
    note?: Note;
  }>;
  date?: Date;
}

export interface AttendanceBulkMarkSuccess {
  success: true;
  data: {
    classId: string;
    date: string;
    total: number;
    summary: {
      PRESENT: number;
      ABSENT: number;
      LATE: number;
      EXCUSED: number;
    };
  };
}

export interface AttendanceBulkMarkFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'NOT_IN_CLASS' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AttendanceBulkMarkAck = AttendanceBulkMarkSuccess | AttendanceBulkMarkFailure;

export type HomeroomTokenPayload = string;

export interface HomeroomTokenSuccess {
  success: true;
  data: {
    expiresAt: string;
  };
}

export interface HomeroomTokenFailure {
  success: false;
  error: string;
  code: 'UNAUTHENTICATED' | 'TOKEN_EXPIRED' | 'UNAUTHORIZED' | 'INVALID_PAYLOAD' | 'RATE_LIMITED' | 'BUSY' | 'PAYLOAD_TOO_LARGE' | 'UNAVAILABLE' | 'TIMEOUT' | 'INTERNAL';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type HomeroomTokenAck = HomeroomTokenSuccess | HomeroomTokenFailure;

/** What a client may send. */
export interface ClientToServerEvents {
  /**
   * Follows the attendance of a class; answered with the marks of a day, as far as the asker may see them.
   * For whoever may enter `class:<classId>:watchers`; or may enter `class:<classId>`.
   * Limit: 5 per 60s.
   */
  'attendance:join': (payload: AttendanceJoinPayload, ack?: (answer: AttendanceJoinAck) => void) => void;
  /**
   * Follows it no longer.
   * For whoever is in `class:<classId>` or `class:<classId>:watchers`.
   */
  'attendance:leave': (payload: AttendanceLeavePayload, ack?: (answer: AttendanceLeaveAck) => void) => void;
  /**
   * Marks one student, today or on another day.
   * For whoever is in `class:<classId>:staff`.
   * Limit: 60 per 60s.
   * NOT_IN_CLASS: This student is not enrolled in the class.
   */
  'attendance:mark': (payload: AttendanceMarkPayload, ack?: (answer: AttendanceMarkAck) => void) => void;
  /**
   * Marks many students at once: all of them, or none.
   * For whoever is in `class:<classId>:staff`.
   * Limit: 10 per 60s.
   * NOT_IN_CLASS: This student is not enrolled in the class.
   */
  'attendance:bulk-mark': (payload: AttendanceBulkMarkPayload, ack?: (answer: AttendanceBulkMarkAck) => void) => void;
  /**
   * Hands in a fresh token of the same user on this connection, which then lasts as long as that one.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'homeroom:token': (payload: HomeroomTokenPayload, ack?: (answer: HomeroomTokenAck) => void) => void;
}

/** A student was marked; told to that student, the parents, staff and counselors. */
export type AttendanceMarkedWSEvent = AttendanceMarked;

export type AttendanceMarkedWSCEvent = AttendanceMarkedWSEvent;

/** Many students were marked; says how many of each status, and nobody's name. */
export type AttendanceBulkMarkedWSEvent = AttendanceBulkMarked;

export type AttendanceBulkMarkedWSCEvent = AttendanceBulkMarkedWSEvent;

/** A student was absent several times in a row, and somebody should look after them. */
export type InterventionTriggeredWSEvent = InterventionTriggered;

export type InterventionTriggeredWSCEvent = InterventionTriggeredWSEvent;

/** A student is absent again and again in the same way. */
export type AttendancePatternDetectedWSEvent = AttendancePatternDetected;

export type AttendancePatternDetectedWSCEvent = AttendancePatternDetectedWSEvent;

/** What a client is told when an event without an ack is refused, or a room is lost. */
export interface EventRefused {
  event: string;
  error: string;
  code: RefusalCode;
  retryAfterMs?: number;
  errors?: Array<{ path: string; message: string }>;
  room?: string;
}

/** What a client may receive. */
export interface ServerToClientEvents {
  /** A student was marked; told to that student, the parents, staff and counselors. */
  'attendance.marked': (data: AttendanceMarkedWSCEvent) => void;
  /** Many students were marked; says how many of each status, and nobody's name. */
  'attendance.bulk-marked': (data: AttendanceBulkMarkedWSCEvent) => void;
  /** A student was absent several times in a row, and somebody should look after them. */
  'attendance.intervention-triggered': (data: InterventionTriggeredWSCEvent) => void;
  /** A student is absent again and again in the same way. */
  'attendance.pattern-detected': (data: AttendancePatternDetectedWSCEvent) => void;
  /** An event that asked for no ack was refused. */
  error: (refusal: EventRefused) => void;
}

/** What is handed over when connecting. */
export type Auth = {
  token: string;
  contract?: string;
};

/** A connection to `/attendance`: `const socket: AttendanceSocket = io(NAMESPACE, { auth })`. */
export type AttendanceSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
