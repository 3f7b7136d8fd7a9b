/** BGP communities as text: `65000:100` (RFC 1997), `65000:1:2` (RFC 8092), or the name of a well-known one. */
import { ValueError } from './value.ts';

/** Global administrator and two local data parts, 32 bits each. */
export type LargeCommunity = readonly [number, number, number];

/** 32 bits, or a large one. */
export type Community = number | LargeCommunity;

/** IANA, "BGP Well-known Communities". */
const WELL_KNOWN: ReadonlyMap<string, number> = new Map([
  ['graceful_shutdown', 0xffff0000], // RFC 8326
  ['no_llgr', 0xffff0007], // RFC 9494
  ['blackhole', 0xffff029a], // RFC 7999
  ['no_export', 0xffffff01], // RFC 1997
  ['no_advertise', 0xffffff02], // RFC 1997
  ['no_export_subconfed', 0xffffff03], // RFC 1997
  ['no_peer', 0xffffff04], // RFC 3765
]);

/** Throws ValueError. */
export function parseCommunity(text: string): Community {
  const known = WELL_KNOWN.get(text);
  if (known !== undefined) return known;
  const parts = text.split(':');
  const [a = NaN, b = NaN, c = NaN] = parts.map(parsePart);
  if (parts.length === 2 && a <= 0xffff && b <= 0xffff) return a * 0x10000 + b;
  if (parts.length === 3 && a <= 0xffffffff && b <= 0xffffffff && c <= 0xffffffff) return [a, b, c];
  throw new ValueError('community', text, 'must be like 65000:100, 65000:1:2 or no_export');
}

/** Of neither kind: NaN. */
function parsePart(digits: string): number {
  return /^(?:0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : NaN;
}

/** As {@link parseCommunity} reads it. */
export function formatCommunity(community: Community): string {
  if (typeof community !== 'number') return community.join(':');
  const [name] = [...WELL_KNOWN].find(([, value]) => value === community) ?? [];
  return name ?? `${Math.floor(community / 0x10000)}:${community % 0x10000}`;
}
