/**
 * The layouts of bpf/domainroute.h, written by hand and apart from src/datapath/layouts.ts. An address is a
 * binary string of 16 characters, so that it can be a key of a Map; a key of several addresses is their
 * concatenation. Times are nanoseconds of CLOCK_MONOTONIC.
 */

/** 16 bytes as a binary ("latin1") string. */
export type Address = string;

export interface Config {
  readonly generation: number;
  readonly markMask: number;
  readonly seed: bigint;
  /** ns */
  readonly hold: bigint;
  readonly levels: number;
  readonly maxLabels: number;
}

export interface Query {
  readonly question: bigint;
  readonly time: bigint;
  readonly client: Address;
}

export interface Fact {
  readonly told: bigint;
  readonly expires: bigint;
  readonly lastSeen: bigint;
  readonly hash: bigint;
  readonly source: number;
  /** Wire form, lower-cased, with the root. */
  readonly name: Uint8Array;
}

export interface Alias {
  readonly told: bigint;
  readonly hash: bigint;
  readonly name: Uint8Array;
}

export interface Action {
  readonly rule: number;
  readonly next: number;
  readonly mark: number;
  readonly mask: number;
  readonly ifindex: number;
  readonly flags: number;
}

export interface Verdict {
  readonly stamp: bigint;
  readonly expires: bigint;
  readonly rule: number;
  readonly flags: number;
  readonly mark: number;
  readonly mask: number;
  readonly ifindex: number;
  readonly packets: number;
  readonly bytes: number;
  readonly lastSeen: bigint;
}

export interface Counter {
  readonly packets: number;
  readonly bytes: number;
}

export interface Budget {
  readonly key: bigint;
  readonly since: bigint;
  readonly used: number;
}

export interface Event {
  readonly kind: number;
  readonly rule: number;
  readonly time: bigint;
  readonly expires: bigint;
  /** Client and address, 32 characters. */
  readonly pair: string;
  readonly source: number;
  readonly name: Uint8Array;
}

export const ACTION = { CLIENTS: 1, PRIVATE: 2, BLOCK: 4, LOCAL_MARK: 8, LOCAL_BIND: 16 } as const;
export const PROTECTED = { NEVER: 1, PRIVATE: 2, OPEN: 3 } as const;
export const SIDE = { LAN: 0, WAN: 1 } as const;
export const EVENT = { FACT: 1, VERDICT: 2 } as const;

export const ANY: Address = '\0'.repeat(16);

export function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

export function unbinary(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** IPv4 as ::ffff:a.b.c.d. */
export function mapped(four: Uint8Array): Address {
  return `\0\0\0\0\0\0\0\0\0\0\xff\xff${binary(four)}`;
}

/** 100::MAC */
export function clientOfMac(mac: Uint8Array): Address {
  return `\x01\0\0\0\0\0\0\0\0\0${binary(mac)}`;
}

/** 100:0:0:1::IFINDEX */
export function clientOfInterface(ifindex: number): Address {
  const bytes = Buffer.alloc(16);
  bytes[0] = 1;
  bytes[7] = 1;
  bytes.writeUInt32BE(ifindex, 12);
  return binary(bytes);
}

/** Key of `pending`; ports and ID as on the wire. */
export function exchangeKey(
  client: Address,
  server: Address,
  clientPort: number,
  serverPort: number,
  id: number,
  protocol: number,
  side: number,
): string {
  return (
    client +
    server +
    String.fromCharCode(
      clientPort >> 8,
      clientPort & 255,
      serverPort >> 8,
      serverPort & 255,
      id >> 8,
      id & 255,
      protocol,
      side,
    )
  );
}

export function encodeU32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function encodeU64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export function encodeConfig(c: Config): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32LE(c.generation, 0);
  bytes.writeUInt32LE(c.markMask, 4);
  bytes.writeBigUInt64LE(c.seed, 8);
  bytes.writeBigUInt64LE(c.hold, 16);
  bytes.writeUInt32LE(c.levels, 24);
  bytes.writeUInt32LE(c.maxLabels, 28);
  return bytes;
}

export function encodeQuery(q: Query): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64LE(q.question, 0);
  bytes.writeBigUInt64LE(q.time, 8);
  bytes.write(q.client, 16, 'latin1');
  return bytes;
}

export function encodeFact(f: Fact): Buffer {
  const bytes = Buffer.alloc(296);
  bytes.writeBigUInt64LE(f.told, 0);
  bytes.writeBigUInt64LE(f.expires, 8);
  bytes.writeBigUInt64LE(f.lastSeen, 16);
  bytes.writeBigUInt64LE(f.hash, 24);
  bytes.writeUInt16LE(f.name.length, 32);
  bytes[34] = f.source;
  bytes.set(f.name, 40);
  return bytes;
}

export function encodeAlias(a: Alias): Buffer {
  const bytes = Buffer.alloc(280);
  bytes.writeBigUInt64LE(a.told, 0);
  bytes.writeBigUInt64LE(a.hash, 8);
  bytes.writeUInt16LE(a.name.length, 16);
  bytes.set(a.name, 24);
  return bytes;
}

export function encodeAction(a: Action, section = '', iface = ''): Buffer {
  const bytes = Buffer.alloc(120);
  [a.rule, a.next, a.mark, a.mask, a.ifindex, a.flags].forEach((v, i) =>
    bytes.writeUInt32LE(v, 4 * i),
  );
  bytes.write(section, 24, 63, 'latin1');
  bytes.write(iface, 88, 31, 'latin1');
  return bytes;
}

export function encodeClientKey(cell: number, client: Address, bits: number): Buffer {
  return Buffer.concat([encodeU32(32 + bits), encodeU32(cell), unbinary(client)]);
}

export function encodeProtectedKey(address: Address, bits: number): Buffer {
  return Buffer.concat([encodeU32(bits), unbinary(address)]);
}

/** `pair`: client and address. */
export function encodeVerdict(pair: string, v: Verdict): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.write(pair, 0, 'latin1');
  bytes.writeBigUInt64LE(v.stamp, 32);
  bytes.writeBigUInt64LE(v.expires, 40);
  [v.rule, v.flags, v.mark, v.mask, v.ifindex].forEach((x, i) =>
    bytes.writeUInt32LE(x, 48 + 4 * i),
  );
  bytes.writeBigUInt64LE(BigInt(v.packets), 72);
  bytes.writeBigUInt64LE(BigInt(v.bytes), 80);
  bytes.writeBigUInt64LE(v.lastSeen, 88);
  return bytes;
}

const PAIR_FACTORS = [
  0x9e3779b97f4a7c15n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0xd6e8feb86659fd93n,
];

/** Key of `verdicts` (bpf/README.md "Decision"). */
export function verdictKey(pair: string): bigint {
  const bytes = unbinary(pair);
  const sum = PAIR_FACTORS.reduce((total, factor, i) => {
    const word = bytes.readBigUInt64LE(8 * i);
    return total + (word ^ (word >> 32n)) * factor;
  }, 0n);
  return BigInt.asUintN(64, sum);
}

export function encodeBudget(b: Budget): Buffer {
  return Buffer.concat([encodeU64(b.key), encodeU64(b.since), encodeU64(BigInt(b.used))]);
}

export function encodeEvent(e: Event): Buffer {
  const bytes = Buffer.alloc(320);
  bytes.writeUInt32LE(e.kind, 0);
  bytes.writeUInt32LE(e.rule, 4);
  bytes.writeBigUInt64LE(e.time, 8);
  bytes.writeBigUInt64LE(e.expires, 16);
  bytes.write(e.pair, 24, 'latin1');
  bytes.writeUInt16LE(e.name.length, 56);
  bytes[58] = e.source;
  bytes.set(e.name, 64);
  return bytes;
}
