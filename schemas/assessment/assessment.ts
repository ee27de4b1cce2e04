// Made by `homeroom export`: change the definitions instead of this file.
import type { Socket } from 'socket.io-client';

/** Tests being taken - progress, time warnings and proctor alerts for staff; a student sees only their own. */
export const NAMESPACE = '/assessment';

/** What this module was made of; hand it over as `auth: { token, contract: CONTRACT }`. */
export const CONTRACT = '0008d6baced1913143644dde1a615862';

/** What a client may send. */
export const CLIENT_EVENTS = {
  ASSESSMENT_JOIN: 'assessment:join',
  ASSESSMENT_STARTED: 'assessment.started',
  ASSESSMENT_PROGRESS: 'assessment.progress',
  ASSESSMENT_SUBMITTED: 'assessment.submitted',
  ASSESSMENT_TIMER_WARNING: 'assessment.timer-warning',
  ASSESSMENT_PROCTOR_ALERT: 'assessment.proctor-alert',
  HOMEROOM_TOKEN: 'homeroom:token',
} as const;

/** What a client may receive. */
export const SERVER_EVENTS = {
  ASSESSMENT_STARTED: 'assessment.started',
  ASSESSMENT_PROGRESS: 'assessment.progress',
  ASSESSMENT_SUBMITTED: 'assessment.submitted',
  ASSESSMENT_TIMER_WARNING: 'assessment.timer-warning',
  ASSESSMENT_PROCTOR_ALERT: 'assessment.proctor-alert',
  ASSESSMENT_TIME_LIMIT_CHANGED: 'assessment.time-limit-changed',
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
  | 'ALREADY_SUBMITTED'
  | 'NOT_STARTED'
  | 'TOO_MANY_ANSWERS';

/** What is sent as binary. */
export type Binary = ArrayBuffer | Uint8Array;

export type Alert = 'TAB_SWITCH' | 'FULLSCREEN_EXIT' | 'COPY_PASTE' | 'MULTIPLE_FACES' | 'NO_FACE' | 'OTHER';

export interface AssessmentRef {
  assessmentId: Id;
}

export interface AssessmentStarted {
  assessmentId: Id;
  studentId: Id;
  studentName: Name;
  timestamp: Timestamp;
  timeLimitSeconds?: Seconds;
}

export interface AssessmentSubmitted {
  assessmentId: Id;
  studentId: Id;
  studentName: Name;
  timestamp: Timestamp;
}

export type Count = number;

export type Id = string;

export type Name = string;

export type Note = string;

export interface ProctorAlert {
  alertId: string;
  assessmentId: Id;
  studentId: Id;
  studentName: Name;
  kind: Alert;
  timestamp: Timestamp;
  detail?: Note;
}

export type Seconds = number;

export interface StudentProgress {
  assessmentId: Id;
  studentId: Id;
  studentName: Name;
  questionsAnswered: Count;
  totalQuestions: Count;
  timeElapsed: Seconds;
  timestamp: Timestamp;
}

export interface TimeLimitChanged {
  assessmentId: Id;
  timeLimitSeconds: Seconds;
  timestamp: Timestamp;
  studentId?: Id;
}

export interface TimerWarning {
  assessmentId: Id;
  studentId: Id;
  remainingSeconds: Seconds;
  timestamp: Timestamp;
}

export type Timestamp = string;

export type AssessmentJoinPayload = AssessmentRef;

export interface AssessmentJoinSuccess {
  success: true;
  data: {
    assessmentId: string;
    timeLimitSeconds?: number;
    progress?: Record<string, {
        studentId: string;
        studentName: string;
        questionsAnswered: 0;
        totalQuestions: 0;
        timeElapsed: 0;
        timestamp: string;
      } | {
        assessmentId: string;
        studentId: string;
        studentName: string;
        questionsAnswered: number;
        totalQuestions: number;
        timeElapsed: number;
        timestamp: string;
      }>;
    alerts?: Array<{
      alertId: string;
      assessmentId: string;
      studentId: string;
      studentName: string;
      kind: 'TAB_SWITCH' | 'FULLSCREEN_EXIT' | 'COPY_PASTE' | 'MULTIPLE_FACES' | 'NO_FACE' | 'OTHER';
      detail?: string;
      timestamp: string;
    }>;
    own?: {
      studentId: string;
      studentName: string;
      questionsAnswered: 0;
      totalQuestions: 0;
      timeElapsed: 0;
      timestamp: string;
    } | {
      assessmentId: string;
      studentId: string;
      studentName: string;
      questionsAnswered: number;
      totalQuestions: number;
      timeElapsed: number;
      timestamp: string;
    };
  };
}

export interface AssessmentJoinFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AssessmentJoinAck = AssessmentJoinSuccess | AssessmentJoinFailure;

export type AssessmentStartedPayload = AssessmentRef;

export interface AssessmentStartedSuccess {
  success: true;
  data: {
    assessmentId: string;
    timeLimitSeconds?: number;
  };
}

export interface AssessmentStartedFailure {
  success: false;
  error: string;
  code: 'ALREADY_SUBMITTED' | 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_FOUND' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AssessmentStartedAck = AssessmentStartedSuccess | AssessmentStartedFailure;

export interface AssessmentProgressPayload {
  assessmentId: Id;
  questionsAnswered: Count;
  totalQuestions: Count;
  timeElapsed: Seconds;
}

export interface AssessmentProgressSuccess {
  success: true;
}

export interface AssessmentProgressFailure {
  success: false;
  error: string;
  code: 'ALREADY_SUBMITTED' | 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'NOT_STARTED' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'TOO_MANY_ANSWERS' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AssessmentProgressAck = AssessmentProgressSuccess | AssessmentProgressFailure;

export type AssessmentSubmittedPayload = AssessmentRef;

export interface AssessmentSubmittedSuccess {
  success: true;
  data: {
    assessmentId: string;
  };
}

export interface AssessmentSubmittedFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'NOT_STARTED' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AssessmentSubmittedAck = AssessmentSubmittedSuccess | AssessmentSubmittedFailure;

export interface AssessmentTimerWarningPayload {
  assessmentId: Id;
  remainingSeconds: Seconds;
  studentId?: Id;
}

export interface AssessmentTimerWarningSuccess {
  success: true;
}

export interface AssessmentTimerWarningFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AssessmentTimerWarningAck = AssessmentTimerWarningSuccess | AssessmentTimerWarningFailure;

export interface AssessmentProctorAlertPayload {
  assessmentId: Id;
  kind: Alert;
  detail?: Note;
}

export interface AssessmentProctorAlertSuccess {
  success: true;
}

export interface AssessmentProctorAlertFailure {
  success: false;
  error: string;
  code: 'BUSY' | 'FULL' | 'INTERNAL' | 'INVALID_PAYLOAD' | 'NOT_IN_ROOM' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'TIMEOUT' | 'UNAUTHORIZED' | 'UNAVAILABLE';
  retryAfterMs?: number;
  errors?: Array<{
    path: string;
    message: string;
  }>;
}

export type AssessmentProctorAlertAck = AssessmentProctorAlertSuccess | AssessmentProctorAlertFailure;

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
   * Opens an assessment; staff are answered with everyone's progress and alerts, students with their own progress.
   * Limit: 10 per 60s.
   */
  'assessment:join': (payload: AssessmentJoinPayload, ack?: (answer: AssessmentJoinAck) => void) => void;
  /**
   * A student begins; from here on their time runs.
   * For whoever is in `assessment:<assessmentId>`, and has the role `STUDENT`.
   * Limit: 10 per 60s.
   * ALREADY_SUBMITTED: You have handed this in.
   */
  'assessment.started': (payload: AssessmentStartedPayload, ack?: (answer: AssessmentStartedAck) => void) => void;
  /**
   * A student reports how far they are.
   * For whoever is in `assessment:<assessmentId>`, and has the role `STUDENT`.
   * Limit: 30 per 60s.
   * ALREADY_SUBMITTED: You have handed this in.
   * NOT_STARTED: Start first.
   * TOO_MANY_ANSWERS: More answers than questions.
   */
  'assessment.progress': (payload: AssessmentProgressPayload, ack?: (answer: AssessmentProgressAck) => void) => void;
  /**
   * A student hands in, once.
   * For whoever is in `assessment:<assessmentId>`, and has the role `STUDENT`.
   * Limit: 5 per 60s.
   * NOT_STARTED: Start first.
   */
  'assessment.submitted': (payload: AssessmentSubmittedPayload, ack?: (answer: AssessmentSubmittedAck) => void) => void;
  /**
   * Warns a student that time is short; each student is warned once.
   * For whoever is in `assessment:<assessmentId>:staff`, and `assessment` and `student_in_class` finds something; or is in `assessment:<assessmentId>`, and has the role `STUDENT`, and `studentId | default(user.id) == user.id` holds.
   * Limit: 30 per 60s.
   */
  'assessment.timer-warning': (payload: AssessmentTimerWarningPayload, ack?: (answer: AssessmentTimerWarningAck) => void) => void;
  /**
   * A student's browser reports something that a proctor should see.
   * For whoever is in `assessment:<assessmentId>`, and has the role `STUDENT`.
   * Limit: 30 per 60s.
   */
  'assessment.proctor-alert': (payload: AssessmentProctorAlertPayload, ack?: (answer: AssessmentProctorAlertAck) => void) => void;
  /**
   * Hands in a fresh token of the same user on this connection, which then lasts as long as that one.
   * For anyone who is connected.
   * Limit: 10 per 60s.
   */
  'homeroom:token': (payload: HomeroomTokenPayload, ack?: (answer: HomeroomTokenAck) => void) => void;
}

/** A student has begun. */
export type AssessmentStartedWSEvent = AssessmentStarted;

export type AssessmentStartedWSCEvent = AssessmentStartedWSEvent;

/** How far a student is. */
export type AssessmentProgressWSEvent = StudentProgress;

export type AssessmentProgressWSCEvent = AssessmentProgressWSEvent;

/** A student has handed in. */
export type AssessmentSubmittedWSEvent = AssessmentSubmitted;

export type AssessmentSubmittedWSCEvent = AssessmentSubmittedWSEvent;

/** A student's time is short. */
export type TimerWarningWSEvent = TimerWarning;

export type TimerWarningWSCEvent = TimerWarningWSEvent;

/** Something was seen that a proctor should look at; told to staff only. */
export type ProctorAlertWSEvent = ProctorAlert;

export type ProctorAlertWSCEvent = ProctorAlertWSEvent;

/** The time limit is another now. */
export type TimeLimitChangedWSEvent = TimeLimitChanged;

export type TimeLimitChangedWSCEvent = TimeLimitChangedWSEvent;

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
  /** A student has begun. */
  'assessment.started': (data: AssessmentStartedWSCEvent) => void;
  /** How far a student is. */
  'assessment.progress': (data: AssessmentProgressWSCEvent) => void;
  /** A student has handed in. */
  'assessment.submitted': (data: AssessmentSubmittedWSCEvent) => void;
  /** A student's time is short. */
  'assessment.timer-warning': (data: TimerWarningWSCEvent) => void;
  /** Something was seen that a proctor should look at; told to staff only. */
  'assessment.proctor-alert': (data: ProctorAlertWSCEvent) => void;
  /** The time limit is another now. */
  'assessment.time-limit-changed': (data: TimeLimitChangedWSCEvent) => void;
  /** An event that asked for no ack was refused. */
  error: (refusal: EventRefused) => void;
}

/** What is handed over when connecting. */
export type Auth = {
  token: string;
  contract?: string;
};

/** A connection to `/assessment`: `const socket: AssessmentSocket = io(NAMESPACE, { auth })`. */
export type AssessmentSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
