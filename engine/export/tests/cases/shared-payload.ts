// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

export const NAMESPACE = '/a';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '518170a52518f3bf55abb21fcb78222a';

/** What a client may send. */
export const CLIENT_EVENTS = {
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  MADE: 'made',
  CHANGED: 'changed',
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

export interface Item {
  id: string;
}

/** What a client may send. */
export interface ClientToServerEvents {
}

export type ItemWSEvent = Item;

export type ItemWSCEvent = ItemWSEvent;

export type ChangedWSEvent = Item;

export type ChangedWSCEvent = ChangedWSEvent;

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
  made: (data: ItemWSCEvent) => void;
  changed: (data: ChangedWSCEvent) => void;
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
