/** A fact: this client was told that this name is at this address (`struct fact` of bpf/domainroute.h). */

/** `enum source` of bpf/domainroute.h, by number: who taught it. */
export const FACT_SOURCES = ['lan', 'wan', 'state', 'dnstap', 'sync'] as const;
export type FactSource = (typeof FACT_SOURCES)[number];

/** Times are nanoseconds of CLOCK_MONOTONIC as numbers: exact below 2^53, that is for 104 days of uptime. */
export interface Fact {
  /** 16 bytes. */
  readonly address: Uint8Array;
  /** 16 bytes; `::` is any client. */
  readonly client: Uint8Array;
  /** In wire form, lower-cased, without the root. */
  readonly name: Uint8Array;
  /** The newest answer. */
  readonly told: number;
  /** `told` and the TTL. */
  readonly expires: number;
  /** The last use in a verdict, at first `told`. */
  readonly lastSeen: number;
  readonly source: FactSource;
  /** A rule matched the name when it was learnt: it is in `facts`, else in `strays`. */
  readonly matched: boolean;
}

export interface FactClock {
  /** CLOCK_MONOTONIC, ns. */
  readonly now: number;
  /** How long a fact outlives its last use, ns. */
  readonly hold: number;
}

/** Where things lie in a key (`struct pair`) and a value (`struct fact`), in bytes; times at multiples of 4. */
export interface FactLayout {
  readonly keySize: number;
  readonly client: number;
  readonly address: number;
  readonly valueSize: number;
  readonly told: number;
  readonly expires: number;
  readonly lastSeen: number;
  /** A __u16 that counts the root's byte, too. */
  readonly nameLength: number;
  readonly source: number;
  readonly name: number;
}

/** A copy of a map: `count` keys, and as many values, one behind the other. */
export interface FactEntries {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/** The maps `facts` and `strays`. */
export interface FactStore {
  readonly layout: FactLayout;
  /** All of `facts` (`matched`) or of `strays`, whether they still stand or not. */
  entries(matched: boolean): FactEntries;
}

/** When a fact stops to stand, ns. */
export function validUntil(
  fact: Pick<Fact, 'expires' | 'lastSeen'>,
  { hold }: Pick<FactClock, 'hold'>,
): number {
  return Math.max(fact.expires, fact.lastSeen + hold);
}

/** The fact at `index`; its bytes are views. */
export function factAt(
  { keys, values }: Pick<FactEntries, 'keys' | 'values'>,
  index: number,
  layout: FactLayout,
  matched: boolean,
): Fact {
  const key = index * layout.keySize;
  const value = index * layout.valueSize;
  const view = new DataView(values.buffer, values.byteOffset + value, layout.valueSize);
  const time = (offset: number): number =>
    view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
  const nameStart = value + layout.name;
  const root = nameStart + Math.max(view.getUint16(layout.nameLength, true) - 1, 0);
  return {
    address: keys.subarray(key + layout.address, key + layout.address + 16),
    client: keys.subarray(key + layout.client, key + layout.client + 16),
    name: values.subarray(nameStart, root),
    told: time(layout.told),
    expires: time(layout.expires),
    lastSeen: time(layout.lastSeen),
    source: factSource(view.getUint8(layout.source)),
    matched,
  };
}

/** A source that a newer schema might have is shown as one of the network. */
export function factSource(number: number): FactSource {
  return FACT_SOURCES[number] ?? 'lan';
}
