// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

/** Conversations, read receipts, typing and presence. */
export const NAMESPACE = '/messaging';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '3ae3b468c5bac5cc15e7d7c651ea7aeb';

/** What a client may send. */
export const CLIENT_EVENTS = {
  CONVERSATION_JOIN: 'conversation:join',
  CONVERSATION_LEAVE: 'conversation:leave',
  MESSAGE_SEND: 'message:send',
  MESSAGE_READ: 'message:read',
  USER_TYPING: 'user:typing',
  USER_STOP_TYPING: 'user:stop-typing',
  PRESENCE_UPDATE: 'presence:update',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  MESSAGE_NEW: 'message.new',
  MESSAGE_READ: 'message.read',
  MESSAGE_UPDATED: 'message.updated',
  MESSAGE_DELETED: 'message.deleted',
  USER_TYPING: 'user:typing',
  PRESENCE_STATUS: 'presence.status',
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

export interface Attachment {
  attachmentId: Id;
  name: string;
  url: string;
  mimeType: string;
  size: number;
}

export type Attachments = Attachment[];

export type Body = string;

export interface ConversationRef {
  conversationId: Id;
}

export interface ConversationUserJoined {
  conversationId: Id;
  userId: Id;
  role: Role;
  timestamp: Timestamp;
  userName?: Name;
}

export interface ConversationUserLeft {
  conversationId: Id;
  userId: Id;
  timestamp: Timestamp;
}

export type Id = string;

export interface MessageDeleted {
  messageId: Id;
  conversationId: Id;
  timestamp: Timestamp;
  deletedBy?: Id;
}

export interface MessageNew {
  messageId: Id;
  conversationId: Id;
  senderId: Id;
  senderName: Name;
  body: Body;
  timestamp: Timestamp;
  clientMessageId?: Id;
  attachments?: Attachments;
}

export interface MessageRead {
  messageId: Id;
  conversationId: Id;
  userId: Id;
  timestamp: Timestamp;
}

export interface MessageUpdated {
  messageId: Id;
  conversationId: Id;
  body: Body;
  timestamp: Timestamp;
  editedBy?: Id;
}

export type Name = string;

export type Positions = Record<string, string>;

export interface PresenceStatus {
  userId: Id;
  status: Status;
  timestamp: Timestamp;
}

export type Role = 'TEACHER' | 'STUDENT' | 'PARENT' | 'ADMIN' | 'DISTRICT_ADMIN' | 'COUNSELOR';

export type Status = 'ONLINE' | 'AWAY' | 'OFFLINE';

export type Timestamp = string;

export interface TypingIndicator {
  conversationId: Id;
  userId: Id;
  isTyping: boolean;
  userName?: Name;
}

export interface ConversationJoinPayload {
  conversationId: Id;
  since?: Positions;
}

export interface ConversationJoinSuccess {
  success: true;
  data: {
    conversationId: string;
    participants: Array<{
      userId: string;
      userName: string;
    }>;
    typing: Record<string, {
        userId: string;
        userName: string;
        since: string;
      }>;
    recovered: boolean;
    at: Record<string, string>;
  };
}

export interface ConversationJoinFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type ConversationJoinAck = ConversationJoinSuccess | ConversationJoinFailure;

export type ConversationLeavePayload = ConversationRef;

export interface ConversationLeaveSuccess {
  success: true;
  data: {
    conversationId: string;
  };
}

export interface ConversationLeaveFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type ConversationLeaveAck = ConversationLeaveSuccess | ConversationLeaveFailure;

export interface MessageSendPayload {
  conversationId: Id;
  clientMessageId: Id;
  body: Body;
  attachments?: Attachments;
}

export interface MessageSendSuccess {
  success: true;
  data: {
    messageId?: string;
    timestamp?: string;
    duplicate: boolean;
  };
}

export interface MessageSendFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type MessageSendAck = MessageSendSuccess | MessageSendFailure;

export interface MessageReadPayload {
  conversationId: Id;
  messageId: Id;
}

export interface MessageReadSuccess {
  success: true;
  data: {
    messageId: string;
  };
}

export interface MessageReadFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type MessageReadAck = MessageReadSuccess | MessageReadFailure;

export type UserTypingPayload = ConversationRef;

export interface UserTypingSuccess {
  success: true;
}

export interface UserTypingFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type UserTypingAck = UserTypingSuccess | UserTypingFailure;

export type UserStopTypingPayload = ConversationRef;

export interface UserStopTypingSuccess {
  success: true;
}

export interface UserStopTypingFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type UserStopTypingAck = UserStopTypingSuccess | UserStopTypingFailure;

export interface PresenceUpdatePayload {
  status: Status;
}

export interface PresenceUpdateSuccess {
  success: true;
  data: {
    status: 'ONLINE' | 'AWAY' | 'OFFLINE';
  };
}

export interface PresenceUpdateFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type PresenceUpdateAck = PresenceUpdateSuccess | PresenceUpdateFailure;

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
   * Opens a conversation; answered with who is there and who is typing.
   * Limit: 20 per 60s.
   */
  'conversation:join': (payload: ConversationJoinPayload, ack?: (answer: ConversationJoinAck) => void) => void;
  /**
   * Closes a conversation.
   * For whoever is in `conversation:<conversationId>`.
   */
  'conversation:leave': (payload: ConversationLeavePayload, ack?: (answer: ConversationLeaveAck) => void) => void;
  /**
   * Sends a message; sent again with the same client id, it is still one message.
   * For whoever is in `conversation:<conversationId>`.
   * Limit: 30 per 10s.
   */
  'message:send': (payload: MessageSendPayload, ack?: (answer: MessageSendAck) => void) => void;
  /**
   * Says that a message was read.
   * For whoever is in `conversation:<conversationId>`.
   * Limit: 60 per 10s.
   */
  'message:read': (payload: MessageReadPayload, ack?: (answer: MessageReadAck) => void) => void;
  /**
   * Says that one is typing; it ends by itself after five seconds.
   * For whoever is in `conversation:<conversationId>`.
   * Limit: 20 per 10s.
   */
  'user:typing': (payload: UserTypingPayload, ack?: (answer: UserTypingAck) => void) => void;
  /**
   * Says that one has stopped typing.
   * For whoever is in `conversation:<conversationId>`.
   * Limit: 20 per 10s.
   */
  'user:stop-typing': (payload: UserStopTypingPayload, ack?: (answer: UserStopTypingAck) => void) => void;
  /**
   * Sets one's status; it ends by itself after five minutes.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'presence:update': (payload: PresenceUpdatePayload, ack?: (answer: PresenceUpdateAck) => void) => void;
  /**
   * Hands in a fresh token of the same user on this connection, which then lasts as long as that one.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'homeroom:token': (payload: HomeroomTokenPayload, ack?: (answer: HomeroomTokenAck) => void) => void;
}

/** A new message in a conversation. */
export type MessageNewWSEvent = MessageNew;

export type MessageNewWSCEvent = MessageNewWSEvent;

/** A member has read a message. */
export type MessageReadWSEvent = MessageRead;

export type MessageReadWSCEvent = MessageReadWSEvent;

/** A message was edited. */
export type MessageUpdatedWSEvent = MessageUpdated;

export type MessageUpdatedWSCEvent = MessageUpdatedWSEvent;

/** A message was deleted. */
export type MessageDeletedWSEvent = MessageDeleted;

export type MessageDeletedWSCEvent = MessageDeletedWSEvent;

/** A member is typing, or has stopped. */
export type TypingIndicatorWSEvent = TypingIndicator;

export type TypingIndicatorWSCEvent = TypingIndicatorWSEvent;

/** Somebody one talks with is online, away or offline. */
export type PresenceStatusWSEvent = PresenceStatus;

export type PresenceStatusWSCEvent = PresenceStatusWSEvent;

/** A member has opened the conversation, with their first connection. */
export type UserJoinedWSEvent = ConversationUserJoined;

export type UserJoinedWSCEvent = UserJoinedWSEvent;

/** A member has closed the conversation, with their last connection. */
export type UserLeftWSEvent = ConversationUserLeft;

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
  /** A new message in a conversation. */
  'message.new': (data: MessageNewWSCEvent, at?: Record<string, string>) => void;
  /** A member has read a message. */
  'message.read': (data: MessageReadWSCEvent, at?: Record<string, string>) => void;
  /** A message was edited. */
  'message.updated': (data: MessageUpdatedWSCEvent, at?: Record<string, string>) => void;
  /** A message was deleted. */
  'message.deleted': (data: MessageDeletedWSCEvent, at?: Record<string, string>) => void;
  /** A member is typing, or has stopped. */
  'user:typing': (data: TypingIndicatorWSCEvent) => void;
  /** Somebody one talks with is online, away or offline. */
  'presence.status': (data: PresenceStatusWSCEvent, at?: Record<string, string>) => void;
  /** A member has opened the conversation, with their first connection. */
  'user:joined': (data: UserJoinedWSCEvent, at?: Record<string, string>) => void;
  /** A member has closed the conversation, with their last connection. */
  'user:left': (data: UserLeftWSCEvent, at?: Record<string, string>) => void;
  /** An event that asked for no ack was refused. */
  error: (refusal: EventRefused) => void;
}

/** What is handed over when connecting. */
export type Auth = {
  token: string;
  contract?: string;
};

/** A connection to `/messaging`: `const socket: MessagingSocket = io(NAMESPACE, { auth })`. */
export type MessagingSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
