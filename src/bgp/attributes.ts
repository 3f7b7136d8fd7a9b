/**
 * Path attributes as they arrive (RFC 4271 §4.3, §5), with the errors of RFC 7606: what is wrong with one
 * attribute ends the session only where nothing else is left.
 */
import { Reader } from './bytes.ts';
import { AttributeFlag, AttributeType, type Family, familyOf, SegmentType } from './constants.ts';
import { isNlri } from './nlri.ts';
import { ErrorCode, NotificationError, UpdateError } from './notification.ts';

export interface PathSegment {
  readonly type: number;
  readonly value: readonly number[];
}

/** MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760 §3, §4) of a family that is spoken; others are left out. */
export interface MpReach {
  readonly family: Family;
  readonly nextHop: Uint8Array;
  readonly nlri: Uint8Array;
}

export interface MpUnreach {
  readonly family: Family;
  readonly withdrawnRoutes: Uint8Array;
}

/** Those that are used or sent; an attribute that is not here was well-formed. */
export interface PathAttributes {
  readonly origin?: number;
  readonly asPath?: readonly PathSegment[];
  readonly nextHop?: Uint8Array;
  readonly multiExitDisc?: number;
  readonly localPref?: number;
  readonly communities?: readonly number[];
  readonly largeCommunities?: readonly (readonly [number, number, number])[];
  readonly as4Path?: readonly PathSegment[];
  readonly mpReach?: MpReach;
  readonly mpUnreach?: MpUnreach;
}

/** What was found wrong, and what follows from it (RFC 7606 §2). */
export interface AttributeError {
  /** Type of the attribute; 0: the list itself. */
  readonly type: number;
  readonly action: 'treat-as-withdraw' | 'attribute-discard';
}

/** What the session says about how to read. */
export interface DecodeContext {
  /** Both speakers have the capability: AS numbers are four bytes long. */
  readonly fourOctetAs: boolean;
  readonly internal: boolean;
}

export interface DecodedAttributes {
  readonly attributes: PathAttributes;
  readonly errors: readonly AttributeError[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Verdict = AttributeError['action'] | undefined;
type Handler = (
  value: Uint8Array,
  into: Mutable<PathAttributes>,
  context: DecodeContext,
) => Verdict;

const { OPTIONAL, TRANSITIVE, EXTENDED_LENGTH } = AttributeFlag;
const WELL_KNOWN = TRANSITIVE;
const OPTIONAL_TRANSITIVE = OPTIONAL | TRANSITIVE;
const NON_TRANSITIVE = OPTIONAL;

/** A value of exactly this length; 'treat-as-withdraw' for others unless the RFC says otherwise. */
function exactly(
  length: number,
  take?: (reader: Reader, into: Mutable<PathAttributes>) => void,
  otherwise: AttributeError['action'] = 'treat-as-withdraw',
): Handler {
  return (value, into) => {
    if (value.length !== length) return otherwise;
    take?.(new Reader(value), into);
    return undefined;
  };
}

/** One or more items of this length. */
function items(
  length: number,
  take?: (reader: Reader, into: Mutable<PathAttributes>) => void,
): Handler {
  return (value, into) => {
    if (value.length === 0 || value.length % length !== 0) return 'treat-as-withdraw';
    take?.(new Reader(value), into);
    return undefined;
  };
}

/** Attributes of iBGP alone: from others they are discarded (RFC 7606 §7.5, §7.9, §7.10). */
function internalOnly(handler: Handler): Handler {
  return (value, into, context) =>
    context.internal ? handler(value, into, context) : 'attribute-discard';
}

/** RFC 7606 §7, one line an attribute: type, flags, what to do with its value. */
const ATTRIBUTES: ReadonlyMap<number, readonly [flags: number, handler: Handler]> = new Map([
  [AttributeType.ORIGIN, [WELL_KNOWN, origin]],
  [AttributeType.AS_PATH, [WELL_KNOWN, asPath]],
  [AttributeType.NEXT_HOP, [WELL_KNOWN, exactly(4, (r, into) => (into.nextHop = r.take(4)))]],
  [
    AttributeType.MULTI_EXIT_DISC,
    [NON_TRANSITIVE, exactly(4, (r, into) => (into.multiExitDisc = r.u32()))],
  ],
  [
    AttributeType.LOCAL_PREF,
    [WELL_KNOWN, internalOnly(exactly(4, (r, into) => (into.localPref = r.u32())))],
  ],
  [AttributeType.ATOMIC_AGGREGATE, [WELL_KNOWN, exactly(0, undefined, 'attribute-discard')]],
  [AttributeType.AGGREGATOR, [OPTIONAL_TRANSITIVE, aggregator]],
  [AttributeType.COMMUNITIES, [OPTIONAL_TRANSITIVE, items(4, communities)]],
  [AttributeType.ORIGINATOR_ID, [NON_TRANSITIVE, internalOnly(exactly(4))]],
  [AttributeType.CLUSTER_LIST, [NON_TRANSITIVE, internalOnly(items(4))]],
  [AttributeType.MP_REACH_NLRI, [NON_TRANSITIVE, mpReach]],
  [AttributeType.MP_UNREACH_NLRI, [NON_TRANSITIVE, mpUnreach]],
  [AttributeType.EXTENDED_COMMUNITIES, [OPTIONAL_TRANSITIVE, items(8)]],
  [AttributeType.AS4_PATH, [OPTIONAL_TRANSITIVE, as4Path]],
  [AttributeType.AS4_AGGREGATOR, [OPTIONAL_TRANSITIVE, exactly(8, undefined, 'attribute-discard')]],
  [AttributeType.LARGE_COMMUNITY, [OPTIONAL_TRANSITIVE, items(12, largeCommunities)]],
]);

/**
 * Decodes the field of path attributes. Throws a NotificationError where only the end of the session is left:
 * routes that cannot be told, a second MP_REACH_NLRI, a well-known attribute that is not known.
 */
export function decodeAttributes(field: Uint8Array, context: DecodeContext): DecodedAttributes {
  const reader = new Reader(field);
  const attributes: Mutable<PathAttributes> = {};
  const errors: AttributeError[] = [];
  const seen = new Set<number>();
  while (reader.left > 0) {
    const start = reader.offset;
    const head = readHead(reader);
    // RFC 7606 §4: the rest of the list cannot be told apart, the routes behind it can
    if (head === undefined) {
      errors.push({ type: 0, action: 'treat-as-withdraw' });
      break;
    }
    const { flags, type, length } = head;
    const value = reader.take(length);
    const whole = field.subarray(start, reader.offset);
    if (seen.has(type)) {
      // RFC 7606 §3 (g)
      if (type === AttributeType.MP_REACH_NLRI || type === AttributeType.MP_UNREACH_NLRI) {
        throw malformedList();
      }
      errors.push({ type, action: 'attribute-discard' });
      continue;
    }
    seen.add(type);
    const action = decodeOne(flags, type, value, attributes, context, whole);
    if (action !== undefined) errors.push({ type, action });
  }
  return { attributes, errors };
}

function readHead(reader: Reader): { flags: number; type: number; length: number } | undefined {
  if (reader.left < 3) return undefined;
  const flags = reader.u8();
  const type = reader.u8();
  const extended = (flags & EXTENDED_LENGTH) !== 0;
  if (extended && reader.left < 2) return undefined;
  const length = extended ? reader.u16() : reader.u8();
  return length > reader.left ? undefined : { flags, type, length };
}

function decodeOne(
  flags: number,
  type: number,
  value: Uint8Array,
  into: Mutable<PathAttributes>,
  context: DecodeContext,
  whole: Uint8Array,
): Verdict {
  const known = ATTRIBUTES.get(type);
  if (known === undefined) {
    if ((flags & OPTIONAL) !== 0) return undefined;
    throw new NotificationError(ErrorCode.UPDATE, UpdateError.UNRECOGNIZED_WELL_KNOWN, whole);
  }
  const [expected, handler] = known;
  const action = handler(value, into, context);
  // RFC 7606 §3 (c); the routes of an MP_REACH_NLRI are read all the same
  const conflict = ((flags ^ expected) & OPTIONAL_TRANSITIVE) !== 0;
  return conflict && action !== 'attribute-discard' ? 'treat-as-withdraw' : action;
}

function malformedList(): NotificationError {
  return new NotificationError(ErrorCode.UPDATE, UpdateError.MALFORMED_ATTRIBUTE_LIST);
}

function origin(value: Uint8Array, into: Mutable<PathAttributes>): Verdict {
  const [code] = value;
  if (value.length !== 1 || code === undefined || code > 2) return 'treat-as-withdraw';
  into.origin = code;
  return undefined;
}

function asPath(
  value: Uint8Array,
  into: Mutable<PathAttributes>,
  { fourOctetAs }: DecodeContext,
): Verdict {
  const path = decodePath(value, fourOctetAs ? 4 : 2);
  if (path === undefined) return 'treat-as-withdraw';
  into.asPath = path;
  return undefined;
}

/** RFC 6793 §6; §4.1: one with the capability does not send it. */
function as4Path(
  value: Uint8Array,
  into: Mutable<PathAttributes>,
  { fourOctetAs }: DecodeContext,
): Verdict {
  const path = decodePath(value, 4);
  if (path === undefined || fourOctetAs) return 'attribute-discard';
  into.as4Path = path;
  return undefined;
}

/** RFC 7606 §7.2: undefined if a segment has an unknown type, no members, or more than there are bytes. */
function decodePath(value: Uint8Array, size: 2 | 4): readonly PathSegment[] | undefined {
  const reader = new Reader(value);
  const path: PathSegment[] = [];
  while (reader.left > 0) {
    if (reader.left < 2) return undefined;
    const type = reader.u8();
    const count = reader.u8();
    const known = type >= SegmentType.AS_SET && type <= SegmentType.AS_CONFED_SET;
    if (!known || count === 0 || count * size > reader.left) return undefined;
    const numbers = Array.from({ length: count }, () => (size === 4 ? reader.u32() : reader.u16()));
    path.push({ type, value: numbers });
  }
  return path;
}

function aggregator(
  value: Uint8Array,
  _into: Mutable<PathAttributes>,
  { fourOctetAs }: DecodeContext,
): Verdict {
  return value.length === (fourOctetAs ? 8 : 6) ? undefined : 'attribute-discard';
}

function communities(reader: Reader, into: Mutable<PathAttributes>): void {
  const list: number[] = [];
  while (reader.left > 0) list.push(reader.u32());
  into.communities = list;
}

function largeCommunities(reader: Reader, into: Mutable<PathAttributes>): void {
  const list: [number, number, number][] = [];
  while (reader.left > 0) list.push([reader.u32(), reader.u32(), reader.u32()]);
  into.largeCommunities = list;
}

function mpReach(value: Uint8Array, into: Mutable<PathAttributes>): Verdict {
  const reader = new Reader(value);
  // RFC 7606 §7.11: AFI 2, SAFI 1, next hop 1 and itself, reserved 1
  if (reader.left < 5) throw badRoutes(value);
  const family = familyOf(reader.u16(), reader.u8());
  const length = reader.u8();
  if (length + 1 > reader.left) throw badRoutes(value);
  const nextHop = reader.take(length);
  reader.u8();
  if (family === undefined) return undefined;
  // RFC 2545 §3: a link-local address may follow the global one
  if (length !== (family === 4 ? 4 : 16) && !(family === 6 && length === 32)) {
    throw badRoutes(value);
  }
  const nlri = reader.take(reader.left);
  if (!isNlri(nlri, family)) throw badRoutes(value);
  into.mpReach = { family, nextHop, nlri };
  return undefined;
}

function mpUnreach(value: Uint8Array, into: Mutable<PathAttributes>): Verdict {
  const reader = new Reader(value);
  if (reader.left < 3) throw badRoutes(value);
  const family = familyOf(reader.u16(), reader.u8());
  if (family === undefined) return undefined;
  const withdrawnRoutes = reader.take(reader.left);
  if (!isNlri(withdrawnRoutes, family)) throw badRoutes(value);
  into.mpUnreach = { family, withdrawnRoutes };
  return undefined;
}

/** RFC 4760 §7. */
function badRoutes(value: Uint8Array): NotificationError {
  return new NotificationError(ErrorCode.UPDATE, UpdateError.OPTIONAL_ATTRIBUTE, value);
}
