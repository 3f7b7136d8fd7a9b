/** How many addresses a name may bring (Z3): a zone that answers with others each time fills no map. */

/** DR_ADDRESSES_MAX of bpf/domainroute.h, in an hour. */
const ADDRESSES_MAX = 256;
const PERIOD_MS = 3_600_000;
/**
 * Of all names together, some 300 bytes each where names have one: 5 MB. Then the names that have been known longest begin
 * anew, a quarter at once: a Map is slow to find its first key behind many that are gone.
 */
const HELD_MAX = 16_384;
const HELD_AFTER = 12_288;

interface Spent {
  readonly since: number;
  readonly addresses: Set<string>;
}

export class NameBudget {
  readonly #names = new Map<bigint, Spent>();
  readonly #now: () => number;
  #held = 0;

  /** `now`: milliseconds that never go back. */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /** How many addresses are remembered. */
  get held(): number {
    return this.#held;
  }

  /** May the name with this hash bring this address? One that it has brought already is free. */
  take(name: bigint, address: Uint8Array): boolean {
    const { addresses } = this.#spentBy(name);
    const key = Buffer.from(address.buffer, address.byteOffset, 16).toString('latin1');
    if (addresses.has(key)) return true;
    if (addresses.size >= ADDRESSES_MAX) return false;
    addresses.add(key);
    this.#held++;
    if (this.#held > HELD_MAX) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    for (const oldest of this.#names.keys()) {
      if (this.#held <= HELD_AFTER) return;
      this.#forget(oldest);
    }
  }

  #spentBy(name: bigint): Spent {
    const now = this.#now();
    const known = this.#names.get(name);
    if (known !== undefined && now - known.since < PERIOD_MS) return known;
    this.#forget(name);
    const spent = { since: now, addresses: new Set<string>() };
    this.#names.set(name, spent);
    return spent;
  }

  #forget(name: bigint): void {
    this.#held -= this.#names.get(name)?.addresses.size ?? 0;
    this.#names.delete(name);
  }
}
