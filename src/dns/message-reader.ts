/** Integers and names in messages; names by the rules of bpf/name.h: "Names and hashes" of bpf/README.md. */
import { DnsError } from './dns-error.ts';

/** RFC 1035 §2.3.4: 255 bytes, less the root's. */
const NAME_MAX = 254;
const LABEL_MAX = 63;
/** RFC 1035 §4.1.1: no name lies in the header. */
export const HEADER_SIZE = 12;
/** Offsets that a pointer can tell, RFC 1035 §4.1.4. */
const POINTER_MAX = 0x3fff;
/**
 * Followed in one message: 16 for each of two names in 128 records, while compression seldom needs more than
 * four. A name of few bytes can lead through thousands; with a limit reading takes linear time (Z4).
 */
const POINTERS_FOLLOWED_MAX = 4096;

const SECTION = 'RFC 1035 §4.1.4';

/** A name where it stands in a message. */
export interface Name {
  /** In wire form, lower-cased, without the root's byte. */
  readonly wire: Uint8Array;
  /** Its first byte. */
  readonly start: number;
  /** Behind its last byte there: that of a pointer, if it ends in one. */
  readonly end: number;
}

/** What is read into, one name at a time. */
const scratch = new Uint8Array(NAME_MAX);

/** Reads one message; it keeps count of the work that names make. */
export class MessageReader {
  readonly message: Uint8Array;
  #pointersLeft = POINTERS_FOLLOWED_MAX;

  constructor(message: Uint8Array) {
    this.message = message;
  }

  /** Zeros behind the end. */
  uint16(offset: number): number {
    return ((this.message[offset] ?? 0) << 8) | (this.message[offset + 1] ?? 0);
  }

  /**
   * The name at `start`. A pointer must lead to below where the piece of name begins that it ends, so there are
   * no loops. Throws DnsError BAD_NAME, or STEPS after too many pointers.
   */
  name(start: number): Name {
    const { message } = this;
    let length = 0;
    let end = 0;
    for (let offset = start, piece = start; ;) {
      const size = message[offset];
      if (size === undefined) throw bad(offset, 'name leaves the message');
      if (size === 0) {
        return { wire: scratch.slice(0, length), start, end: end === 0 ? offset + 1 : end };
      }
      if (size >= 0xc0) {
        const low = message[offset + 1];
        if (low === undefined) throw bad(offset, 'pointer leaves the message');
        const target = ((size & 0x3f) << 8) | low;
        if (target < HEADER_SIZE) throw bad(offset, 'pointer leads into the header');
        if (target >= piece) throw bad(offset, 'pointer does not lead backwards');
        if (this.#pointersLeft-- === 0) {
          throw new DnsError('STEPS', offset, SECTION, 'too many pointers');
        }
        if (end === 0) end = offset + 2;
        offset = piece = target;
        continue;
      }
      if (size > LABEL_MAX) throw bad(offset, 'reserved label type');
      const next = offset + 1 + size;
      if (length + 1 + size > NAME_MAX) throw bad(offset, 'name is longer than 255 bytes');
      if (next > message.length) throw bad(offset, 'label leaves the message');
      // length bytes are below 'A'
      while (offset < next) scratch[length++] = lowerCase(message[offset++] ?? 0);
    }
  }

  /** As {@link name}; a pointer to where `known` was read gives `known.wire` itself. */
  nameOr(known: Name, start: number): Name {
    const end = start + 2;
    const isPointer = known.start <= POINTER_MAX && end <= this.message.length;
    if (isPointer && this.uint16(start) === (0xc000 | known.start)) {
      return { wire: known.wire, start, end };
    }
    return this.name(start);
  }
}

/** ASCII only (RFC 4343 §3). */
function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** Are two names, both lower-cased, the same? */
export function sameName(one: Uint8Array, other: Uint8Array): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function bad(offset: number, state: string): DnsError {
  return new DnsError('BAD_NAME', offset, SECTION, state);
}
