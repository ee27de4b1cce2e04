// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

/** Live grades, line items and typing indicators of a class. */
export const NAMESPACE = '/gradebook';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '57b8dd851ec0b5f89472854af5b8d224';

/** What a client may send. */
export const CLIENT_EVENTS = {
  GRADEBOOK_JOIN: 'gradebook:join',
  GRADEBOOK_LEAVE: 'gradebook:leave',
  GRADEBOOK_TYPING: 'gradebook:typing',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  ROOMS_JOINED: 'rooms.joined',
  GRADE_POSTED: 'grade.posted',
  GRADE_UPDATED: 'grade.updated',
  LINEITEM_CREATED: 'lineitem.created',
  LINEITEM_UPDATED: 'lineitem.updated',
  GRADEBOOK_NOTICE: 'gradebook.notice',
  GRADEBOOK_TYPING: 'gradebook:typing',
  USER_JOINED: 'user:joined',
  USER_LEFT: 'user:left',
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
  | 'INTERNAL';

/** What is sent as binary. */
export type Binary = ArrayBuffer | Uint8Array;

export interface Grade {
  gradeId: Id;
  classId: Id;
  assignmentId: Id;
  studentId: Id;
  schoolId: Id;
  score: number;
  maxScore: number;
  postedBy: Id;
  timestamp: Timestamp;
  lineItemId?: Id;
  previousScore?: number;
  letter?: string;
  comment?: Note;
  privateNote?: Note;
}

export interface GradebookNotice {
  classId: Id;
  assignmentId: Id;
  kind: 'grade.posted' | 'grade.updated';
  timestamp: Timestamp;
}

export type Id = string;

export interface LineItem {
  lineItemId: Id;
  classId: Id;
  title: string;
  timestamp: Timestamp;
  assignmentId?: Id;
  maxScore?: number;
  dueAt?: Timestamp;
}

export type Name = string;

export type Note = string;

export type Positions = Record<string, string>;

export interface Recovery {
  recovered: boolean;
  at: Positions;
}

export type Role = 'TEACHER' | 'STUDENT' | 'PARENT' | 'ADMIN' | 'DISTRICT_ADMIN' | 'COUNSELOR';

export type Timestamp = string;

export interface TypingIndicator {
  classId: Id;
  userId: Id;
  isTyping: boolean;
  userName?: Name;
}

export interface UserJoined {
  userId: Id;
  role: Role;
  timestamp: Timestamp;
  userName?: Name;
}

export interface UserLeft {
  userId: Id;
  timestamp: Timestamp;
}

export interface GradebookJoinPayload {
  classId: Id;
  sessionId?: Id;
  assignmentId?: Id;
  since?: Positions;
}

export interface GradebookJoinSuccess {
  success: true;
  data: {
    classId: string;
    onlineUsers: number;
    sessionUsers?: number;
    typing?: Record<string, {
        userId: string;
        userName: string;
        since: string;
      }>;
    recovered: boolean;
    at: Record<string, string>;
  };
}

export interface GradebookJoinFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type GradebookJoinAck = GradebookJoinSuccess | GradebookJoinFailure;

export interface GradebookLeavePayload {
  classId: Id;
  sessionId?: Id;
  assignmentId?: Id;
}

export interface GradebookLeaveSuccess {
  success: true;
  data: {
    classId: string;
  };
}

export interface GradebookLeaveFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type GradebookLeaveAck = GradebookLeaveSuccess | GradebookLeaveFailure;

export interface GradebookTypingPayload {
  classId: Id;
  isTyping: boolean;
  assignmentId?: Id;
}

export interface GradebookTypingSuccess {
  success: true;
  data: {
    isTyping: boolean;
  };
}

export interface GradebookTypingFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type GradebookTypingAck = GradebookTypingSuccess | GradebookTypingFailure;

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
   * Opens the gradebook of a class, and a session and an assignment of it where they are named.
   * Limit: 5 per 60s.
   */
  'gradebook:join': (payload: GradebookJoinPayload, ack?: (answer: GradebookJoinAck) => void) => void;
  /**
   * Closes what was opened.
   * For whoever is in `class:<classId>`.
   */
  'gradebook:leave': (payload: GradebookLeavePayload, ack?: (answer: GradebookLeaveAck) => void) => void;
  /**
   * Tells the other staff of the class that one edits the book, or no longer does.
   * For whoever is in `class:<classId>:staff`.
   * Limit: 10 per 10s.
   */
  'gradebook:typing': (payload: GradebookTypingPayload, ack?: (answer: GradebookTypingAck) => void) => void;
  /**
   * Hands in a fresh token of the same user on this connection, which then lasts as long as that one.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'homeroom:token': (payload: HomeroomTokenPayload, ack?: (answer: HomeroomTokenAck) => void) => void;
}

/** For who hands over `since` as it connects, if only `{}`. Whether nothing is missing, and where to begin. */
export type RecoveryWSEvent = Recovery;

export type RecoveryWSCEvent = RecoveryWSEvent;

/** A new grade, as far as its receiver may see it. */
export type GradePostedWSEvent = Grade;

export type GradePostedWSCEvent = Omit<GradePostedWSEvent, 'privateNote'> & Partial<Pick<GradePostedWSEvent, 'privateNote'>>;

/** The same, by the role of who receives it. */
export interface GradePostedWSCEventByRole {
  STUDENT: Omit<GradePostedWSEvent, 'privateNote'>;
  PARENT: Omit<GradePostedWSEvent, 'privateNote'>;
  TEACHER: GradePostedWSEvent;
  COUNSELOR: GradePostedWSEvent;
  ADMIN: GradePostedWSEvent;
  DISTRICT_ADMIN: GradePostedWSEvent;
}

/** A changed grade, as far as its receiver may see it. */
export type GradeUpdatedWSEvent = Grade;

export type GradeUpdatedWSCEvent = Omit<GradeUpdatedWSEvent, 'privateNote'> & Partial<Pick<GradeUpdatedWSEvent, 'privateNote'>>;

/** The same, by the role of who receives it. */
export interface GradeUpdatedWSCEventByRole {
  STUDENT: Omit<GradeUpdatedWSEvent, 'privateNote'>;
  PARENT: Omit<GradeUpdatedWSEvent, 'privateNote'>;
  TEACHER: GradeUpdatedWSEvent;
  COUNSELOR: GradeUpdatedWSEvent;
  ADMIN: GradeUpdatedWSEvent;
  DISTRICT_ADMIN: GradeUpdatedWSEvent;
}

/** The book of a class has a new column. */
export type LineItemCreatedWSEvent = LineItem;

export type LineItemCreatedWSCEvent = LineItemCreatedWSEvent;

/** A column of the book has changed. */
export type LineItemUpdatedWSEvent = LineItem;

export type LineItemUpdatedWSCEvent = LineItemUpdatedWSEvent;

/** Grades of an assignment have come or changed; says neither whose nor which. */
export type GradebookNoticeWSEvent = GradebookNotice;

export type GradebookNoticeWSCEvent = GradebookNoticeWSEvent;

/** Somebody of the staff edits the book, or no longer does. */
export type TypingIndicatorWSEvent = TypingIndicator;

export type TypingIndicatorWSCEvent = TypingIndicatorWSEvent;

/** A user has opened the gradebook of the class, with their first connection. */
export type UserJoinedWSEvent = UserJoined;

export type UserJoinedWSCEvent = UserJoinedWSEvent;

/** A user has closed the gradebook of the class, with their last connection. */
export type UserLeftWSEvent = UserLeft;

export type UserLeftWSCEvent = UserLeftWSEvent;

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
  /** For who hands over `since` as it connects, if only `{}`. Whether nothing is missing, and where to begin. */
  'rooms.joined': (data: RecoveryWSCEvent) => void;
  /** A new grade, as far as its receiver may see it. */
  'grade.posted': (data: GradePostedWSCEvent, at?: Record<string, string>) => void;
  /** A changed grade, as far as its receiver may see it. */
  'grade.updated': (data: GradeUpdatedWSCEvent, at?: Record<string, string>) => void;
  /** The book of a class has a new column. */
  'lineitem.created': (data: LineItemCreatedWSCEvent, at?: Record<string, string>) => void;
  /** A column of the book has changed. */
  'lineitem.updated': (data: LineItemUpdatedWSCEvent, at?: Record<string, string>) => void;
  /** Grades of an assignment have come or changed; says neither whose nor which. */
  'gradebook.notice': (data: GradebookNoticeWSCEvent, at?: Record<string, string>) => void;
  /** Somebody of the staff edits the book, or no longer does. */
  'gradebook:typing': (data: TypingIndicatorWSCEvent) => void;
  /** A user has opened the gradebook of the class, with their first connection. */
  'user:joined': (data: UserJoinedWSCEvent, at?: Record<string, string>) => void;
  /** A user has closed the gradebook of the class, with their last connection. */
  'user:left': (data: UserLeftWSCEvent, at?: Record<string, string>) => void;
  /** An event that asked for no ack was refused. */
  error: (refusal: EventRefused) => void;
}

/** What is handed over when connecting. */
export type Auth = {
  token: string;
  contract?: string;
} & {
  since?: Positions;
  [key: string]: unknown;
};

/** A connection to `/gradebook`: `const socket: GradebookSocket = io(NAMESPACE, { auth })`. */
export type GradebookSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
