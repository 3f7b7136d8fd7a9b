/** Facts and links written from user space, as the programs write theirs (bpf/learn.h). */
import { SOURCES } from './constants.ts';
import { monotonicNow } from './fact-maps.ts';
import { ALIAS, FACT, PAIR } from './layouts.ts';
import { key32 } from './config-map.ts';
import type { Maps } from './maps.ts';

export interface TaughtFact {
  /** 16 bytes; `::` is any client. */
  readonly client: Uint8Array;
  /** 16 bytes. */
  readonly address: Uint8Array;
  /** In wire form, lower-cased, without the root. */
  readonly name: Uint8Array;
  /** The whole hash of the name, the key of its alias. */
  readonly hash: bigint;
  readonly ttlSeconds: number;
  /** A rule names the name, or one of its chain. */
  readonly matched: boolean;
  readonly source: (typeof SOURCES)[number];
}

const SECOND = 1e9;

/** 'learnt': it was not known, or by another name. 'refused': that, and more than the name may bring. */
export type TaughtResult = 'learnt' | 'refreshed' | 'refused';

/** `keep_fact` and what is behind it in `learn`. `mayBring`: has the name room for this address (Z3)? Asked if it is new. */
export function teachFact(maps: Maps, fact: TaughtFact, mayBring: () => boolean): TaughtResult {
  const { client, address, name, hash, ttlSeconds, matched, source } = fact;
  const key = PAIR.encode({ client, address });
  const [map, other] = matched
    ? [maps.get('facts'), maps.get('strays')]
    : [maps.get('strays'), maps.get('facts')];
  const bytes = map.lookup(key);
  const before = bytes === undefined ? undefined : FACT.decode(bytes);
  const known = before?.hash === hash ? before : undefined;
  if (known === undefined && !mayBring()) return 'refused';
  const now = monotonicNow();
  const times = { told: now, expires: now + ttlSeconds * SECOND, last_seen: now };
  const own = { hash, name_length: name.length + 1, source: SOURCES.indexOf(source), name };
  map.update(key, FACT.encode({ ...(known ?? own), ...times }));
  const isInOther = other.lookup(key) !== undefined;
  if (isInOther && matched) other.delete(key);
  if (known === undefined || isInOther) voidVerdictsOn(maps, address);
  return known === undefined ? 'learnt' : 'refreshed';
}

export interface TaughtLink {
  /** The whole hash of the owner. */
  readonly owner: bigint;
  /** The target, in wire form, lower-cased, without the root, and its whole hash. */
  readonly target: Uint8Array;
  readonly hash: bigint;
  readonly matched: boolean;
}

export function teachLink(maps: Maps, { owner, target, hash, matched }: TaughtLink): void {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, owner, true);
  const value = ALIAS.encode({
    told: monotonicNow(),
    hash,
    name_length: target.length + 1,
    name: target,
  });
  maps.get(matched ? 'aliases' : 'stray_aliases').update(key, value);
}

/** 32 less the bits of DR_EPOCHS. */
const EPOCH_SHIFT = 20;

/** `epoch_index` and `bump_epoch`; words are in the byte order of the machine, which is little-endian. */
function voidVerdictsOn(maps: Maps, address: Uint8Array): void {
  const words = new DataView(address.buffer, address.byteOffset, 16);
  const fold = [0, 4, 8, 12].reduce((sum, at) => sum ^ words.getInt32(at, true), 0);
  const key = key32(Math.imul(fold, 0x9e3779b1) >>> EPOCH_SHIFT);
  const epochs = maps.get('epochs');
  const bytes = epochs.lookup(key);
  if (bytes === undefined) return;
  const epoch = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  epochs.update(key, key32((epoch + 1) >>> 0));
}
