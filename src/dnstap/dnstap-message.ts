/** dnstap messages: protocol buffers by dnstap.proto (github.com/dnstap/dnstap.pb). */
import { PbfReader } from 'pbf';
import { DnstapError } from './dnstap-error.ts';

/** enum Message.Type, from 1 on. */
export const MESSAGE_TYPES = [
  'AUTH_QUERY',
  'AUTH_RESPONSE',
  'RESOLVER_QUERY',
  'RESOLVER_RESPONSE',
  'CLIENT_QUERY',
  'CLIENT_RESPONSE',
  'FORWARDER_QUERY',
  'FORWARDER_RESPONSE',
  'STUB_QUERY',
  'STUB_RESPONSE',
  'TOOL_QUERY',
  'TOOL_RESPONSE',
  'UPDATE_QUERY',
  'UPDATE_RESPONSE',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** enum SocketFamily, from 1 on. */
const SOCKET_FAMILIES = ['INET', 'INET6'] as const;
export type SocketFamily = (typeof SOCKET_FAMILIES)[number];

/** enum SocketProtocol, from 1 on. */
const SOCKET_PROTOCOLS = ['UDP', 'TCP', 'DOT', 'DOH', 'DNSCryptUDP', 'DNSCryptTCP', 'DOQ'] as const;
export type SocketProtocol = (typeof SOCKET_PROTOCOLS)[number];

/** Bytes are views of what was decoded. All but `type` and `message` can be absent, or of a later schema. */
export interface DnstapMessage {
  readonly type: MessageType;
  /** The name of the server, as it was configured. */
  readonly identity: Uint8Array | undefined;
  readonly socketFamily: SocketFamily | undefined;
  readonly socketProtocol: SocketProtocol | undefined;
  /** Who asked. 16 bytes; IPv4 as ::ffff:a.b.c.d. */
  readonly queryAddress: Uint8Array | undefined;
  readonly queryPort: number | undefined;
  /** Who answered. 16 bytes. */
  readonly responseAddress: Uint8Array | undefined;
  readonly responsePort: number | undefined;
  /** Since 1970, by the sender's clock. */
  readonly queryTimeMs: number | undefined;
  readonly responseTimeMs: number | undefined;
  /** The DNS message: the query of a …_QUERY, the answer of a …_RESPONSE. */
  readonly message: Uint8Array;
}

/** Wire types of protocol buffers. */
const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

const field = (number: number, wireType: number): number => (number << 3) | wireType;

/** Fields of `message Dnstap`. */
const DNSTAP = {
  IDENTITY: field(1, BYTES),
  MESSAGE: field(14, BYTES),
  TYPE: field(15, VARINT),
} as const;
/** enum Dnstap.Type: there are no others. */
const TYPE_MESSAGE = 1;

/** Fields of `message Message`. */
const MESSAGE = {
  TYPE: field(1, VARINT),
  SOCKET_FAMILY: field(2, VARINT),
  SOCKET_PROTOCOL: field(3, VARINT),
  QUERY_ADDRESS: field(4, BYTES),
  RESPONSE_ADDRESS: field(5, BYTES),
  QUERY_PORT: field(6, VARINT),
  RESPONSE_PORT: field(7, VARINT),
  QUERY_TIME_SEC: field(8, VARINT),
  QUERY_TIME_NSEC: field(9, FIXED32),
  QUERY_MESSAGE: field(10, BYTES),
  RESPONSE_TIME_SEC: field(12, VARINT),
  RESPONSE_TIME_NSEC: field(13, FIXED32),
  RESPONSE_MESSAGE: field(14, BYTES),
} as const;

/**
 * The message of a data frame; undefined for one of a type that the schema did not have, or without a DNS message.
 * Throws DnstapError `payload`.
 */
export function decodeDnstap(payload: Uint8Array): DnstapMessage | undefined {
  const dnstap = fieldsOf(payload);
  const type = dnstap.get(DNSTAP.TYPE);
  if (type === undefined) throw bad('type is missing');
  const message = dnstap.get(DNSTAP.MESSAGE);
  if (type !== TYPE_MESSAGE || !(message instanceof Uint8Array)) return undefined;
  return decodeMessage(fieldsOf(message), bytesOf(dnstap, DNSTAP.IDENTITY));
}

function decodeMessage(
  fields: Fields,
  identity: Uint8Array | undefined,
): DnstapMessage | undefined {
  if (!fields.has(MESSAGE.TYPE)) throw bad('type of message is missing');
  const type = nameOf(MESSAGE_TYPES, fields.get(MESSAGE.TYPE));
  if (type === undefined) return undefined;
  const isQuery = type.endsWith('_QUERY');
  const message = bytesOf(fields, isQuery ? MESSAGE.QUERY_MESSAGE : MESSAGE.RESPONSE_MESSAGE);
  if (message === undefined) return undefined;
  return {
    type,
    identity,
    socketFamily: nameOf(SOCKET_FAMILIES, fields.get(MESSAGE.SOCKET_FAMILY)),
    socketProtocol: nameOf(SOCKET_PROTOCOLS, fields.get(MESSAGE.SOCKET_PROTOCOL)),
    queryAddress: addressOf(fields, MESSAGE.QUERY_ADDRESS),
    queryPort: portOf(fields, MESSAGE.QUERY_PORT),
    responseAddress: addressOf(fields, MESSAGE.RESPONSE_ADDRESS),
    responsePort: portOf(fields, MESSAGE.RESPONSE_PORT),
    queryTimeMs: timeOf(fields, MESSAGE.QUERY_TIME_SEC, MESSAGE.QUERY_TIME_NSEC),
    responseTimeMs: timeOf(fields, MESSAGE.RESPONSE_TIME_SEC, MESSAGE.RESPONSE_TIME_NSEC),
    message,
  };
}

/** The highest of both schemas; what is above is passed over. */
const HIGHEST_FIELD = 16;
/** So that a frame of half a million takes no longer than one of a few; eight times what both schemas have. */
const FIELDS_MAX = 128;

/** By number and wire type, so that a field of another type is one that is not known. The last one of a number counts. */
type Fields = ReadonlyMap<number, number | Uint8Array>;

/** The library throws errors of no class of its own, and does not see the end: no code of ours is within the `try`. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, number | Uint8Array>();
  const reader = new PbfReader(bytes);
  let number = -1;
  let count = 0;
  try {
    while (number !== 0 && reader.pos < reader.length && count++ < FIELDS_MAX) {
      number = reader.nextField();
      const wireType = reader.type;
      const key = field(number, wireType);
      if (number > HIGHEST_FIELD) reader.skip(wireType);
      else if (wireType === BYTES) fields.set(key, reader.readBytes());
      else if (wireType === VARINT) fields.set(key, reader.readVarint());
      else if (wireType === FIXED32) fields.set(key, reader.readFixed32());
      else reader.skip(wireType);
    }
  } catch (error) {
    throw bad('no protocol buffer', error);
  }
  if (number === 0) throw bad('field number 0');
  if (reader.pos < reader.length) throw bad(`more than ${FIELDS_MAX} fields`);
  if (reader.pos > reader.length) throw bad('field is cut off');
  return fields;
}

function nameOf<T>(names: readonly T[], number: number | Uint8Array | undefined): T | undefined {
  return typeof number === 'number' ? names[number - 1] : undefined;
}

function bytesOf(fields: Fields, key: number): Uint8Array | undefined {
  const value = fields.get(key);
  return value instanceof Uint8Array ? value : undefined;
}

function addressOf(fields: Fields, key: number): Uint8Array | undefined {
  const bytes = bytesOf(fields, key);
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (bytes.length === 16) return bytes;
  if (bytes.length !== 4) throw bad(`address of ${bytes.length} bytes`);
  const address = new Uint8Array(16);
  address[10] = address[11] = 0xff;
  address.set(bytes, 12);
  return address;
}

function portOf(fields: Fields, key: number): number | undefined {
  const port = fields.get(key);
  return typeof port === 'number' && port <= 0xffff ? port : undefined;
}

function timeOf(fields: Fields, secondsKey: number, nanosecondsKey: number): number | undefined {
  const seconds = fields.get(secondsKey);
  const nanoseconds = fields.get(nanosecondsKey) ?? 0;
  if (typeof seconds !== 'number' || typeof nanoseconds !== 'number') return undefined;
  return seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
}

function bad(state: string, cause?: unknown): DnstapError {
  return new DnstapError('payload', `Cannot read dnstap message: ${state}`, { cause });
}
