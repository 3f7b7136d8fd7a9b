import type { UbusTable } from './value.ts';

/** ubus status codes (enum ubus_msg_status of libubus); the `ubus` command exits with them. */
export const UbusStatus = {
  OK: 0,
  INVALID_COMMAND: 1,
  INVALID_ARGUMENT: 2,
  METHOD_NOT_FOUND: 3,
  NOT_FOUND: 4,
  NO_DATA: 5,
  PERMISSION_DENIED: 6,
  TIMEOUT: 7,
  NOT_SUPPORTED: 8,
  UNKNOWN_ERROR: 9,
  CONNECTION_FAILED: 10,
  NO_MEMORY: 11,
  PARSE_ERROR: 12,
  SYSTEM_ERROR: 13,
} as const;

export type UbusStatusName = keyof typeof UbusStatus;

const NAMES = new Map<number, UbusStatusName>(
  Object.entries(UbusStatus).map(([name, status]) => [status, name as UbusStatusName]),
);

/** 'NOT_FOUND' of 4; 'UNKNOWN_ERROR' of a number that has no name. */
export function statusName(status: number): UbusStatusName {
  return NAMES.get(status) ?? 'UNKNOWN_ERROR';
}

/** 'not found' of 4. */
export function statusText(status: number): string {
  return NAMES.has(status)
    ? statusName(status).toLowerCase().replaceAll('_', ' ')
    : `status ${status}`;
}

export interface UbusErrorOptions extends ErrorOptions {
  /** Answered along with the status; ubus has no words for errors otherwise. */
  readonly data?: UbusTable;
}

/** What a peer, ubusd or the connection refused; thrown by a method, it is the answer. */
export class UbusError extends Error {
  readonly status: number;
  /** The name of `status`. */
  readonly code: UbusStatusName;
  readonly data: UbusTable | undefined;

  constructor(status: number, message: string, options: UbusErrorOptions = {}) {
    super(message, options);
    this.name = 'UbusError';
    this.status = status;
    this.code = statusName(status);
    this.data = options.data;
  }
}
