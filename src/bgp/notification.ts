/** NOTIFICATION messages: why a session ends (RFC 4271 §4.5, §6), and the error that carries one. */
import { printable } from '../model/value.ts';
import { BGP_VERSION } from './constants.ts';

export interface Notification {
  readonly errorCode: number;
  readonly errorSubcode: number;
  readonly data: Uint8Array;
}

/** Error codes, each with its subcodes by name. */
export const ErrorCode = {
  HEADER: 1,
  OPEN: 2,
  UPDATE: 3,
  HOLD_TIMER: 4,
  FSM: 5,
  CEASE: 6,
  ROUTE_REFRESH: 7,
  SEND_HOLD_TIMER: 8, // RFC 9687
} as const;

export const HeaderError = { NOT_SYNCHRONIZED: 1, BAD_LENGTH: 2, BAD_TYPE: 3 } as const;
export const OpenError = {
  UNSPECIFIC: 0,
  UNSUPPORTED_VERSION: 1,
  BAD_PEER_AS: 2,
  BAD_IDENTIFIER: 3,
  UNSUPPORTED_PARAMETER: 4,
  UNACCEPTABLE_HOLD_TIME: 6,
  UNSUPPORTED_CAPABILITY: 7, // RFC 5492 §5
} as const;
export const UpdateError = {
  MALFORMED_ATTRIBUTE_LIST: 1,
  UNRECOGNIZED_WELL_KNOWN: 2,
  OPTIONAL_ATTRIBUTE: 9,
  INVALID_NETWORK_FIELD: 10,
} as const;
/** RFC 4486. */
export const Cease = {
  ADMINISTRATIVE_SHUTDOWN: 2,
  PEER_DECONFIGURED: 3,
  ADMINISTRATIVE_RESET: 4,
  CONNECTION_REJECTED: 5,
  COLLISION: 7,
} as const;

/** What a decoder throws, and what the session then sends before it closes. */
export class NotificationError extends Error implements Notification {
  readonly errorCode: number;
  readonly errorSubcode: number;
  readonly data: Uint8Array;

  constructor(errorCode: number, errorSubcode: number, data: Uint8Array = new Uint8Array()) {
    super(describeNotification({ errorCode, errorSubcode, data }));
    this.name = 'NotificationError';
    this.errorCode = errorCode;
    this.errorSubcode = errorSubcode;
    this.data = data;
  }
}

/** RFC 4271 §6.2: the data of this one is the version that is spoken. */
export function unsupportedVersion(): NotificationError {
  return new NotificationError(
    ErrorCode.OPEN,
    OpenError.UNSUPPORTED_VERSION,
    Uint8Array.of(0, BGP_VERSION),
  );
}

/** RFC 9003 §2: a reason for people, at most 255 bytes of UTF-8; what is longer is cut between characters. */
export function shutdownCommunication(text: string): Uint8Array {
  const bytes = new Uint8Array(255);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return Uint8Array.of(written, ...bytes.subarray(0, written));
}

const SUBCODES: Readonly<Record<number, readonly [string, Readonly<Record<number, string>>]>> = {
  [ErrorCode.HEADER]: [
    'Message Header Error',
    { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  ],
  [ErrorCode.OPEN]: [
    'OPEN Message Error',
    {
      1: 'Unsupported Version Number',
      2: 'Bad Peer AS',
      3: 'Bad BGP Identifier',
      4: 'Unsupported Optional Parameter',
      6: 'Unacceptable Hold Time',
      7: 'Unsupported Capability',
    },
  ],
  [ErrorCode.UPDATE]: [
    'UPDATE Message Error',
    {
      1: 'Malformed Attribute List',
      2: 'Unrecognized Well-known Attribute',
      3: 'Missing Well-known Attribute',
      4: 'Attribute Flags Error',
      5: 'Attribute Length Error',
      6: 'Invalid ORIGIN Attribute',
      8: 'Invalid NEXT_HOP Attribute',
      9: 'Optional Attribute Error',
      10: 'Invalid Network Field',
      11: 'Malformed AS_PATH',
    },
  ],
  [ErrorCode.HOLD_TIMER]: ['Hold Timer Expired', {}],
  [ErrorCode.FSM]: [
    'Finite State Machine Error',
    // RFC 6608
    { 1: 'message in OpenSent', 2: 'message in OpenConfirm', 3: 'message in Established' },
  ],
  [ErrorCode.CEASE]: [
    'Cease',
    {
      1: 'Maximum Number of Prefixes Reached',
      2: 'Administrative Shutdown',
      3: 'Peer De-configured',
      4: 'Administrative Reset',
      5: 'Connection Rejected',
      6: 'Other Configuration Change',
      7: 'Connection Collision Resolution',
      8: 'Out of Resources',
      9: 'Hard Reset',
    },
  ],
  [ErrorCode.ROUTE_REFRESH]: ['ROUTE-REFRESH Message Error', {}],
  [ErrorCode.SEND_HOLD_TIMER]: ['Send Hold Timer Expired', {}],
};

/** One line for a log, such as 'Cease/Administrative Shutdown: "maintenance"'. */
export function describeNotification(notification: Notification): string {
  const { errorCode, errorSubcode } = notification;
  const [name, subcodes] = SUBCODES[errorCode] ?? [`error ${errorCode}`, {}];
  const detail = subcodes[errorSubcode] ?? (errorSubcode === 0 ? undefined : String(errorSubcode));
  const text = communicationOf(notification);
  return `${name}${detail === undefined ? '' : `/${detail}`}${text === '' ? '' : `: "${printable(text, 255)}"`}`;
}

function communicationOf({ errorCode, errorSubcode, data }: Notification): string {
  const has =
    errorCode === ErrorCode.CEASE &&
    (errorSubcode === Cease.ADMINISTRATIVE_SHUTDOWN || errorSubcode === Cease.ADMINISTRATIVE_RESET);
  const length = data[0] ?? 0;
  if (!has || length === 0 || length >= data.length) return '';
  return new TextDecoder().decode(data.subarray(1, 1 + length));
}
