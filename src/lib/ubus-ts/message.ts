/** ubus messages: a header of 8 bytes, then a root blob that holds the attributes (ubusmsg.h). */
import { BlobWriter, EXTENDED, forEachAttribute, WORD } from './blob.ts';
import { writeMembers } from './blobmsg.ts';
import { UbusError, UbusStatus } from './error.ts';
import { readText } from './text.ts';
import type { UbusTable } from './value.ts';

/** enum ubus_msg_type. */
export const MessageType = {
  HELLO: 0,
  STATUS: 1,
  DATA: 2,
  PING: 3,
  LOOKUP: 4,
  INVOKE: 5,
  ADD_OBJECT: 6,
  REMOVE_OBJECT: 7,
  SUBSCRIBE: 8,
  UNSUBSCRIBE: 9,
  NOTIFY: 10,
} as const;

/** Version, type, seq, peer. */
const HEADER = 8;
/** Header and the word of the root blob: what tells the length of a message. */
export const PREFIX = HEADER + WORD;
/** The longest root blob, its word included (UBUS_MAX_MSGLEN of libubus and ubusd). */
export const MAX_ROOT = 1 << 20;
/**
 * The longest answer: encodedSize(table) may be no more. A table costs 8 bytes around its members, while the message
 * has 4 for the root blob, 8 for the object's id and 4 for DATA.
 */
export const UBUS_REPLY_LIMIT = MAX_ROOT - (4 + 8 + 4) + 8;

export interface Header {
  readonly type: number;
  readonly seq: number;
  readonly peer: number;
}

export interface Message extends Header {
  readonly version: number;
  /** The attributes. */
  readonly body: Buffer;
}

export interface Attributes {
  readonly status?: number;
  readonly path?: string;
  readonly objectId?: number;
  readonly method?: string;
  readonly objectType?: number;
  /** The members, for readMembers; so is `data`. */
  readonly signature?: Buffer;
  readonly data?: Buffer;
  readonly target?: number;
  readonly active?: boolean;
  readonly noReply?: boolean;
  readonly subscribers?: readonly number[];
  readonly user?: string;
  readonly group?: string;
}

/** To be written in the order of the object's members. */
export type NewAttributes = {
  readonly [Name in keyof Attributes]: Attributes[Name] extends Buffer | undefined
    ? UbusTable | Uint8Array
    : Attributes[Name];
};

/** enum ubus_msg_attr. */
const LAYOUT = {
  status: { id: 1, read: readUint32 },
  path: { id: 2, read: readString },
  objectId: { id: 3, read: readUint32 },
  method: { id: 4, read: readString },
  objectType: { id: 5, read: readUint32 },
  signature: { id: 6, read: readBytes },
  data: { id: 7, read: readBytes },
  target: { id: 8, read: readUint32 },
  active: { id: 9, read: readFlag },
  noReply: { id: 10, read: readFlag },
  subscribers: { id: 11, read: readIds },
  user: { id: 12, read: readString },
  group: { id: 13, read: readString },
} as const;

type AttributeName = keyof typeof LAYOUT;

const NAMES = new Map<number, AttributeName>(
  Object.entries(LAYOUT).map(([name, { id }]) => [id, name as AttributeName]),
);

/** Throws UbusError NOT_SUPPORTED when the root blob is longer than MAX_ROOT. */
export function encodeMessage({ type, seq, peer }: Header, attributes: NewAttributes): Buffer {
  const writer = new BlobWriter();
  writer.byte(0);
  writer.byte(type);
  writer.uint16(seq);
  writer.uint32(peer);
  const root = writer.open(0);
  for (const [name, value] of Object.entries(attributes)) {
    const start = writer.open(LAYOUT[name as AttributeName].id);
    writePayload(writer, value);
    writer.close(start);
  }
  writer.close(root);
  const length = writer.length - HEADER;
  if (length > MAX_ROOT) {
    throw new UbusError(
      UbusStatus.NOT_SUPPORTED,
      `Cannot send a message of ${length} bytes: over the limit of ${MAX_ROOT}`,
    );
  }
  return writer.bytes();
}

function writePayload(writer: BlobWriter, value: NewAttributes[AttributeName]): void {
  if (typeof value === 'number') writer.uint32(value);
  else if (typeof value === 'string') writer.string(value);
  else if (typeof value === 'boolean') writer.byte(value ? 1 : 0);
  else if (value instanceof Uint8Array) writer.raw(value);
  else if (isIds(value)) value.forEach((id) => writeId(writer, id));
  else if (value !== undefined) writeMembers(writer, value);
}

function isIds(value: UbusTable | readonly number[] | undefined): value is readonly number[] {
  return Array.isArray(value);
}

function writeId(writer: BlobWriter, id: number): void {
  const start = writer.open(0);
  writer.uint32(id);
  writer.close(start);
}

/** What is malformed or unknown is left out; of one id the last counts, as in ubusd. */
export function readAttributes(body: Buffer): Attributes {
  const found: Record<string, unknown> = {};
  forEachAttribute(body, 0, body.length, (tag, from, to) => {
    const name = NAMES.get(tag & ~EXTENDED);
    if (name === undefined) return;
    const value = LAYOUT[name].read(body, from, to);
    if (value !== undefined) found[name] = value;
  });
  return found;
}

function readUint32(body: Buffer, from: number, to: number): number | undefined {
  return to - from === 4 ? body.readUInt32BE(from) : undefined;
}

function readFlag(body: Buffer, from: number, to: number): boolean | undefined {
  return to - from === 1 ? body[from] !== 0 : undefined;
}

function readString(body: Buffer, from: number, to: number): string | undefined {
  return to > from && body[to - 1] === 0 ? readText(body, from, to - 1) : undefined;
}

function readBytes(body: Buffer, from: number, to: number): Buffer {
  return body.subarray(from, to);
}

function readIds(body: Buffer, from: number, to: number): number[] {
  const ids: number[] = [];
  forEachAttribute(body, from, to, (_tag, start, end) => {
    const id = readUint32(body, start, end);
    if (id !== undefined) ids.push(id);
  });
  return ids;
}
