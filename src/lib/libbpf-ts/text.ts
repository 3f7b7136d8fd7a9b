import { native } from './addon.ts';

/** A column of a table, or a member of JSON objects. Offsets are bytes of the key or of the value. */
export type Column = { readonly title: string } & (
  | { readonly kind: 'address'; readonly keyOffset: number }
  /** An address, or `100::MAC` as a MAC address; `any` is what `::` becomes, taken as it is. */
  | { readonly kind: 'client'; readonly keyOffset: number; readonly any: string }
  /** A domain name in wire form; its length, a __u16, counts the root's byte or not. */
  | { readonly kind: 'name'; readonly valueOffset: number; readonly lengthOffset: number }
  /** A number of the row; in a table as 59s, 12m, 3h or 2d. */
  | { readonly kind: 'seconds'; readonly of: 'first' | 'second' }
  /** A byte that stands for a text; the first one stands for unknown bytes, too. At most eight. */
  | { readonly kind: 'choice'; readonly valueOffset: number; readonly texts: readonly string[] }
);

/** Entries of one map, and the rows to be written of them. */
export interface EntryRows {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  /** Three numbers a row: the index of the entry, and the seconds of its columns. */
  readonly rows: Uint32Array;
}

export interface EntryFormat {
  /** A table with a header, columns as wide as their widest cell; or an array of objects. */
  readonly style: 'table' | 'json';
  /** Bytes. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly columns: readonly Column[];
}

/** As in native/text.c. */
const KINDS = { address: 0, client: 1, name: 2, seconds: 3, choice: 4 } as const;

/**
 * Entries as text, ASCII only: ten thousand in a few milliseconds, which a short-lived process has no time to
 * become fast enough for in JavaScript. Addresses are written as in RFC 5952, names as in RFC 4343 §2.1.
 */
export function formatEntries(
  { style, keySize, valueSize, columns }: EntryFormat,
  parts: readonly EntryRows[],
): string {
  return native().formatEntries(
    style === 'json',
    keySize,
    valueSize,
    columns.map((column) => packed(column)),
    parts.map(({ keys, values, rows }) => [
      keys,
      values,
      new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength),
    ]),
  );
}

function packed(column: Column): readonly [string, number, number, number, readonly string[]] {
  const { title, kind } = column;
  switch (kind) {
    case 'address':
      return [title, KINDS[kind], column.keyOffset, 0, []];
    case 'client':
      return [title, KINDS[kind], column.keyOffset, 0, [column.any]];
    case 'name':
      return [title, KINDS[kind], column.valueOffset, column.lengthOffset, []];
    case 'seconds':
      return [title, KINDS[kind], column.of === 'first' ? 0 : 1, 0, []];
    case 'choice':
      return [title, KINDS[kind], column.valueOffset, 0, column.texts];
  }
}
