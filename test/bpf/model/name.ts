/** bpf/README.md "Names and hashes": reading a name out of a message. */
import { labelHash, lowerCase, rawHash, wholeHash, wordsOf } from './hash.ts';
import { REASON } from './reasons.ts';

export interface Name {
  /** Offset of its first byte, and of what follows it there. */
  readonly start: number;
  readonly end: number;
  /** As sent, left to right. */
  readonly labels: readonly Uint8Array[];
  readonly labelHashes: readonly bigint[];
  readonly whole: bigint;
  /** Lower-cased, uncompressed, with the root. */
  readonly wire: Uint8Array;
}

/** The steps of a loop; {@link take} says whether there was one left for all of `steps`. */
export class Steps {
  private left: number;

  constructor(limit: number) {
    this.left = limit;
  }

  take(steps = 1): boolean {
    this.left -= steps;
    return this.left >= 0;
  }
}

/** A name, or the reason why there is none: BAD_NAME or STEPS. */
export function readName(
  message: Uint8Array,
  start: number,
  seed: bigint,
  steps: Steps,
): Name | number {
  const labels: Uint8Array[] = [];
  let length = 1; // the root
  let offset = start;
  let piece = start;
  let end: number | undefined;
  for (;;) {
    if (!steps.take()) return REASON.STEPS;
    const byte = message[offset];
    if (byte === undefined) return REASON.BAD_NAME;
    if (byte === 0) break;
    if (byte >= 0xc0) {
      const low = message[offset + 1];
      if (low === undefined) return REASON.BAD_NAME;
      const target = ((byte & 0x3f) << 8) | low;
      if (target < 12 || target >= piece) return REASON.BAD_NAME;
      end ??= offset + 2;
      offset = piece = target;
      continue;
    }
    if (byte > 63) return REASON.BAD_NAME;
    length += 1 + byte;
    if (length > 255 || offset + 1 + byte > message.length) return REASON.BAD_NAME;
    if (!steps.take(wordsOf(byte) - 1)) return REASON.STEPS;
    labels.push(message.subarray(offset + 1, offset + 1 + byte));
    offset += 1 + byte;
  }
  const lower = labels.map(lowerCase);
  const labelHashes = lower.map((label) => labelHash(seed, label));
  const wire = new Uint8Array(length);
  let at = 0;
  for (const label of lower) {
    wire[at] = label.length;
    wire.set(label, at + 1);
    at += 1 + label.length;
  }
  return {
    start,
    end: end ?? offset + 1,
    labels,
    labelHashes,
    whole: wholeHash(seed, labelHashes),
    wire,
  };
}

/** Of the name as it was sent. */
export function rawOf(name: Name, seed: bigint): bigint {
  return rawHash(seed, name.labels);
}
