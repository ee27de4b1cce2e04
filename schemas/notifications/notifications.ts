// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

/** Notifications to a user, a role, a school, a district or everyone. Those of a user are kept for an hour, for devices that are away. */
export const NAMESPACE = '/notifications';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = 'e975149a20ba49a5d5a2f310d6a6f152';

/** What a client may send. */
export const CLIENT_EVENTS = {
  NOTIFICATION_READ: 'notification:read',
  NOTIFICATION_DISMISS: 'notification:dismiss',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  ROOMS_JOINED: 'rooms.joined',
  NOTIFICATION_RECEIVED: 'notification.received',
  NOTIFICATION_READ: 'notification.read',
  NOTIFICATION_DISMISSED: 'notification.dismissed',
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
  | 'NO_TENANT';

/** What is sent as binary. */
export type Binary = ArrayBuffer | Uint8Array;

export type Id = string;

export interface Notification {
  notificationId: Id;
  type: 'GRADE_POSTED' | 'ASSIGNMENT_DUE' | 'ATTENDANCE_ALERT' | 'MESSAGE_RECEIVED' | 'INTERVENTION_ALERT' | 'SYSTEM_ANNOUNCEMENT' | 'ASSESSMENT_AVAILABLE' | 'GENERAL';
  priority: 'urgent' | 'high' | 'normal' | 'low';
  title: string;
  timestamp: Timestamp;
  body?: string;
  actionUrl?: string;
  data?: Record<string, unknown>;
}

export interface NotificationRead {
  notificationId: Id;
  timestamp: Timestamp;
}

export type Positions = Record<string, string>;

export interface Recovery {
  recovered: boolean;
  at: Positions;
}

export type Role = 'TEACHER' | 'STUDENT' | 'PARENT' | 'ADMIN' | 'DISTRICT_ADMIN' | 'COUNSELOR';

export type Timestamp = string;

export interface NotificationReadPayload {
  notificationId: Id;
}

export interface NotificationReadSuccess {
  success: true;
  data: {
    notificationId: string;
    timestamp: string;
  };
}

export interface NotificationReadFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type NotificationReadAck = NotificationReadSuccess | NotificationReadFailure;

export interface NotificationDismissPayload {
  notificationId: Id;
}

export interface NotificationDismissSuccess {
  success: true;
  data: {
    notificationId: string;
    timestamp: string;
  };
}

export interface NotificationDismissFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type NotificationDismissAck = NotificationDismissSuccess | NotificationDismissFailure;

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
   * Marks a notification of one's own as read.
   * For anyone who is connected.
   * Limit: 60 per 60s.
   * NOT_FOUND: No such notification.
   */
  'notification:read': (payload: NotificationReadPayload, ack?: (answer: NotificationReadAck) => void) => void;
  /**
   * Puts a notification of one's own away.
   * For anyone who is connected.
   * Limit: 60 per 60s.
   * NOT_FOUND: No such notification.
   */
  'notification:dismiss': (payload: NotificationDismissPayload, ack?: (answer: NotificationDismissAck) => void) => void;
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

/** A new notification. */
export type NotificationReceivedWSEvent = Notification;

export type NotificationReceivedWSCEvent = NotificationReceivedWSEvent;

/** The user has read a notification on another device. */
export type NotificationReadWSEvent = NotificationRead;

export type NotificationReadWSCEvent = NotificationReadWSEvent;

/** The user has put a notification away on another device. */
export type NotificationDismissedWSEvent = NotificationRead;

export type NotificationDismissedWSCEvent = NotificationDismissedWSEvent;

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
  /** A new notification. */
  'notification.received': (data: NotificationReceivedWSCEvent, at?: Record<string, string>) => void;
  /** The user has read a notification on another device. */
  'notification.read': (data: NotificationReadWSCEvent, at?: Record<string, string>) => void;
  /** The user has put a notification away on another device. */
  'notification.dismissed': (data: NotificationDismissedWSCEvent, at?: Record<string, string>) => void;
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

/** A connection to `/notifications`: `const socket: NotificationsSocket = io(NAMESPACE, { auth })`. */
export type NotificationsSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
