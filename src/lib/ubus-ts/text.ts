/** UTF-8 for short strings: a loop over ASCII is faster than a call into Node. */

const SHORT = 48;

/** Bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  const { length } = text;
  if (length > SHORT) return Buffer.byteLength(text);
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text);
  }
  return length;
}

/** Writes `text` at `offset`, where three bytes a code unit must be free; returns the offset behind it. */
export function writeUtf8(bytes: Buffer, offset: number, text: string): number {
  const { length } = text;
  if (length > SHORT) return offset + bytes.write(text, offset, 'utf8');
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return offset + bytes.write(text, offset, 'utf8');
    bytes[offset + i] = unit;
  }
  return offset + length;
}

/** The text before the first NUL, as a reader in C sees it; what is not UTF-8 becomes U+FFFD. */
export function readText(bytes: Buffer, start: number, end: number): string {
  let stop = start;
  while (stop < end && bytes[stop] !== 0) stop++;
  return bytes.toString('utf8', start, stop);
}
