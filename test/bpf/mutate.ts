/**
 * Frames made slightly wrong. Most changes leave enough right that the frame still gets deep into the
 * parser: they fall mostly on the records, and sizes that changed are mostly made good in the headers.
 */
import { concat, u16 } from './frames/bytes.ts';
import type { Frame } from './frames/packet.ts';
import type { Random } from './random.ts';

/** Bytes that mean something to a DNS or IP parser. */
const TELLING_BYTES = [0, 1, 4, 5, 12, 16, 28, 53, 0x3f, 0x40, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xff];
const TELLING_WORDS = [0, 1, 2, 3, 4, 5, 6, 8, 12, 16, 28, 41, 64, 65, 255, 256, 0x8000, 0xffff];
const DNS_HEADER = 12;

type Change = (bytes: Uint8Array, from: number, to: number, random: Random) => Uint8Array;

const flipBit: Change = (bytes, from, to, random) => {
  const at = from + random.below(to - from);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
};

const setByte: Change = (bytes, from, to, random) => {
  bytes[from + random.below(to - from)] = random.oneIn(3)
    ? random.below(256)
    : random.pick(TELLING_BYTES);
  return bytes;
};

const setWord: Change = (bytes, from, to, random) => {
  const at = from + random.below(to - from);
  if (at + 2 <= bytes.length) bytes.set(u16(random.pick(TELLING_WORDS)), at);
  return bytes;
};

/** A byte becomes one more or less: lengths and counts that are nearly right. */
const nudge: Change = (bytes, from, to, random) => {
  const at = from + random.below(to - from);
  bytes[at] = (bytes[at] ?? 0) + (random.oneIn(2) ? 1 : 255);
  return bytes;
};

/** A case bit of a letter: names that are equal but for it. */
const flipCase: Change = (bytes, from, to, random) => {
  const at = from + random.below(to - from);
  const letter = (bytes[at] ?? 0) | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  return bytes;
};

const truncate: Change = (bytes, from, to, random) =>
  bytes.slice(0, from + random.below(to - from));

const slice = (from: number, to: number, random: Random): [number, number] => {
  const start = from + random.below(to - from);
  return [start, Math.min(to, start + 1 + random.below(40))];
};

const duplicate: Change = (bytes, from, to, random) => {
  const [start, end] = slice(from, to, random);
  return concat(bytes.subarray(0, end), bytes.subarray(start));
};

const remove: Change = (bytes, from, to, random) => {
  const [start, end] = slice(from, to, random);
  return concat(bytes.subarray(0, start), bytes.subarray(end));
};

const splice: Change = (bytes, from, to, random) => {
  const [start, end] = slice(from, to, random);
  const at = from + random.below(to - from);
  bytes.set(bytes.slice(start, Math.min(end, start + bytes.length - at)), at);
  return bytes;
};

const EVERYWHERE: readonly Change[] = [flipBit, flipBit, setByte, setWord, nudge];
const IN_MESSAGES: readonly Change[] = [
  ...EVERYWHERE,
  flipCase,
  truncate,
  duplicate,
  remove,
  splice,
];

/** A compression pointer: to the question, to itself, ahead, into the header, or anywhere. */
function setPointer(
  bytes: Uint8Array,
  message: number,
  from: number,
  to: number,
  random: Random,
): void {
  const at = from + random.below(to - from);
  const here = at - message;
  const target = random.pick([
    DNS_HEADER,
    here,
    here + 2,
    here - 2,
    here - 1,
    11,
    random.below(here + 64),
  ]);
  if (at + 2 <= bytes.length) bytes.set(u16(0xc000 | (target & 0x3fff)), at);
}

/** The lengths of IP, UDP and DNS over TCP say again how many bytes there are. */
function makeLengthsGood(bytes: Uint8Array, frame: Frame, udp: boolean): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const set = (at: number, length: number): void => {
    if (at + 2 <= bytes.length && length >= 0) view.setUint16(at, length & 0xffff);
  };
  const packet = bytes.length - frame.network;
  if ((bytes[frame.network] ?? 0) >> 4 === 4) set(frame.network + 2, packet);
  else set(frame.network + 4, packet - 40);
  if (udp) set(frame.transport + 4, bytes.length - frame.transport);
  else set(frame.payload, bytes.length - frame.payload - 2);
}

/**
 * A copy of the frame with one to three changes. `dns`: it carries a message over 'udp' or 'tcp', whose
 * question ends `question` bytes into the message.
 */
export function mutate(
  frame: Frame,
  random: Random,
  dns?: { readonly over: 'udp' | 'tcp'; readonly question: number },
): Uint8Array {
  let bytes: Uint8Array = frame.bytes.slice();
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const length = bytes.length;
    const message = frame.payload + (dns?.over === 'tcp' ? 2 : 0);
    const records = message + (dns?.question ?? 0);
    const die = random.below(100);
    if (dns === undefined || die >= 80 || records >= length) {
      const [from, to] = random.pick<readonly [number, number]>([
        [0, frame.network],
        [frame.network, frame.transport],
        [frame.network, frame.transport],
        [frame.transport, frame.payload],
        [0, length],
      ]);
      const end = Math.min(to, length);
      const start = Math.min(from, end);
      if (start < end) bytes = random.pick(EVERYWHERE)(bytes, start, end, random);
    } else if (die < 6) {
      bytes = random.pick(IN_MESSAGES)(
        bytes,
        message,
        Math.min(message + DNS_HEADER, length),
        random,
      );
    } else if (die < 12) {
      bytes = random.pick(IN_MESSAGES)(bytes, message + DNS_HEADER, records, random);
    } else if (die < 20) {
      setPointer(bytes, message, message + DNS_HEADER, length, random);
    } else {
      bytes = random.pick(IN_MESSAGES)(bytes, records, length, random);
    }
    if (bytes.length !== length && dns !== undefined && !random.oneIn(8)) {
      makeLengthsGood(bytes, frame, dns.over === 'udp');
    }
  }
  return bytes;
}
