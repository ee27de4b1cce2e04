// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

/** Polls, whiteboard, raised hands and who is there, while a class is held. */
export const NAMESPACE = '/live-class';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '1026ebc74a29b0bc00669515586b3d32';

/** What a client may send. */
export const CLIENT_EVENTS = {
  CLASS_JOIN: 'class:join',
  CLASS_LEAVE: 'class:leave',
  POLL_STARTED: 'poll.started',
  POLL_SUBMIT: 'poll.submit',
  POLL_RESULTS: 'poll.results',
  WHITEBOARD_DRAW: 'whiteboard.draw',
  HAND_RAISED: 'hand-raised',
  HAND_LOWERED: 'hand-lowered',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  USER_JOINED: 'user:joined',
  USER_LEFT: 'user:left',
  POLL_STARTED: 'poll.started',
  POLL_SUBMIT: 'poll.submit',
  POLL_RESULTS: 'poll.results',
  WHITEBOARD_DRAW: 'whiteboard.draw',
  HAND_RAISED: 'hand-raised',
  HAND_LOWERED: 'hand-lowered',
  CLASS_ENDED: 'class.ended',
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
  | 'ALREADY_RAISED'
  | 'ALREADY_VOTED'
  | 'INVALID_OPTION'
  | 'POLL_CLOSED'
  | 'POLL_EXISTS'
  | 'POLL_NOT_FOUND';

/** What is sent as binary. */
export type Binary = ArrayBuffer | Uint8Array;

export interface ClassEnded {
  classId: Id;
  timestamp: Timestamp;
  sessionId?: Id;
  reason?: Text;
}

export interface ClassRef {
  classId: Id;
}

export interface HandLowered {
  classId: Id;
  userId: Id;
  loweredBy: Id;
  timestamp: Timestamp;
}

export interface HandRaised {
  classId: Id;
  userId: Id;
  userName: Name;
  position: number;
  timestamp: Timestamp;
}

export type Id = string;

export type Name = string;

export type Options = Text[];

export interface PollResults {
  classId: Id;
  pollId: Id;
  question: Text;
  results: Array<{
    option: Text;
    votes: number;
  }>;
  total: number;
  timestamp: Timestamp;
}

export interface PollStarted {
  classId: Id;
  pollId: Id;
  question: Text;
  options: Options;
  startedBy: Id;
  timestamp: Timestamp;
  durationSeconds?: Seconds;
}

export interface PollSubmitted {
  classId: Id;
  pollId: Id;
  userId: Id;
  option: number;
  responses: number;
  timestamp: Timestamp;
}

export type Role = 'TEACHER' | 'STUDENT' | 'PARENT' | 'ADMIN' | 'DISTRICT_ADMIN' | 'COUNSELOR';

export type Seconds = number;

export interface Stroke {
  points: Array<number[]>;
  color?: string;
  width?: number;
  tool?: 'pen' | 'eraser' | 'highlighter';
}

export type Text = string;

export type Timestamp = string;

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

export interface WhiteboardDrawn {
  sessionId: Id;
  userId: Id;
  stroke: Stroke;
  timestamp: Timestamp;
}

export interface ClassJoinPayload {
  classId: Id;
  sessionId: Id;
}

export interface ClassJoinSuccess {
  success: true;
  data: {
    classId: string;
    sessionId: string;
    participants: Array<{
      userId: string;
      userName: string;
      role: 'TEACHER' | 'STUDENT' | 'PARENT' | 'COUNSELOR' | 'ADMIN' | 'DISTRICT_ADMIN';
    }>;
    poll?: {
      pollId: string;
      question: string;
      options: string[];
      startedBy: string;
      startedAt: string;
    };
    myVote?: {
      option: number;
      at: string;
    };
    strokes: Array<{
      userId: string;
      stroke: {
        points: Array<number[]>;
        color?: string;
        width?: number;
        tool?: 'pen' | 'eraser' | 'highlighter';
      };
      timestamp: string;
    }>;
    hands: Array<{
      userId: string;
      userName: string;
      timestamp: string;
    }>;
  };
}

export interface ClassJoinFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type ClassJoinAck = ClassJoinSuccess | ClassJoinFailure;

export interface ClassLeavePayload {
  classId: Id;
  sessionId?: Id;
}

export interface ClassLeaveSuccess {
  success: true;
  data: {
    classId: string;
  };
}

export interface ClassLeaveFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type ClassLeaveAck = ClassLeaveSuccess | ClassLeaveFailure;

export interface PollStartedPayload {
  classId: Id;
  pollId: Id;
  question: Text;
  options: Options;
  durationSeconds?: Seconds;
}

export interface PollStartedSuccess {
  success: true;
  data: {
    pollId: string;
  };
}

export interface PollStartedFailure {
  success: false;
  error: string;
  code: 'ALREADY_RAISED' | 'ALREADY_VOTED' | 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_OPTION' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'POLL_CLOSED' | 'POLL_EXISTS' | 'POLL_NOT_FOUND' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type PollStartedAck = PollStartedSuccess | PollStartedFailure;

export interface PollSubmitPayload {
  classId: Id;
  pollId: Id;
  option: number;
}

export interface PollSubmitSuccess {
  success: true;
  data: {
    pollId: string;
    option: number;
  };
}

export interface PollSubmitFailure {
  success: false;
  error: string;
  code: 'ALREADY_VOTED' | 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_OPTION' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'POLL_CLOSED' | 'POLL_NOT_FOUND' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type PollSubmitAck = PollSubmitSuccess | PollSubmitFailure;

export interface PollResultsPayload {
  classId: Id;
  pollId: Id;
}

export interface PollResultsSuccess {
  success: true;
  data: {
    pollId: string;
    results: Array<{
      option: string;
      votes: number;
      [key: string]: unknown;
    }>;
    total: number;
  };
}

export interface PollResultsFailure {
  success: false;
  error: string;
  code: 'ALREADY_RAISED' | 'ALREADY_VOTED' | 'BUSY' | 'INTERNAL' | 'INVALID_OPTION' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'POLL_CLOSED' | 'POLL_EXISTS' | 'POLL_NOT_FOUND' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type PollResultsAck = PollResultsSuccess | PollResultsFailure;

export interface WhiteboardDrawPayload {
  sessionId: Id;
  stroke: Stroke;
}

export interface WhiteboardDrawSuccess {
  success: true;
}

export interface WhiteboardDrawFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type WhiteboardDrawAck = WhiteboardDrawSuccess | WhiteboardDrawFailure;

export type HandRaisedPayload = ClassRef;

export interface HandRaisedSuccess {
  success: true;
  data: {
    position: number;
  };
}

export interface HandRaisedFailure {
  success: false;
  error: string;
  code: 'ALREADY_RAISED' | 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type HandRaisedAck = HandRaisedSuccess | HandRaisedFailure;

export interface HandLoweredPayload {
  classId: Id;
  userId?: Id;
}

export interface HandLoweredSuccess {
  success: true;
  data: {
    classId: string;
  };
}

export interface HandLoweredFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type HandLoweredAck = HandLoweredSuccess | HandLoweredFailure;

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
   * Enters a class that is held; answered with all that a late joiner has missed.
   * Limit: 5 per 60s.
   */
  'class:join': (payload: ClassJoinPayload, ack?: (answer: ClassJoinAck) => void) => void;
  /**
   * Leaves the class, and the whiteboard of the session that is named.
   * For whoever is in `class:<classId>`.
   */
  'class:leave': (payload: ClassLeavePayload, ack?: (answer: ClassLeaveAck) => void) => void;
  /**
   * Opens a poll; one that is still open is closed and counted first.
   * For whoever is in `class:<classId>:staff`.
   * Limit: 10 per 60s.
   * ALREADY_RAISED: Your hand is up.
   * ALREADY_VOTED: You have voted.
   * INVALID_OPTION: There is no such option.
   * POLL_CLOSED: The poll is closed.
   * POLL_EXISTS: There is already a poll with this id.
   * POLL_NOT_FOUND: There is no such poll.
   */
  'poll.started': (payload: PollStartedPayload, ack?: (answer: PollStartedAck) => void) => void;
  /**
   * A student votes, once a poll.
   * For whoever is in `class:<classId>`, and has the role `STUDENT`.
   * Limit: 10 per 60s.
   * ALREADY_VOTED: You have voted.
   * INVALID_OPTION: There is no such option.
   * POLL_CLOSED: The poll is closed.
   * POLL_NOT_FOUND: There is no such poll.
   */
  'poll.submit': (payload: PollSubmitPayload, ack?: (answer: PollSubmitAck) => void) => void;
  /**
   * Closes a poll, and tells everyone how it came out.
   * For whoever is in `class:<classId>:staff`.
   * Limit: 20 per 60s.
   * ALREADY_RAISED: Your hand is up.
   * ALREADY_VOTED: You have voted.
   * INVALID_OPTION: There is no such option.
   * POLL_CLOSED: The poll is closed.
   * POLL_EXISTS: There is already a poll with this id.
   * POLL_NOT_FOUND: There is no such poll.
   */
  'poll.results': (payload: PollResultsPayload, ack?: (answer: PollResultsAck) => void) => void;
  /**
   * Draws a stroke on the whiteboard of a session.
   * For whoever is in `whiteboard:<sessionId>`.
   * Limit: 120 per 1s, drop.
   */
  'whiteboard.draw': (payload: WhiteboardDrawPayload, ack?: (answer: WhiteboardDrawAck) => void) => void;
  /**
   * Raises one's hand.
   * For whoever is in `class:<classId>`.
   * Limit: 10 per 60s.
   * ALREADY_RAISED: Your hand is up.
   */
  'hand-raised': (payload: HandRaisedPayload, ack?: (answer: HandRaisedAck) => void) => void;
  /**
   * Lowers one's hand; staff may lower anyone's.
   * For whoever is in `class:<classId>:staff`; or is in `class:<classId>`, and `userId | default(user.id) == user.id` holds.
   * Limit: 20 per 60s.
   */
  'hand-lowered': (payload: HandLoweredPayload, ack?: (answer: HandLoweredAck) => void) => void;
  /**
   * Hands in a fresh token of the same user on this connection, which then lasts as long as that one.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'homeroom:token': (payload: HomeroomTokenPayload, ack?: (answer: HomeroomTokenAck) => void) => void;
}

/** A user has entered the class, with their first connection. */
export type UserJoinedWSEvent = UserJoined;

export type UserJoinedWSCEvent = UserJoinedWSEvent;

/** A user has left the class, with their last connection. */
export type UserLeftWSEvent = UserLeft;

export type UserLeftWSCEvent = UserLeftWSEvent;

/** A poll is open. */
export type PollStartedWSEvent = PollStarted;

export type PollStartedWSCEvent = PollStartedWSEvent;

/** A student has voted; told to staff only. */
export type PollSubmittedWSEvent = PollSubmitted;

export type PollSubmittedWSCEvent = PollSubmittedWSEvent;

/** A poll is closed, and this is how it came out. */
export type PollResultsWSEvent = PollResults;

export type PollResultsWSCEvent = PollResultsWSEvent;

/** Somebody has drawn a stroke. */
export type WhiteboardDrawWSEvent = WhiteboardDrawn;

export type WhiteboardDrawWSCEvent = WhiteboardDrawWSEvent;

/** A hand is up, and this is its place in the queue. */
export type HandRaisedWSEvent = HandRaised;

export type HandRaisedWSCEvent = HandRaisedWSEvent;

/** A hand is down, and this is who lowered it. */
export type HandLoweredWSEvent = HandLowered;

export type HandLoweredWSCEvent = HandLoweredWSEvent;

/** The class is over. */
export type ClassEndedWSEvent = ClassEnded;

export type ClassEndedWSCEvent = ClassEndedWSEvent;

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
  /** A user has entered the class, with their first connection. */
  'user:joined': (data: UserJoinedWSCEvent) => void;
  /** A user has left the class, with their last connection. */
  'user:left': (data: UserLeftWSCEvent) => void;
  /** A poll is open. */
  'poll.started': (data: PollStartedWSCEvent) => void;
  /** A student has voted; told to staff only. */
  'poll.submit': (data: PollSubmittedWSCEvent) => void;
  /** A poll is closed, and this is how it came out. */
  'poll.results': (data: PollResultsWSCEvent) => void;
  /** Somebody has drawn a stroke. */
  'whiteboard.draw': (data: WhiteboardDrawWSCEvent) => void;
  /** A hand is up, and this is its place in the queue. */
  'hand-raised': (data: HandRaisedWSCEvent) => void;
  /** A hand is down, and this is who lowered it. */
  'hand-lowered': (data: HandLoweredWSCEvent) => void;
  /** The class is over. */
  'class.ended': (data: ClassEndedWSCEvent) => void;
  /** An event that asked for no ack was refused. */
  error: (refusal: EventRefused) => void;
}

/** What is handed over when connecting. */
export type Auth = {
  token: string;
  contract?: string;
};

/** A connection to `/live-class`: `const socket: LiveClassSocket = io(NAMESPACE, { auth })`. */
export type LiveClassSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
