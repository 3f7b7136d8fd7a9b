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

const TWO_32 = 0x1_0000_0000;

/** A `__u64` at `offset` as a number. */
export function readCount(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * TWO_32;
}

function writeCount(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % TWO_32, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

function viewOf(view: DataView, offset: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, size);
}

/** The text before the first NUL, one character a byte. */
function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end === -1 ? bytes.length : end)).toString('latin1');
}

function writeBytes(bytes: Uint8Array, value: Uint8Array): void {
  if (value.length > bytes.length)
    throw new RangeError(`Cannot encode ${value.length} bytes: ${bytes.length} fit`);
  bytes.set(value);
}

/** Of one field. Functions of their own for each, since facts are read and written by the thousand. */
interface Accessor<T> {
  read(view: DataView): T;
  write(view: DataView, value: T): void;
}

const ACCESSORS: {
  readonly [K in Kind]: (offset: number, size: number) => Accessor<FieldKinds[K]>;
} = {
  u8: (offset) => ({
    read: (view) => view.getUint8(offset),
    write: (view, value) => view.setUint8(offset, value),
  }),
  u16: (offset) => ({
    read: (view) => view.getUint16(offset, true),
    write: (view, value) => view.setUint16(offset, value, true),
  }),
  u32: (offset) => ({
    read: (view) => view.getUint32(offset, true),
    write: (view, value) => view.setUint32(offset, value, true),
  }),
  u64: (offset) => ({
    read: (view) => view.getBigUint64(offset, true),
    write: (view, value) => view.setBigUint64(offset, value, true),
  }),
  count: (offset) => ({
    read: (view) => readCount(view, offset),
    write: (view, value) => writeCount(view, offset, value),
  }),
  be16: (offset) => ({
    read: (view) => view.getUint16(offset),
    write: (view, value) => view.setUint16(offset, value),
  }),
  bytes: (offset, size) => ({
    read: (view) => viewOf(view, offset, size),
    write: (view, value) => writeBytes(viewOf(view, offset, size), value),
  }),
  text: (offset, size) => ({
    read: (view) => readText(viewOf(view, offset, size)),
    write: (view, value) =>
      writeBytes(viewOf(view, offset, size), Buffer.from(value, 'latin1').subarray(0, size - 1)),
  }),
};

function layout<const F extends Fields>(struct: string, size: number, fields: F): Layout<F> {
  const rows = Object.entries<Field>(fields).map(([name, field]) => {
    const accessor: Accessor<unknown> = ACCESSORS[field[0]](field[1], fieldSize(field));
    return [name, accessor] as const;
  });
  return {
    struct,
    size,
    fields,
    encode(values) {
      const view = new DataView(new ArrayBuffer(size));
      for (const [name, accessor] of rows) {
        const value = (values as Record<string, unknown>)[name];
        if (value !== undefined) accessor.write(view, value);
      }
      return viewOf(view, 0, size);
    },
    decode(bytes, offset = 0) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size);
      const values: Record<string, unknown> = {};
      for (const [name, accessor] of rows) values[name] = accessor.read(view);
      return values as Values<F>;
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
