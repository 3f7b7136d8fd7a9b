/**
 * What we announce (Adj-RIBs-Out of RFC 4271 §3.2 in one): a table of prefixes, and for each neighbour two bits a
 * prefix, "is known there" and "is to be sent". So a slow neighbour costs no more than a fast one, whatever
 * happens meanwhile. 100,000 prefixes take some 4 MB, and 30 KB a neighbour.
 */
import { DomainrouteError } from '../base/errors.ts';
import type { Prefix } from '../model/prefix.ts';
import type { Family } from './constants.ts';
import { attributesKey, type RouteAttributes } from './route.ts';

/** Indices must fit below the attributes' number in {@link View.round}. */
const MAX_PREFIXES = 1 << 20;
const NONE = -1;

/** `attributes` of an entry that is withdrawn, but known to some neighbour yet. */
const WITHDRAWN = 0;

interface Shared {
  readonly key: string;
  readonly attributes: RouteAttributes;
  users: number;
}

/** A multiplicative hash; the seed makes collisions of addresses unforeseeable. */
function hashOf(words: Uint32Array, at: number, length: number, seed: number): number {
  let hash = seed ^ length;
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ (words[at + i] ?? 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

export class Rib {
  readonly #seed = Math.trunc(Math.random() * 0x1_0000_0000);
  /** Address of an entry: its 16 bytes as four words. */
  #words = new Uint32Array(4 * 64);
  #lengths = new Uint8Array(64);
  /** Number of the attributes, which is never used again; {@link WITHDRAWN}. */
  #attributes = new Uint32Array(64);
  /** How many views know the entry. */
  #knownBy = new Uint16Array(64);
  /** Next entry of the same bucket, or of the free ones. */
  #next = new Int32Array(64);
  #buckets = new Int32Array(64).fill(NONE);
  #free = NONE;
  #used = 0;
  #announced = 0;
  readonly #views = new Set<View>();
  readonly #shared = new Map<number, Shared>();
  readonly #numbers = new Map<string, number>();
  #lastNumber = WITHDRAWN;
  readonly #key = new Uint32Array(4);
  readonly #keyBytes = new Uint8Array(this.#key.buffer);

  /** How many prefixes are announced. */
  get size(): number {
    return this.#announced;
  }

  /** Slots for entries: bits of a view. */
  get capacity(): number {
    return this.#lengths.length;
  }

  /**
   * Returns false if the prefix is announced like this already. Throws a DomainrouteError: 'full', or 'config' for more
   * communities than a message holds.
   */
  announce({ address, length }: Prefix, attributes: RouteAttributes = {}): boolean {
    const key = attributesKey(attributes);
    const found = this.#find(address, length);
    const old = found === NONE ? WITHDRAWN : this.#attributesOf(found);
    if (old !== WITHDRAWN && this.#shared.get(old)?.key === key) return false;
    const entry = found === NONE ? this.#add(length) : found;
    this.#attributes[entry] = this.#share(key, attributes);
    if (old === WITHDRAWN) this.#announced++;
    else this.#unshare(old);
    for (const view of this.#views) view.changed(entry);
    return true;
  }

  /** Returns false if the prefix is not announced. */
  withdraw({ address, length }: Prefix): boolean {
    const entry = this.#find(address, length);
    const old = entry === NONE ? WITHDRAWN : this.#attributesOf(entry);
    if (old === WITHDRAWN) return false;
    this.#attributes[entry] = WITHDRAWN;
    this.#announced--;
    this.#unshare(old);
    for (const view of this.#views) view.changed(entry);
    this.#releaseUnknown(entry);
    return true;
  }

  /** All of the table is to be sent there, in these families. */
  open(families: readonly Family[]): View {
    const view = new View(this, families);
    this.#views.add(view);
    for (let entry = 0; entry < this.#used; entry++) view.changed(entry);
    return view;
  }

  /** For {@link View}: nothing is known there any more. */
  close(view: View): void {
    this.#views.delete(view);
  }

  /** Entries are 0 to `used`; those that are free count as withdrawn. */
  get used(): number {
    return this.#used;
  }

  attributesOf(entry: number): RouteAttributes | undefined {
    return this.#shared.get(this.#attributesOf(entry))?.attributes;
  }

  /** 0: it is withdrawn. */
  attributesNumber(entry: number): number {
    return this.#attributesOf(entry);
  }

  /** A view of the table, good until it changes. */
  addressOf(entry: number): Uint8Array {
    return new Uint8Array(this.#words.buffer, 16 * entry, 16);
  }

  lengthOf(entry: number): number {
    return this.#lengths[entry] ?? 0;
  }

  /** The words of ::ffff:0:0/96, least significant byte first, as all machines here have them. */
  familyOf(entry: number): Family {
    const at = 4 * entry;
    const mapped =
      this.#words[at] === 0 && this.#words[at + 1] === 0 && this.#words[at + 2] === 0xffff0000;
    return mapped ? 4 : 6;
  }

  /** For {@link View}: one more or one fewer knows the entry. */
  knownByOne(entry: number, more: 1 | -1): void {
    this.#knownBy[entry] = (this.#knownBy[entry] ?? 0) + more;
    if (more < 0) this.#releaseUnknown(entry);
  }

  #attributesOf(entry: number): number {
    return this.#attributes[entry] ?? WITHDRAWN;
  }

  /** Leaves the address in `#key`. */
  #find(address: Uint8Array, length: number): number {
    this.#keyBytes.set(address);
    let entry = this.#buckets[this.#bucketOf(this.#key, 0, length)] ?? NONE;
    while (entry !== NONE && !this.#isAt(entry, length)) entry = this.#next[entry] ?? NONE;
    return entry;
  }

  #isAt(entry: number, length: number): boolean {
    if (this.#lengths[entry] !== length) return false;
    for (let i = 0; i < 4; i++) if (this.#words[4 * entry + i] !== this.#key[i]) return false;
    return true;
  }

  #bucketOf(words: Uint32Array, at: number, length: number): number {
    return hashOf(words, at, length, this.#seed) & (this.#buckets.length - 1);
  }

  /** A new entry for `#key`. */
  #add(length: number): number {
    let entry = this.#free;
    if (entry !== NONE) {
      this.#free = this.#next[entry] ?? NONE;
    } else {
      if (this.#used === this.capacity) this.#grow();
      entry = this.#used++;
    }
    this.#words.set(this.#key, 4 * entry);
    this.#lengths[entry] = length;
    this.#link(entry);
    return entry;
  }

  #link(entry: number): void {
    const bucket = this.#bucketOf(this.#words, 4 * entry, this.lengthOf(entry));
    this.#next[entry] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = entry;
  }

  #releaseUnknown(entry: number): void {
    if (this.#attributesOf(entry) !== WITHDRAWN || this.#knownBy[entry] !== 0) return;
    const bucket = this.#bucketOf(this.#words, 4 * entry, this.lengthOf(entry));
    const after = this.#next[entry] ?? NONE;
    if (this.#buckets[bucket] === entry) {
      this.#buckets[bucket] = after;
    } else {
      let before = this.#buckets[bucket] ?? NONE;
      while (before !== NONE && this.#next[before] !== entry) before = this.#next[before] ?? NONE;
      this.#next[before] = after;
    }
    this.#next[entry] = this.#free;
    this.#free = entry;
  }

  #grow(): void {
    const capacity = 2 * this.capacity;
    if (capacity > MAX_PREFIXES) {
      throw new DomainrouteError(
        'full',
        `Cannot announce one more prefix: there are ${MAX_PREFIXES} already`,
      );
    }
    this.#words = grown(this.#words, new Uint32Array(4 * capacity));
    this.#lengths = grown(this.#lengths, new Uint8Array(capacity));
    this.#attributes = grown(this.#attributes, new Uint32Array(capacity));
    this.#knownBy = grown(this.#knownBy, new Uint16Array(capacity));
    this.#next = new Int32Array(capacity);
    this.#buckets = new Int32Array(capacity).fill(NONE);
    // there is no free entry, or nothing would have to grow
    for (let entry = 0; entry < this.#used; entry++) this.#link(entry);
    for (const view of this.#views) view.grow(capacity);
  }

  #share(key: string, attributes: RouteAttributes): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = ++this.#lastNumber;
      this.#numbers.set(key, number);
      this.#shared.set(number, { key, attributes, users: 0 });
    }
    const shared = this.#shared.get(number);
    if (shared !== undefined) shared.users++;
    return number;
  }

  #unshare(number: number): void {
    const shared = this.#shared.get(number);
    if (shared === undefined || --shared.users > 0) return;
    this.#shared.delete(number);
    this.#numbers.delete(shared.key);
  }
}

function grown<T extends Uint32Array | Uint16Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** What one neighbour knows and what it is still to be told. */
export class View {
  readonly #rib: Rib;
  readonly #families: readonly Family[];
  #known: Uint32Array;
  #pending: Uint32Array;
  #knownCount = 0;
  #pendingCount = 0;

  constructor(rib: Rib, families: readonly Family[]) {
    this.#rib = rib;
    this.#families = families;
    this.#known = new Uint32Array(rib.capacity / 32);
    this.#pending = new Uint32Array(rib.capacity / 32);
  }

  /** Prefixes that the neighbour has been told of. */
  get known(): number {
    return this.#knownCount;
  }

  /** Prefixes it has still to be told about. */
  get pending(): number {
    return this.#pendingCount;
  }

  /** The difference afresh: an entry has other attributes, or none. */
  changed(entry: number): void {
    const announced = this.#rib.attributesNumber(entry) !== WITHDRAWN;
    const spoken = this.#families.includes(this.#rib.familyOf(entry));
    this.#setPending(entry, spoken && (announced || isSet(this.#known, entry)));
  }

  /** All of a family once more (RFC 2918). */
  refresh(family: Family): void {
    for (let entry = 0; entry < this.#rib.used; entry++) {
      if (this.#rib.familyOf(entry) === family) this.changed(entry);
    }
  }

  isPending(entry: number): boolean {
    return isSet(this.#pending, entry);
  }

  /** The neighbour has been told of the entry as it is now. */
  sent(entry: number): void {
    const announced = this.#rib.attributesNumber(entry) !== WITHDRAWN;
    this.#setPending(entry, false);
    if (announced === isSet(this.#known, entry)) return;
    flip(this.#known, entry);
    this.#knownCount += announced ? 1 : -1;
    this.#rib.knownByOne(entry, announced ? 1 : -1);
  }

  /** Entries to be sent, withdrawn ones first, then those of equal attributes and family together. */
  round(): Uint32Array {
    const keys = new Float64Array(this.#pendingCount);
    let count = 0;
    for (let word = 0; word < this.#pending.length; word++) {
      let bits = this.#pending[word] ?? 0;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const entry = 32 * word + bit;
        const group =
          2 * this.#rib.attributesNumber(entry) + (this.#rib.familyOf(entry) === 4 ? 0 : 1);
        keys[count++] = group * MAX_PREFIXES + entry;
      }
    }
    keys.sort();
    return Uint32Array.from(keys, (key) => key % MAX_PREFIXES);
  }

  grow(capacity: number): void {
    this.#known = grown(this.#known, new Uint32Array(capacity / 32));
    this.#pending = grown(this.#pending, new Uint32Array(capacity / 32));
  }

  /** The session has ended. */
  close(): void {
    this.#rib.close(this);
    for (let entry = 0; entry < this.#rib.used; entry++) {
      if (isSet(this.#known, entry)) this.#rib.knownByOne(entry, -1);
    }
    this.#known.fill(0);
    this.#pending.fill(0);
    this.#knownCount = this.#pendingCount = 0;
  }

  #setPending(entry: number, pending: boolean): void {
    if (isSet(this.#pending, entry) === pending) return;
    flip(this.#pending, entry);
    this.#pendingCount += pending ? 1 : -1;
  }
}

function isSet(bits: Uint32Array, entry: number): boolean {
  return (((bits[entry >>> 5] ?? 0) >>> (entry & 31)) & 1) !== 0;
}

function flip(bits: Uint32Array, entry: number): void {
  bits[entry >>> 5] = (bits[entry >>> 5] ?? 0) ^ (1 << (entry & 31));
}
