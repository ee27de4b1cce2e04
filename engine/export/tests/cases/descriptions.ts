// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

export const NAMESPACE = '/a';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '1d5e6869020e5e30ca8476a221d1c529';

/** What a client may send. */
export const CLIENT_EVENTS = {
  MARK: 'mark',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
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

/** One mark of one student. */
export interface Mark {
  /** In percent. */
  value: number;
}

export type MarkPayload = Mark;

export interface MarkSuccess {
  success: true;
}

export interface MarkFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type MarkAck = MarkSuccess | MarkFailure;

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
   * Gives a mark.
   * It is told to nobody.
   * For anyone who is connected.
   */
  mark: (payload: MarkPayload, ack?: (answer: MarkAck) => void) => void;
  /**
   * Hands in a fresh token of the same user on this connection, which then lasts as long as that one.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'homeroom:token': (payload: HomeroomTokenPayload, ack?: (answer: HomeroomTokenAck) => void) => void;
}

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
  /** An event that asked for no ack was refused. */
  error: (refusal: EventRefused) => void;
}

/** What is handed over when connecting. */
export type Auth = {
  token: string;
  contract?: string;
};

/** A connection to `/a`: `const socket: ASocket = io(NAMESPACE, { auth })`. */
export type ASocket = Socket<ServerToClientEvents, ClientToServerEvents>;
