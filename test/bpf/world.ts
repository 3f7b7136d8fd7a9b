/** A small world whose names, clients and addresses meet often, so that mutated frames hit rules and facts. */
import { u8 } from './frames/bytes.ts';
import { labelsOf, type NameLike } from './frames/dns.ts';
import type { Link } from './frames/packet.ts';
import { ACTION, clientOfInterface, clientOfMac, PROTECTED } from './model/layout.ts';
import type { Policy } from './model/state.ts';
import {
  compilePolicy,
  never,
  prefixOf,
  privatePrefix,
  type ClientPrefix,
  type RuleSpec,
} from './policy.ts';
import { mac } from './frames/bytes.ts';
import type { Random } from './random.ts';

export const ROUTER_MAC = '02:00:00:00:00:fe';
/** BPF_PROG_TEST_RUN needs a device that exists; the loopback device always does. */
export const LOOPBACK = 1;

export interface Host {
  /** Undefined: behind a device without an Ethernet header. */
  readonly mac: string | undefined;
  readonly ipv4: string;
  readonly ipv6: string;
}

export const HOSTS: readonly Host[] = [
  { mac: '02:00:00:00:00:01', ipv4: '192.168.1.11', ipv6: 'fd00:1:0:0:0:0:0:11' },
  { mac: '02:00:00:00:00:02', ipv4: '192.168.1.12', ipv6: 'fe80:0:0:0:0:0:0:12' },
  { mac: '06:00:00:00:00:03', ipv4: '192.168.3.13', ipv6: '2001:db8:3:0:0:0:0:13' },
  { mac: undefined, ipv4: '10.9.0.2', ipv6: 'fd09:0:0:0:0:0:0:2' },
  { mac: undefined, ipv4: '10.9.0.3', ipv6: 'fd09:0:0:0:0:0:0:3' },
];

export const RESOLVERS: readonly Pick<Host, 'ipv4' | 'ipv6'>[] = [
  { ipv4: '192.168.1.1', ipv6: 'fd00:1:0:0:0:0:0:1' },
  { ipv4: '9.9.9.9', ipv6: '2620:fe:0:0:0:0:0:fe' },
];

/** The router's own addresses, for its own queries. */
export const ROUTER: Host = {
  mac: undefined,
  ipv4: '203.0.113.5',
  ipv6: '2001:db8:ffff:0:0:0:0:5',
};

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export const SHORT_NAMES: readonly NameLike[] = [
  'example.com',
  'www.example.com',
  'WWW.Example.COM',
  'a.b.www.example.com',
  'cdn.example.com',
  'example.org',
  'video.example.org',
  'x.video.example.org',
  'alias.test',
  'edge.alias.test',
  'edge-7.pop.alias.test',
  'exactly.this.test',
  'not.exactly.this.test',
  'test',
  'a-much-longer-label-of-40-bytes-in-all-01.example.com',
  '',
  [latin1('www.example'), latin1('com')],
  [latin1('exam\0ple'), latin1('com')],
  [u8(0xe5, 0x78), latin1('example'), latin1('org')],
].map((name) => (typeof name === 'string' ? labelsOf(name) : name));

export const LONG_NAMES: readonly NameLike[] = [
  [latin1('-'.repeat(45)), latin1('0'.repeat(48)), latin1('test')],
  new Array<Uint8Array>(127).fill(latin1('a')),
  new Array<Uint8Array>(126).fill(latin1('B')).concat(latin1('c')),
  [latin1('x'.repeat(63)), latin1('y'.repeat(63)), latin1('z'.repeat(63)), latin1('w'.repeat(61))],
  [...new Array<Uint8Array>(100).fill(latin1('d')), ...labelsOf('example.com')],
];

export const ADDRESSES_V4: readonly string[] = [
  ...Array.from({ length: 10 }, (_, i) => `198.51.100.${i + 1}`),
  '10.1.2.3',
  '192.168.1.77',
  '172.16.9.9',
  '127.0.0.1',
  '224.0.0.251',
  '203.0.113.7',
  '0.0.0.0',
];

export const ADDRESSES_V6: readonly string[] = [
  ...Array.from({ length: 6 }, (_, i) => `2001:db8:a:0:0:0:0:${i + 1}`),
  'fd00:77:0:0:0:0:0:1',
  'fe80:0:0:0:0:0:0:99',
  '0:0:0:0:0:0:0:1',
  'ff02:0:0:0:0:0:0:fb',
];

const DOMAINS: readonly RuleSpec['domains'][number][] = [
  'com',
  'example.com',
  'www.example.com',
  '=www.example.com',
  '=example.com',
  'b.www.example.com',
  'org',
  'video.example.org',
  '=example.org',
  '=exactly.this.test',
  'alias.test',
  'pop.alias.test',
  'test',
  new Array<Uint8Array>(120).fill(latin1('a')),
  new Array<Uint8Array>(3).fill(latin1('a')),
  [latin1('w'.repeat(61))],
  '.',
];

const CLIENTS: readonly ClientPrefix[] = [
  prefixOf('192.168.1.0/24'),
  prefixOf('192.168.1.12/32'),
  prefixOf('192.168.3.0/25'),
  prefixOf('fd00:1:0:0:0:0:0:0/64'),
  prefixOf('10.9.0.0/30'),
  prefixOf('fd09:0:0:0:0:0:0:3/128'),
  { address: clientOfMac(mac('02:00:00:00:00:01')), bits: 128 },
  { address: clientOfMac(mac('06:00:00:00:00:03')), bits: 128 },
  { address: clientOfInterface(LOOPBACK), bits: 128 },
  { address: clientOfInterface(LOOPBACK + 1), bits: 128 },
];

const PROTECTED_PREFIXES = [
  never('127.0.0.0/8'),
  never('224.0.0.0/4'),
  never('0.0.0.0/32'),
  never('198.51.100.3/32'),
  never('fe80:0:0:0:0:0:0:0/10'),
  never('ff00:0:0:0:0:0:0:0/8'),
  never('0:0:0:0:0:0:0:1/128'),
  privatePrefix('10.0.0.0/8'),
  privatePrefix('192.168.0.0/16'),
  privatePrefix('172.16.0.0/12'),
  privatePrefix('fc00:0:0:0:0:0:0:0/7'),
  { ...prefixOf('172.16.9.0/24'), value: PROTECTED.OPEN },
];

/** A random set of rules over the names of this world. `seed`: of the hashes that facts have already. */
export function randomPolicy(random: Random, generation: number, seed?: bigint): Policy {
  const rules = Array.from({ length: 1 + random.below(8) }, (_, i): RuleSpec => {
    const domains = Array.from({ length: 1 + random.below(4) }, () => random.pick(DOMAINS));
    const clients = random.oneIn(3)
      ? Array.from({ length: 1 + random.below(3) }, () => random.pick(CLIENTS))
      : undefined;
    return {
      domains,
      mark: random.oneIn(4) ? random.below(0x100) : ((i + 1) << 24) >>> 0,
      mask: random.oneIn(4) ? 0xff : 0x3f000000,
      flags: (random.oneIn(3) ? ACTION.PRIVATE : 0) | (random.oneIn(4) ? ACTION.BLOCK : 0),
      ...(clients === undefined ? {} : { clients }),
    };
  });
  return compilePolicy({
    rules,
    protected: PROTECTED_PREFIXES,
    generation,
    seed: seed ?? (BigInt(random.below(0x100000000)) << 32n) | BigInt(random.below(0x100000000)),
    hold: random.pick([0n, 100_000_000_000n, 86_400_000_000_000n, 86_400_000_000_000n]),
    cells: random.pick([0, 2048]),
  });
}

export function linkFrom(host: Host, random: Random): Link | undefined {
  return host.mac === undefined
    ? undefined
    : { source: host.mac, destination: ROUTER_MAC, ...tags(random) };
}

export function linkTo(host: Host, random: Random): Link | undefined {
  return host.mac === undefined
    ? undefined
    : { source: ROUTER_MAC, destination: host.mac, ...tags(random) };
}

function tags(random: Random): Pick<Link, 'tags'> {
  if (!random.oneIn(8)) return {};
  const inner = { tpid: 0x8100, tci: random.below(4096) };
  if (random.oneIn(2)) return { tags: [inner] };
  const outer = { tpid: 0x88a8, tci: random.below(4096) };
  return { tags: random.oneIn(4) ? [outer, outer, inner] : [outer, inner] };
}
