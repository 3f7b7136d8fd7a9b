/** Hashes of names, as bpf/README.md "Names and hashes" defines them. All values are unsigned 64 bit. */

const MULTIPLIER = 0x9e3779b97f4a7c15n;

/** `mix(h, w) = x ^ (x >> 32)` with `x = (h ^ w) * 0x9E3779B97F4A7C15`, in 64 bits. */
export function mix(hash: bigint, word: bigint): bigint {
  const x = BigInt.asUintN(64, (hash ^ word) * MULTIPLIER);
  return x ^ (x >> 32n);
}

const padded = new DataView(new ArrayBuffer(64));
const paddedBytes = new Uint8Array(padded.buffer);

/** The 8-byte words, little-endian, of a label (1 to 63 bytes) with its length byte; zeros fill the last. */
export function labelWords(label: Uint8Array): bigint[] {
  paddedBytes.fill(0);
  paddedBytes[0] = label.length;
  paddedBytes.set(label, 1);
  const words: bigint[] = [];
  for (let i = 0; i < label.length + 1; i += 8) words.push(padded.getBigUint64(i, true));
  return words;
}

/** How many words a label of this length has. */
export function wordsOf(labelLength: number): number {
  return (labelLength >> 3) + 1;
}

/** A label with ASCII letters in lower case; other bytes stay (Z5). */
export function lowerCase(label: Uint8Array): Uint8Array {
  return label.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));
}

/** `label` must be in lower case. */
export function labelHash(seed: bigint, label: Uint8Array): bigint {
  return labelWords(label).reduce(mix, seed);
}

/** Of the labels from left to right as they were sent. */
export function rawHash(seed: bigint, labels: readonly Uint8Array[]): bigint {
  return labels.flatMap(labelWords).reduce(mix, seed);
}

/** From the hashes of the labels, left to right; the root's is `seed`. */
export function wholeHash(seed: bigint, labelHashes: readonly bigint[]): bigint {
  return labelHashes.reduce(mix, seed);
}

/** Suffix hashes of k = 1, 2 … labels. */
export function suffixHashes(seed: bigint, labelHashes: readonly bigint[]): bigint[] {
  let hash = seed;
  return labelHashes.toReversed().map((label) => (hash = mix(hash, label)));
}

/** Key of an exact rule. */
export function exactKey(whole: bigint): bigint {
  return mix(whole, 0x3dn);
}

/** What was asked: raw hash, type and class. */
export function questionHash(raw: bigint, type: number, cls: number): bigint {
  return mix(raw, (BigInt(type) << 16n) | BigInt(cls));
}

/** The labels of a name in wire form without pointers; the root may be absent. */
export function labelsOfWire(wire: Uint8Array): Uint8Array[] {
  const labels: Uint8Array[] = [];
  for (let i = 0; ;) {
    const length = wire[i] ?? 0;
    if (length === 0) return labels;
    labels.push(wire.subarray(i + 1, i + 1 + length));
    i += 1 + length;
  }
}
