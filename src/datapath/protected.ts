/** The addresses that no rule takes (Z2), as entries of the map `protected`. */
import { parsePrefix, type Prefix } from '../model/prefix.ts';
import { PROTECTED_NEVER, PROTECTED_PRIVATE } from './constants.ts';
import { PROTECTED_KEY } from './layouts.ts';

/** Host prefixes: IPv4 ones lie in ::ffff:0:0/96, which so covers v4-mapped destinations, too. */
const NEVER = [
  '0.0.0.0/8', // RFC 1122 §3.2.1.3
  '127.0.0.0/8',
  '169.254.0.0/16', // RFC 3927
  '224.0.0.0/4',
  '240.0.0.0/4', // class E and limited broadcast
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
];

const PRIVATE = [
  '10.0.0.0/8', // RFC 1918
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10', // RFC 6598
  'fc00::/7', // RFC 4193
];

/** Where an address is of the machine's own network. */
export interface OwnAddresses {
  /** Own and connected prefixes, without bits behind their length: the map has one entry for all that differ there. */
  readonly connected: readonly Prefix[];
  /** Own addresses, gateways, resolvers: 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
}

/** Key of the map in hexadecimal → class. */
export type ProtectedEntries = ReadonlyMap<string, number>;

function keyOf({ address, length }: Prefix): string {
  return Buffer.from(PROTECTED_KEY.encode({ prefixlen: length, address })).toString('hex');
}

/** Shorter prefixes than these are default routes or mistakes: they would stop every rule. */
const CONNECTED_LEAST = { ipv4: 96 + 1, ipv6: 1 };

function isWhole({ address, length }: Prefix): boolean {
  const mapped = address[10] === 0xff && address.subarray(0, 10).every((byte) => byte === 0);
  return length < (mapped ? CONNECTED_LEAST.ipv4 : CONNECTED_LEAST.ipv6);
}

/** What the map `protected` has to hold. What is both private and own is own. */
export function protectedEntries(own: OwnAddresses): ProtectedEntries {
  const fixed = (texts: readonly string[]): Prefix[] =>
    texts.map((text) => parsePrefix(text)).filter((prefix) => prefix !== undefined);
  const never = [
    ...fixed(NEVER),
    ...own.connected.filter((prefix) => !isWhole(prefix)),
    ...own.addresses.map((address) => ({ address, length: 128 })),
  ];
  return new Map([
    ...fixed(PRIVATE).map((prefix) => [keyOf(prefix), PROTECTED_PRIVATE] as const),
    ...never.map((prefix) => [keyOf(prefix), PROTECTED_NEVER] as const),
  ]);
}
