/**
 * The 64-bit hashes of names that the kernel programs use: "Names and hashes" of bpf/README.md. The other
 * side is bpf/name.h. Names are in wire form (RFC 1035 §3.1), lower-cased but for the raw hash, with or
 * without the root's byte. A hash is kept as two 32-bit halves: a million names with BigInt take seconds.
 */

/** `0x9E3779B97F4A7C15`, 2^64 divided by the golden ratio, in its halves. */
const MULTIPLIER_LOW = 0x7f4a7c15;
const MULTIPLIER_HIGH = 0x9e3779b9 | 0;
/** The halves of the low half, both below 2^15: so no product below leaves 31 bits. */
const MULTIPLIER_0 = 0x7c15;
const MULTIPLIER_1 = 0x7f4a;

const EXACT = 0x3d;
const LABELS_MAX = 127;
const LABEL_MAX = 63;

/**
 * Hashes one name after the other: {@link read} takes a name, the methods behind it leave their result in
 * `low` and `high`. These are signed 32-bit integers, as JavaScript's bit operators give them: `>>> 0` makes
 * them unsigned.
 */
export class NameHasher {
  low = 0;
  high = 0;
  /** Labels of the name that was read last. */
  labels = 0;
  private readonly seedLow: number;
  private readonly seedHigh: number;
  private readonly labelLow = new Int32Array(LABELS_MAX);
  private readonly labelHigh = new Int32Array(LABELS_MAX);

  /** `seed`: 64 bits, `config.seed` of the kernel programs. */
  constructor(seed: bigint) {
    this.seedLow = Number(BigInt.asIntN(32, seed));
    this.seedHigh = Number(BigInt.asIntN(32, seed >> 32n));
  }

  /** Hashes the labels of `bytes[start..end)`. The number of labels, or -1 if the bytes are no name. */
  read(bytes: Uint8Array, start = 0, end = bytes.length): number {
    let labels = 0;
    let offset = start;
    while (offset < end) {
      const length = bytes[offset] ?? 0;
      if (length === 0) break;
      const next = offset + length + 1;
      if (length > LABEL_MAX || next > end || labels === LABELS_MAX) return -1;
      this.reset();
      this.mixBytes(bytes, offset, next);
      this.labelLow[labels] = this.low;
      this.labelHigh[labels] = this.high;
      labels++;
      offset = next;
    }
    if (end - offset > 1 || offset - start > 254) return -1;
    this.labels = labels;
    return labels;
  }

  /** The whole hash: the key of an alias, `fact.hash`. */
  whole(): void {
    this.reset();
    for (let i = 0; i < this.labels; i++) this.mixLabel(i);
  }

  /** The key of a rule for this name alone. */
  exact(): void {
    this.whole();
    this.mix(EXACT, 0);
  }

  /** The key of a rule for this name and all below it. */
  suffix(): void {
    this.reset();
    for (let i = this.labels - 1; i >= 0; i--) this.mixLabel(i);
  }

  /** The seed: the suffix of no labels. */
  reset(): void {
    this.low = this.seedLow;
    this.high = this.seedHigh;
  }

  /** From the suffix of k - 1 labels to that of k; `k` counts from 1. */
  lengthen(k: number): void {
    this.mixLabel(this.labels - k);
  }

  /** The hash of the label at `index` from the left. */
  label(index: number): void {
    this.low = this.labelLow[index] ?? 0;
    this.high = this.labelHigh[index] ?? 0;
  }

  /** The question hash of a name as it was sent, its case kept; type and class are 16 bits each. */
  question(bytes: Uint8Array, type: number, dnsClass: number): void {
    this.raw(bytes);
    this.mix((type << 16) | dnsClass, 0);
  }

  /** The hash of all words of all labels, case kept. */
  raw(bytes: Uint8Array): void {
    this.reset();
    let offset = 0;
    while (offset < bytes.length && bytes[offset] !== 0) {
      const next = Math.min(offset + (bytes[offset] ?? 0) + 1, bytes.length);
      this.mixBytes(bytes, offset, next);
      offset = next;
    }
  }

  /** `low` and `high` as one number. */
  value(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  private mixLabel(index: number): void {
    this.mix(this.labelLow[index] ?? 0, this.labelHigh[index] ?? 0);
  }

  /** Little-endian words of 8 bytes, the last one filled with zeros. */
  private mixBytes(bytes: Uint8Array, start: number, end: number): void {
    for (let word = start; word < end; word += 8) {
      let low = 0;
      let high = 0;
      const middle = Math.min(word + 4, end);
      const last = Math.min(word + 8, end);
      let shift = 0;
      let i = word;
      for (; i < middle; i++, shift += 8) low |= (bytes[i] ?? 0) << shift;
      for (shift = 0; i < last; i++, shift += 8) high |= (bytes[i] ?? 0) << shift;
      this.mix(low, high);
    }
  }

  /** `x ^ (x >> 32)` with `x = (hash ^ word) * MULTIPLIER`, modulo 2^64. */
  private mix(wordLow: number, wordHigh: number): void {
    const low = this.low ^ wordLow;
    const high = this.high ^ wordHigh;
    const low0 = low & 0xffff;
    const low1 = low >>> 16;
    // the upper half of low * MULTIPLIER_LOW, from 16-bit pieces
    const t = Math.imul(low1, MULTIPLIER_0) + (Math.imul(low0, MULTIPLIER_0) >>> 16);
    const u = Math.imul(low0, MULTIPLIER_1) + (t & 0xffff);
    const carry = Math.imul(low1, MULTIPLIER_1) + (t >>> 16) + (u >>> 16);
    const productHigh =
      (carry + Math.imul(low, MULTIPLIER_HIGH) + Math.imul(high, MULTIPLIER_LOW)) | 0;
    this.high = productHigh;
    this.low = Math.imul(low, MULTIPLIER_LOW) ^ productHigh;
  }
}

/** The whole hash of a name. Throws RangeError where the bytes are no name; so do those below. */
export function wholeHash(seed: bigint, name: Uint8Array): bigint {
  const hasher = reader(seed, name);
  hasher.whole();
  return hasher.value();
}

/** The hash of the last `labels` labels of a name, by default of all. */
export function suffixHash(seed: bigint, name: Uint8Array, labels?: number): bigint {
  const hasher = reader(seed, name);
  hasher.reset();
  const last = labels ?? hasher.labels;
  if (last > hasher.labels) {
    throw new RangeError(`Cannot hash ${last} labels: the name has ${hasher.labels}`);
  }
  for (let k = 1; k <= last; k++) hasher.lengthen(k);
  return hasher.value();
}

/** The key of a rule for the name alone. */
export function exactKey(seed: bigint, name: Uint8Array): bigint {
  const hasher = reader(seed, name);
  hasher.exact();
  return hasher.value();
}

/** `query.question` of a name as it was sent. */
export function questionHash(
  seed: bigint,
  name: Uint8Array,
  type: number,
  dnsClass: number,
): bigint {
  const hasher = reader(seed, name);
  hasher.question(name, type, dnsClass);
  return hasher.value();
}

function reader(seed: bigint, name: Uint8Array): NameHasher {
  const hasher = new NameHasher(seed);
  if (hasher.read(name) === -1) throw new RangeError('Cannot hash name: not in wire form');
  return hasher;
}
