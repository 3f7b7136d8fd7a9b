/**
 * Control frames of Frame Streams (fstrm/control.h of the reference implementation). Integers are big-endian.
 *
 *   escape: 0   length: 32 bit   type: 32 bit   fields: (field type: 32 bit, length: 32 bit, bytes) …
 */
import { DnstapError } from './dnstap-error.ts';

/** FSTRM_CONTROL_FRAME_LENGTH_MAX: bytes behind the length. */
export const CONTROL_MAX = 512;
/** FSTRM_CONTROL_FIELD_CONTENT_TYPE_LENGTH_MAX */
const CONTENT_TYPE_MAX = 256;
const CONTENT_TYPE_FIELD = 1;

const CONTENT_TYPE = Buffer.from('protobuf:dnstap.Dnstap');

/** fstrm_control_type */
export const CONTROL = { ACCEPT: 1, START: 2, STOP: 3, READY: 4, FINISH: 5 } as const;
export type ControlType = (typeof CONTROL)[keyof typeof CONTROL];

/** How many content types a frame may have; types that are not here are to be ignored. */
const CONTENT_TYPES_MAX = new Map<number, number>([
  [CONTROL.ACCEPT, Infinity],
  [CONTROL.START, 1],
  [CONTROL.STOP, 0],
  [CONTROL.READY, Infinity],
  [CONTROL.FINISH, 0],
]);

export interface ControlFrame {
  readonly type: ControlType;
  /** Says that it is about dnstap, or nothing about what it is: so the reference implementation matches. */
  readonly isDnstap: boolean;
}

/** What follows the length; undefined for a type of later versions. Throws DnstapError `control`. */
export function decodeControlFrame(payload: Buffer): ControlFrame | undefined {
  if (payload.length < 4) throw bad(`${payload.length} bytes`);
  const type = payload.readUInt32BE(0);
  const most = CONTENT_TYPES_MAX.get(type);
  if (most === undefined) return undefined;
  let count = 0;
  let matches = false;
  for (let offset = 4; offset < payload.length;) {
    if (payload.length - offset < 8) throw bad('field is cut off');
    const field = payload.readUInt32BE(offset);
    const length = payload.readUInt32BE(offset + 4);
    offset += 8;
    if (field !== CONTENT_TYPE_FIELD) throw bad(`field of type ${field}`);
    if (length > CONTENT_TYPE_MAX) throw bad(`content type of ${length} bytes`);
    if (length > payload.length - offset) throw bad('content type is cut off');
    if (CONTENT_TYPE.equals(payload.subarray(offset, offset + length))) matches = true;
    if (++count > most) throw bad(`type ${type} with ${count} content types`);
    offset += length;
  }
  return { type: type as ControlType, isDnstap: matches || count === 0 };
}

/** With escape and length; ACCEPT and START carry the content type. */
export function encodeControlFrame(type: ControlType): Buffer {
  const typed = type !== CONTROL.STOP && type !== CONTROL.FINISH;
  const fields = typed ? [u32(CONTENT_TYPE_FIELD), u32(CONTENT_TYPE.length), CONTENT_TYPE] : [];
  const payload = Buffer.concat([u32(type), ...fields]);
  return Buffer.concat([u32(0), u32(payload.length), payload]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function bad(state: string): DnstapError {
  return new DnstapError('control', `Cannot read control frame: ${state}`);
}
