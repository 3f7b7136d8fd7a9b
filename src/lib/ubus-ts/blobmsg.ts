/** Named and typed values in blob attributes (libubox blobmsg.h); array elements have the empty name. */
import { type BlobWriter, EXTENDED, forEachAttribute, pad, WORD } from './blob.ts';
import { readText, utf8Length } from './text.ts';
import { emptyTable, MAX_DEPTH, type UbusTable, type UbusValue } from './value.ts';

/** enum blobmsg_type. */
export const BlobmsgType = {
  UNSPEC: 0,
  ARRAY: 1,
  TABLE: 2,
  STRING: 3,
  INT64: 4,
  INT32: 5,
  INT16: 6,
  INT8: 7,
  DOUBLE: 8,
} as const;

type Compound = readonly UbusValue[] | UbusTable;

function isInt32(value: number): boolean {
  return (value | 0) === value;
}

function isArray(value: Compound): value is readonly UbusValue[] {
  return Array.isArray(value);
}

function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new RangeError(`Cannot encode a value: nested deeper than ${MAX_DEPTH}`);
  }
}

/** Writes the members of a table one after the other: DATA, or the inside of a TABLE. */
export function writeMembers(writer: BlobWriter, table: UbusTable, depth = 0): void {
  for (const name of Object.keys(table)) {
    const value = table[name];
    if (value !== undefined) writeNamed(writer, name, value, depth);
  }
}

/** Throws RangeError for a bigint beyond 64 bits and for what is nested too deep, TypeError for what is no value. */
function writeNamed(writer: BlobWriter, name: string, value: UbusValue, depth: number): void {
  const start = writer.open(EXTENDED | typeOf(value));
  writer.name(name);
  if (typeof value === 'string') writer.string(value);
  else if (typeof value === 'boolean') writer.byte(value ? 1 : 0);
  else if (typeof value === 'bigint') writer.int64(value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (value !== null) writeInside(writer, value, depth + 1);
  writer.close(start);
}

function writeNumber(writer: BlobWriter, value: number): void {
  if (isInt32(value)) writer.uint32(value);
  else if (Number.isSafeInteger(value)) writer.int64(BigInt(value));
  else writer.double(value);
}

function writeInside(writer: BlobWriter, value: Compound, depth: number): void {
  checkDepth(depth);
  if (!isArray(value)) {
    writeMembers(writer, value, depth);
    return;
  }
  for (const element of value) writeNamed(writer, '', element, depth);
}

function typeOf(value: UbusValue): number {
  if (typeof value === 'string') return BlobmsgType.STRING;
  if (typeof value === 'boolean') return BlobmsgType.INT8;
  if (typeof value === 'bigint') return BlobmsgType.INT64;
  if (typeof value === 'number') {
    if (isInt32(value)) return BlobmsgType.INT32;
    return Number.isSafeInteger(value) ? BlobmsgType.INT64 : BlobmsgType.DOUBLE;
  }
  if (value === null) return BlobmsgType.UNSPEC;
  // a caller without types may have anything here
  if (typeof value !== 'object') throw new TypeError(`Cannot encode a value: ${typeof value}`);
  return Array.isArray(value) ? BlobmsgType.ARRAY : BlobmsgType.TABLE;
}

/** Bytes that `value` takes in a message as the member called `name` of a table; elements of an array have no name. */
export function encodedSize(value: UbusValue, name = '', depth = 0): number {
  return WORD + pad(2 + utf8Length(name) + 1) + pad(valueSize(value, depth));
}

function valueSize(value: UbusValue, depth: number): number {
  if (typeof value === 'string') return utf8Length(value) + 1;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'bigint') return 8;
  if (typeof value === 'number') return isInt32(value) ? 4 : 8;
  return value === null ? 0 : insideSize(value, depth + 1);
}

function insideSize(value: Compound, depth: number): number {
  checkDepth(depth);
  let size = 0;
  if (isArray(value)) {
    for (const element of value) size += encodedSize(element, '', depth);
    return size;
  }
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member !== undefined) size += encodedSize(member, name, depth);
  }
  return size;
}

/** The members in bytes[start..end). What is malformed is left out, and of one name the first counts, as in libubox. */
export function readMembers(
  bytes: Buffer,
  start = 0,
  end = bytes.length,
  depth = 0,
): Record<string, UbusValue> {
  const table = emptyTable();
  forEachAttribute(bytes, start, end, (tag, from, to) => {
    const valueAt = (tag & EXTENDED) === 0 ? undefined : endOfName(bytes, from, to);
    if (valueAt === undefined) return;
    const length = bytes.readUInt16BE(from);
    if (length === 0) return;
    const name = bytes.toString('utf8', from + 2, from + 2 + length);
    if (name in table) return;
    const value = readValue(bytes, tag & ~EXTENDED, valueAt, to, depth);
    if (value !== undefined) table[name] = value;
  });
  return table;
}

function readElements(bytes: Buffer, start: number, end: number, depth: number): UbusValue[] {
  const elements: UbusValue[] = [];
  forEachAttribute(bytes, start, end, (tag, from, to) => {
    // libubox reads elements without any name, too
    const valueAt = (tag & EXTENDED) === 0 ? from : endOfName(bytes, from, to);
    if (valueAt === undefined) return;
    const value = readValue(bytes, tag & ~EXTENDED, valueAt, to, depth);
    if (value !== undefined) elements.push(value);
  });
  return elements;
}

/** Where the value begins; undefined if the name does not fit or has no NUL behind it (blobmsg_check_name). */
function endOfName(bytes: Buffer, from: number, to: number): number | undefined {
  if (to - from < 4) return undefined;
  const length = bytes.readUInt16BE(from);
  const valueAt = from + pad(2 + length + 1);
  return valueAt <= to && bytes[from + 2 + length] === 0 ? valueAt : undefined;
}

/** Undefined for an unknown type or a wrong length (blobmsg_check_attr). */
function readValue(
  bytes: Buffer,
  type: number,
  from: number,
  to: number,
  depth: number,
): UbusValue | undefined {
  const length = to - from;
  switch (type) {
    case BlobmsgType.UNSPEC:
      return null;
    case BlobmsgType.ARRAY:
      return depth < MAX_DEPTH ? readElements(bytes, from, to, depth + 1) : undefined;
    case BlobmsgType.TABLE:
      return depth < MAX_DEPTH ? readMembers(bytes, from, to, depth + 1) : undefined;
    case BlobmsgType.STRING:
      return length > 0 && bytes[to - 1] === 0 ? readText(bytes, from, to - 1) : undefined;
    case BlobmsgType.INT64:
      return length === 8 ? integer(bytes.readBigInt64BE(from)) : undefined;
    case BlobmsgType.INT32:
      return length === 4 ? bytes.readInt32BE(from) : undefined;
    case BlobmsgType.INT16:
      return length === 2 ? bytes.readInt16BE(from) : undefined;
    case BlobmsgType.INT8:
      return length === 1 ? bytes[from] !== 0 : undefined;
    case BlobmsgType.DOUBLE:
      return length === 8 ? bytes.readDoubleBE(from) : undefined;
    default:
      return undefined;
  }
}

function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
