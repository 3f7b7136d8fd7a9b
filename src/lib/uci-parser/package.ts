/** A UCI file in memory. Values are never changed in place: an edit returns a new package. */

/** `option` or `list`; a list may be empty after deletions, and is then not written. */
export type UciValue = string | readonly string[];

export interface UciSection {
  readonly type: string;
  /** For an anonymous section the name libuci makes up, `cfg` and at least six hexadecimal digits. */
  readonly name: string;
  readonly anonymous: boolean;
  /** In the order of the file. */
  readonly options: ReadonlyMap<string, UciValue>;
  /** Where its first `config` is, from 1; 0 if it did not come from a file. */
  readonly line: number;
}

export interface UciPackage {
  /** In the order of the file. Names may repeat only where libuci itself made one up. */
  readonly sections: readonly UciSection[];
  /** Sections there were, the deleted ones too: part of the next anonymous name. */
  readonly count: number;
  /** How the bytes of the file are text: files that are no UTF-8 are kept byte by byte. */
  readonly encoding: 'utf8' | 'latin1';
}

/** The file is not what libuci would read. Line and column count from 1, the column in UTF-16 units. */
export class UciSyntaxError extends Error {
  readonly line: number;
  readonly column: number;
  readonly reason: string;

  constructor(line: number, column: number, reason: string) {
    super(`Cannot parse UCI at line ${line}, column ${column}: ${reason}`);
    this.name = 'UciSyntaxError';
    this.line = line;
    this.column = column;
    this.reason = reason;
  }
}

/** libuci's uci_validate_name: names of sections and options. */
export function isUciName(text: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(text);
}

/** libuci's uci_validate_type: types of sections. */
export function isUciType(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** The name that libuci gives the `count`th section of a package when it has none (uci_fixup_section). */
export function anonymousName(count: number, type: string): string {
  let hash = 5381; // D. J. Bernstein's
  for (let i = 0; i < type.length; i++) hash = (Math.imul(hash, 33) + type.charCodeAt(i)) | 0;
  const low = (hash & 0xffff).toString(16).padStart(4, '0');
  return `cfg${count.toString(16).padStart(2, '0')}${low}`;
}
