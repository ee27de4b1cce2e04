// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

export const NAMESPACE = '/a';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '19f50ea94724e1b52e61216bd2d4ec75';

/** What a client may send. */
export const CLIENT_EVENTS = {
  WHO: 'who',
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

export interface WhoSuccess {
  success: true;
  data: string;
}

export interface WhoFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type WhoAck = WhoSuccess | WhoFailure;

/** What a client may send. */
export interface ClientToServerEvents {
  /** For anyone who is connected. */
  who: (ack?: (answer: WhoAck) => void) => void;
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
  contract?: string;
} & {
  name: string;
};

/** A connection to `/a`: `const socket: ASocket = io(NAMESPACE, { auth })`. */
export type ASocket = Socket<ServerToClientEvents, ClientToServerEvents>;
