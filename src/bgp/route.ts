/** A route that we announce: its attributes, and how a neighbour is told of it. */
import { DomainrouteError } from '../base/errors.ts';
import { concat, u16Bytes, u32Bytes } from './bytes.ts';
import {
  AS_TRANS,
  AttributeFlag,
  AttributeType,
  type Family,
  Origin,
  SegmentType,
} from './constants.ts';

/** `asn:local function:parameter` of RFC 8092. */
export type LargeCommunity = readonly [number, number, number];

export interface RouteAttributes {
  /** RFC 1997: 32 bits each, 65000:100 as 65000 * 65536 + 100. */
  readonly communities?: readonly number[];
  readonly largeCommunities?: readonly LargeCommunity[];
}

/** What a session adds to each route. */
export interface PathOptions {
  readonly localAs: number;
  readonly internal: boolean;
  /** Both speakers have the capability (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** 16 bytes by family; one without a next hop is not spoken. */
  readonly nextHop: ReadonlyMap<Family, Uint8Array>;
  /** To iBGP neighbours. */
  readonly localPref: number;
  readonly multiExitDisc: number | undefined;
}

/** 4,096 bytes less what else an UPDATE with one IPv6 host route has: 19 + 4 + MP_REACH_NLRI 42 + others 60. */
const MAX_COMMUNITY_BYTES = 3900;

/**
 * Equal attributes have equal keys: lists are sets, their order counts for nothing (RFC 1997, RFC 8092 §4). Throws a
 * DomainrouteError 'config' for what no UPDATE can hold.
 */
export function attributesKey({
  communities = [],
  largeCommunities = [],
}: RouteAttributes): string {
  if (4 * communities.length + 12 * largeCommunities.length > MAX_COMMUNITY_BYTES) {
    throw new DomainrouteError(
      'config',
      `Cannot announce a route with ${communities.length + largeCommunities.length} communities: they do not fit a message`,
    );
  }
  if (communities.length + largeCommunities.length === 0) return '';
  return `${distinct(communities.map(String)).join()};${distinct(largeCommunities.map(String)).join(' ')}`;
}

function distinct(list: readonly string[]): readonly string[] {
  return [...new Set(list)].sort();
}

const { OPTIONAL, TRANSITIVE, EXTENDED_LENGTH } = AttributeFlag;

/** An attribute with its head. */
export function encodeAttribute(flags: number, type: number, value: Uint8Array): Uint8Array {
  const head =
    value.length > 255
      ? concat(Uint8Array.of(flags | EXTENDED_LENGTH, type), u16Bytes(value.length))
      : Uint8Array.of(flags, type, value.length);
  return concat(head, value);
}

/** All attributes of a route but MP_REACH_NLRI, by type; NEXT_HOP in those of IPv4. */
export function encodeRouteAttributes(
  { communities = [], largeCommunities = [] }: RouteAttributes,
  options: PathOptions,
  family: Family,
): Uint8Array {
  const { localAs, internal, fourOctetAs, nextHop, localPref, multiExitDisc } = options;
  const parts: Uint8Array[] = [];
  const add = (flags: number, type: number, value: Uint8Array): void => {
    parts.push(encodeAttribute(flags, type, value));
  };
  add(TRANSITIVE, AttributeType.ORIGIN, Uint8Array.of(Origin.IGP));
  add(TRANSITIVE, AttributeType.AS_PATH, internal ? new Uint8Array() : path(localAs, fourOctetAs));
  if (family === 4) {
    const next = nextHop.get(4)?.subarray(12) ?? new Uint8Array(4);
    add(TRANSITIVE, AttributeType.NEXT_HOP, next);
  }
  if (multiExitDisc !== undefined) {
    add(OPTIONAL, AttributeType.MULTI_EXIT_DISC, u32Bytes(multiExitDisc));
  }
  if (internal) add(TRANSITIVE, AttributeType.LOCAL_PREF, u32Bytes(localPref));
  if (communities.length > 0) {
    const list = [...new Set(communities)].sort((a, b) => a - b);
    add(OPTIONAL | TRANSITIVE, AttributeType.COMMUNITIES, u32Bytes(...list));
  }
  // RFC 6793 §4.2.2: what the AS_PATH has no room for
  if (!internal && !fourOctetAs && localAs > 0xffff) {
    add(OPTIONAL | TRANSITIVE, AttributeType.AS4_PATH, path(localAs, true));
  }
  if (largeCommunities.length > 0) {
    const list = new Map(largeCommunities.map((community) => [String(community), community]));
    const value = u32Bytes(...[...list.values()].flat());
    add(OPTIONAL | TRANSITIVE, AttributeType.LARGE_COMMUNITY, value);
  }
  return concat(...parts);
}

/** One AS_SEQUENCE of us alone. */
function path(localAs: number, fourOctetAs: boolean): Uint8Array {
  const number = fourOctetAs ? u32Bytes(localAs) : u16Bytes(localAs > 0xffff ? AS_TRANS : localAs);
  return concat(Uint8Array.of(SegmentType.AS_SEQUENCE, 1), number);
}
