/**
 * The structs of bpf/domainroute.h, as tables: one row a field. Encoding and decoding walk the tables, and
 * a test compares them with the BTF of the built objects. Field names are those of the header.
 */

/** How a field is shown in TypeScript; the number is its size in bytes unless the kind says it. */
interface FieldKinds {
  readonly u8: number;
  readonly u16: number;
  readonly u32: number;
  readonly u64: bigint;
  /** A `__u64` of nanoseconds, or a count, as a number: exact below 2^53, that is for 104 days of uptime. */
  readonly count: number;
  /** A `__be16`. */
  readonly be16: number;
  /** An array or nested struct, as it lies in memory. */
  readonly bytes: Uint8Array;
  /** A `char` array: ASCII up to the first NUL. */
  readonly text: string;
}

type Kind = keyof FieldKinds;

/** Kind, offset, and size where the kind does not tell it. Bytes. */
export type Field<K extends Kind = Kind> = readonly [kind: K, offset: number, size?: number];

type Fields = Readonly<Record<string, Field>>;

/** A struct as an object; padding has no field. */
export type Values<F extends Fields> = { readonly [N in keyof F]: FieldKinds[F[N][0]] };

export interface Layout<F extends Fields = Fields> {
  /** The struct's name in the header. */
  readonly struct: string;
  /** Bytes. */
  readonly size: number;
  readonly fields: F;
  /** The struct's bytes; what has no field is zero. A `text` that is too long is cut, its NUL stays. */
  encode(values: Values<F>): Uint8Array;
  /** Reads `size` bytes from `offset`; `bytes` fields are views, not copies. */
  decode(bytes: Uint8Array, offset?: number): Values<F>;
}

const SIZES: Readonly<Partial<Record<Kind, number>>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  count: 8,
  be16: 2,
};

/** Bytes that a field takes. */
export function fieldSize([kind, , size]: Field): number {
  return size ?? SIZES[kind] ?? 0;
}

/** A `__u64` at `offset` as a number. */
export function readCount(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

/** The text before the first NUL, one character a byte. */
function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end === -1 ? bytes.length : end)).toString('latin1');
}

function readField(view: DataView, bytes: Uint8Array, field: Field): FieldKinds[Kind] {
  const [kind, offset] = field;
  switch (kind) {
    case 'u8':
      return view.getUint8(offset);
    case 'u16':
      return view.getUint16(offset, true);
    case 'u32':
      return view.getUint32(offset, true);
    case 'u64':
      return view.getBigUint64(offset, true);
    case 'count':
      return readCount(view, offset);
    case 'be16':
      return view.getUint16(offset);
    case 'bytes':
      return bytes.subarray(offset, offset + fieldSize(field));
    case 'text':
      return readText(bytes.subarray(offset, offset + fieldSize(field)));
  }
}

function writeField(bytes: Uint8Array, field: Field, value: FieldKinds[Kind]): void {
  const view = new DataView(bytes.buffer);
  const [kind, offset] = field;
  const size = fieldSize(field);
  if (value instanceof Uint8Array) {
    if (value.length > size)
      throw new RangeError(`Cannot encode ${value.length} bytes: ${size} fit`);
    bytes.set(value, offset);
  } else if (typeof value === 'string') {
    bytes.set(Buffer.from(value, 'latin1').subarray(0, size - 1), offset);
  } else if (size === 8) {
    view.setBigUint64(offset, BigInt(value), true);
  } else if (size === 4) {
    view.setUint32(offset, Number(value), true);
  } else if (size === 2) {
    view.setUint16(offset, Number(value), kind !== 'be16');
  } else {
    view.setUint8(offset, Number(value));
  }
}

function layout<const F extends Fields>(struct: string, size: number, fields: F): Layout<F> {
  const rows = Object.entries<Field>(fields);
  return {
    struct,
    size,
    fields,
    encode(values) {
      const bytes = new Uint8Array(size);
      for (const [name, field] of rows) {
        writeField(bytes, field, (values as Record<string, FieldKinds[Kind]>)[name] ?? 0);
      }
      return bytes;
    },
    decode(bytes, offset = 0) {
      const part = bytes.subarray(offset, offset + size);
      const view = new DataView(part.buffer, part.byteOffset, size);
      return Object.fromEntries(
        rows.map(([name, field]) => [name, readField(view, part, field)]),
      ) as unknown as Values<F>;
    },
  };
}

export const PAIR = layout('pair', 32, {
  client: ['bytes', 0, 16],
  address: ['bytes', 16, 16],
});

export const CONFIG = layout('config', 32, {
  generation: ['u32', 0],
  mark_mask: ['u32', 4],
  seed: ['u64', 8],
  hold: ['u64', 16],
  levels: ['u32', 24],
  max_labels: ['u32', 28],
});

export const EXCHANGE = layout('exchange', 40, {
  client: ['bytes', 0, 16],
  server: ['bytes', 16, 16],
  client_port: ['be16', 32],
  server_port: ['be16', 34],
  id: ['be16', 36],
  protocol: ['u8', 38],
  side: ['u8', 39],
});

export const QUERY = layout('query', 32, {
  question: ['u64', 0],
  time: ['count', 8],
  client: ['bytes', 16, 16],
});

export const FACT = layout('fact', 296, {
  told: ['count', 0],
  expires: ['count', 8],
  last_seen: ['count', 16],
  hash: ['u64', 24],
  name_length: ['u16', 32],
  source: ['u8', 34],
  name: ['bytes', 40, 256],
});

export const ALIAS = layout('alias', 280, {
  told: ['count', 0],
  hash: ['u64', 8],
  name_length: ['u16', 16],
  name: ['bytes', 24, 256],
});

export const ACTION = layout('action', 120, {
  rule: ['u32', 0],
  next: ['u32', 4],
  mark: ['u32', 8],
  mask: ['u32', 12],
  ifindex: ['u32', 16],
  flags: ['u32', 20],
  section: ['text', 24, 64],
  interface: ['text', 88, 32],
});

export const CLIENT_KEY = layout('client_key', 24, {
  prefixlen: ['u32', 0],
  cell: ['u32', 4],
  client: ['bytes', 8, 16],
});

export const PROTECTED_KEY = layout('protected_key', 20, {
  prefixlen: ['u32', 0],
  address: ['bytes', 4, 16],
});

export const VERDICT = layout('verdict', 96, {
  pair: ['bytes', 0, 32],
  stamp: ['u64', 32],
  expires: ['count', 40],
  rule: ['u32', 48],
  flags: ['u32', 52],
  mark: ['u32', 56],
  mask: ['u32', 60],
  ifindex: ['u32', 64],
  tick: ['u32', 68],
  packets: ['count', 72],
  bytes: ['count', 80],
  last_seen: ['count', 88],
});

export const COUNTER = layout('counter', 16, {
  packets: ['count', 0],
  bytes: ['count', 8],
});

export const BUDGET = layout('budget', 24, {
  key: ['u64', 0],
  since: ['count', 8],
  used: ['count', 16],
});

export const EVENT = layout('event', 320, {
  kind: ['u32', 0],
  rule: ['u32', 4],
  time: ['count', 8],
  expires: ['count', 16],
  pair: ['bytes', 24, 32],
  name_length: ['u16', 56],
  source: ['u8', 58],
  name: ['bytes', 64, 256],
});

/** Every struct of the header that a map or the ring buffer carries. */
export const LAYOUTS: readonly Layout[] = [
  PAIR,
  CONFIG,
  EXCHANGE,
  QUERY,
  FACT,
  ALIAS,
  ACTION,
  CLIENT_KEY,
  PROTECTED_KEY,
  VERDICT,
  COUNTER,
  BUDGET,
  EVENT,
];

export type Config = Values<typeof CONFIG.fields>;
export type Fact = Values<typeof FACT.fields>;
export type Alias = Values<typeof ALIAS.fields>;
export type Action = Values<typeof ACTION.fields>;
export type Event = Values<typeof EVENT.fields>;
