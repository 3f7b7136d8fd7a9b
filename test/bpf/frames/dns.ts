/** DNS messages (RFC 1035 §4) with names written plain, compressed, or as any bytes. */
import { concat, u16, u32, u8, type Bytes } from './bytes.ts';

/** `www.example.com`, its labels, or bytes that are written as they are. */
export type NameLike = string | readonly Bytes[] | { readonly raw: Bytes };

export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
} as const;

/** A name that is a pointer to an offset of the message. */
export function pointer(offset: number): NameLike {
  return { raw: u16(0xc000 | offset) };
}

export function labelsOf(name: string): Uint8Array[] {
  const text = name.endsWith('.') ? name.slice(0, -1) : name;
  return text === ''
    ? []
    : text.split('.').map((label) => new Uint8Array(Buffer.from(label, 'latin1')));
}

const WIRES = new WeakMap<readonly Bytes[], Uint8Array>();

/** Wire form without compression, with the root; not to be written to. */
export function wireName(name: NameLike): Uint8Array {
  if (typeof name === 'string') return wireOf(labelsOf(name));
  if ('raw' in name) return name.raw;
  let wire = WIRES.get(name);
  if (wire === undefined) WIRES.set(name, (wire = wireOf(name)));
  return wire;
}

function wireOf(labels: readonly Bytes[]): Uint8Array {
  let length = 1;
  for (const label of labels) length += 1 + label.length;
  const wire = new Uint8Array(length);
  let at = 0;
  for (const label of labels) {
    wire[at] = label.length;
    wire.set(label, at + 1);
    at += 1 + label.length;
  }
  return wire;
}

export interface Param {
  readonly key: number;
  readonly value: Bytes;
  /** What the length says beyond the truth. */
  readonly lengthError?: number;
}

/** RDATA: bytes, a name, or what SVCB and HTTPS carry (RFC 9460 §2.2). */
export type Data =
  | Bytes
  | { readonly name: NameLike }
  | { readonly priority: number; readonly target: NameLike; readonly params: readonly Param[] };

export interface DnsRecord {
  readonly owner: NameLike;
  readonly type: number;
  /** Default IN. */
  readonly class?: number;
  /** Seconds; default 300. */
  readonly ttl?: number;
  readonly data: Data;
  /** What RDLENGTH says beyond the truth. */
  readonly lengthError?: number;
}

export interface Message {
  readonly id?: number;
  /** The 16 bits of QR, opcode, flags and RCODE; default a plain query (RD). */
  readonly flags?: number;
  readonly question?: { readonly name: NameLike; readonly type: number; readonly class?: number };
  readonly answers?: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
  /** Names are compressed as RFC 1035 §4.1.4 allows; default false. */
  readonly compress?: boolean;
  /** Instead of the true counts, in the header's order. */
  readonly counts?: readonly [number, number, number, number];
  /** Follows the last record. */
  readonly trailer?: Bytes;
}

export const QUERY = 0x0100;
export const ANSWER = 0x8180;

/** EDNS (RFC 6891 §6.1.2) with a UDP size of 1,232 bytes. */
export const OPT: DnsRecord = { owner: '', type: TYPE.OPT, class: 1232, ttl: 0, data: u8() };

export function message(m: Message): Uint8Array {
  const writer = new Writer(m.compress ?? false);
  const sections = [m.answers ?? [], m.authority ?? [], m.additional ?? []];
  const counts = m.counts ?? [m.question === undefined ? 0 : 1, ...sections.map((s) => s.length)];
  for (const word of [m.id ?? 0x1234, m.flags ?? QUERY, ...counts]) writer.word(word);
  if (m.question !== undefined) {
    writer.name(m.question.name);
    writer.word(m.question.type);
    writer.word(m.question.class ?? 1);
  }
  for (const section of sections) for (const record of section) writer.record(record);
  if (m.trailer !== undefined) writer.write(m.trailer);
  return writer.done();
}

class Writer {
  private bytes = Buffer.alloc(1024);
  private length = 0;
  private readonly compress: boolean;
  /** Where the rest of a name, in wire form, was written. */
  private readonly offsets = new Map<string, number>();

  constructor(compress: boolean) {
    this.compress = compress;
  }

  done(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.length));
  }

  write(bytes: Bytes): void {
    while (this.length + bytes.length > this.bytes.length) {
      this.bytes = Buffer.concat([this.bytes], 2 * this.bytes.length);
    }
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  word(value: number): void {
    this.write(u16(value));
  }

  name(name: NameLike): void {
    const wire = wireName(name);
    if (!this.compress || (typeof name !== 'string' && 'raw' in name)) {
      this.write(wire);
      return;
    }
    const text = Buffer.from(wire.buffer, wire.byteOffset, wire.length).toString('latin1');
    for (let at = 0; ;) {
      const length = wire[at] ?? 0;
      if (length === 0) break;
      const rest = text.slice(at);
      const offset = this.offsets.get(rest);
      if (offset !== undefined) {
        this.word(0xc000 | offset);
        return;
      }
      if (this.length < 0x4000) this.offsets.set(rest, this.length);
      this.write(wire.subarray(at, at + 1 + length));
      at += 1 + length;
    }
    this.write(ROOT);
  }

  record(record: DnsRecord): void {
    this.name(record.owner);
    this.write(u16(record.type, record.class ?? 1));
    this.write(u32(record.ttl ?? 300));
    const lengthAt = this.length;
    this.word(0);
    this.data(record.data);
    const length = this.length - lengthAt - 2 + (record.lengthError ?? 0);
    this.bytes.writeUInt16BE(length & 0xffff, lengthAt);
  }

  private data(data: Data): void {
    if (data instanceof Uint8Array) {
      this.write(data);
    } else if ('name' in data) {
      this.name(data.name);
    } else {
      this.word(data.priority);
      this.write(wireName(data.target)); // RFC 9460 §2.2: not compressed
      for (const { key, value, lengthError } of data.params) {
        this.write(u16(key, (value.length + (lengthError ?? 0)) & 0xffff));
        this.write(value);
      }
    }
  }
}

const ROOT = u8(0);

/** What goes over TCP: two bytes of length, then the message (RFC 1035 §4.2.2). */
export function withLength(bytes: Bytes): Uint8Array {
  return concat(u16(bytes.length), bytes);
}
