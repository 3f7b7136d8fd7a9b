/** UPDATE messages as they are sent: one after another in a chunk of bytes, each as full as it gets. */
import { concat, u16Bytes } from './bytes.ts';
import {
  afiOf,
  AttributeFlag,
  AttributeType,
  type Family,
  MAX_MESSAGE_LENGTH,
  MessageType,
  SAFI_UNICAST,
} from './constants.ts';
import { frame } from './message.ts';
import { MAX_NLRI_LENGTH, writeNlri } from './nlri.ts';
import { encodeRouteAttributes, type PathOptions, type RouteAttributes } from './route.ts';

/** An UPDATE without its routes: these go between head and tail. */
export interface UpdateTemplate {
  readonly family: Family;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** Lengths (u16): where, and how much more than the bytes of the routes. */
  readonly lengths: readonly (readonly [at: number, more: number])[];
}

/** Where things are in the message: header 19, then two lengths, then flags and type of the first attribute. */
const MESSAGE_LENGTH_AT = 16;
const WITHDRAWN_LENGTH_AT = 19;
const ATTRIBUTES_LENGTH_AT = 21;
const FIRST_VALUE_LENGTH_AT = 25;

const MP_FLAGS = AttributeFlag.OPTIONAL | AttributeFlag.EXTENDED_LENGTH;

function template(
  family: Family,
  body: Uint8Array,
  tail: Uint8Array,
  lengths: UpdateTemplate['lengths'],
): UpdateTemplate {
  const head = frame(MessageType.UPDATE, body);
  const all = [[MESSAGE_LENGTH_AT, head.length + tail.length] as const, ...lengths];
  return { family, head, tail, lengths: all };
}

export function announcement(
  family: Family,
  attributes: RouteAttributes,
  options: PathOptions,
): UpdateTemplate {
  const encoded = encodeRouteAttributes(attributes, options, family);
  if (family === 4) {
    const body = concat(u16Bytes(0, encoded.length), encoded);
    return template(family, body, new Uint8Array(), []);
  }
  const nextHop = options.nextHop.get(6) ?? new Uint8Array(16);
  const value = Uint8Array.of(0, afiOf(6), SAFI_UNICAST, 16, ...nextHop, 0);
  // RFC 7606 §5.1: MP_REACH_NLRI is the first attribute
  return multiprotocol(AttributeType.MP_REACH_NLRI, value, encoded);
}

export function withdrawal(family: Family): UpdateTemplate {
  if (family === 4) {
    return template(family, u16Bytes(0), u16Bytes(0), [[WITHDRAWN_LENGTH_AT, 0]]);
  }
  const value = Uint8Array.of(0, afiOf(6), SAFI_UNICAST);
  return multiprotocol(AttributeType.MP_UNREACH_NLRI, value, new Uint8Array());
}

/** `value` is the attribute's before the routes, `tail` the attributes behind it. */
function multiprotocol(type: number, value: Uint8Array, tail: Uint8Array): UpdateTemplate {
  const body = concat(u16Bytes(0, 0), Uint8Array.of(MP_FLAGS, type), u16Bytes(0), value);
  return template(6, body, tail, [
    [ATTRIBUTES_LENGTH_AT, 4 + value.length + tail.length],
    [FIRST_VALUE_LENGTH_AT, value.length],
  ]);
}

/** RFC 4724 §2: all that there was at the beginning has been sent. */
export function endOfRib(family: Family): Uint8Array {
  if (family === 4) return frame(MessageType.UPDATE, u16Bytes(0, 0));
  const unreach = Uint8Array.of(0, afiOf(6), SAFI_UNICAST);
  const attribute = concat(
    Uint8Array.of(AttributeFlag.OPTIONAL, AttributeType.MP_UNREACH_NLRI, unreach.length),
    unreach,
  );
  return frame(MessageType.UPDATE, concat(u16Bytes(0, attribute.length), attribute));
}

/** Fills a chunk with messages. Routes of one template that follow each other share messages. */
export class UpdateWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #length = 0;
  #start = 0;
  #template: UpdateTemplate | undefined;
  /** Messages begun so far. */
  messages = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** False, and nothing is written, when the chunk is full. */
  add(template: UpdateTemplate, address: Uint8Array, length: number): boolean {
    const room = MAX_MESSAGE_LENGTH - MAX_NLRI_LENGTH - template.tail.length;
    const goesOn = this.#template === template && this.#length - this.#start <= room;
    if (!goesOn) {
      this.#finish();
      if (this.#length + MAX_MESSAGE_LENGTH > this.#bytes.length) return false;
      this.#start = this.#length;
      this.#template = template;
      this.#bytes.set(template.head, this.#start);
      this.#length += template.head.length;
      this.messages++;
    }
    this.#length = writeNlri(this.#bytes, this.#length, template.family, address, length);
    return true;
  }

  /** What was written; the writer is not to be used any more. */
  take(): Uint8Array {
    this.#finish();
    return this.#bytes.subarray(0, this.#length);
  }

  #finish(): void {
    const template = this.#template;
    if (template === undefined) return;
    const routes = this.#length - this.#start - template.head.length;
    for (const [at, more] of template.lengths) {
      this.#view.setUint16(this.#start + at, routes + more);
    }
    this.#bytes.set(template.tail, this.#length);
    this.#length += template.tail.length;
    this.#template = undefined;
  }
}
