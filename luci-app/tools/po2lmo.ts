/**
 * po2lmo INPUT.po OUTPUT.lmo: a catalogue as LuCI reads it, as the po2lmo of LuCI's build makes it: the texts, each
 * padded to four bytes; then an index, sorted by the hash of the key; then where the index begins. Integers are
 * big-endian.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readEntries, superFastHash } from './po.ts';

/** What LuCI's C code has for the number of plural forms, where there are none. */
const SINGULAR = 1;

interface Entry {
  readonly key: number;
  readonly forms: number;
  readonly text: Buffer;
}

/** The bytes of the .lmo file for the text of a .po file. */
export function makeLmo(source: string): Buffer {
  const texts: Buffer[] = [];
  const index: Buffer[] = [];
  let offset = 0;
  for (const { key, forms, text } of entriesOf(source)) {
    const padded = Buffer.alloc(Math.ceil(text.length / 4) * 4);
    text.copy(padded);
    texts.push(padded);
    index.push(words(key, forms, offset, text.length));
    offset += padded.length;
  }
  index.sort((a, b) => a.readUInt32BE(0) - b.readUInt32BE(0));
  return Buffer.concat([...texts, ...index, words(offset)]);
}

function* entriesOf(source: string): Generator<Entry> {
  for (const [id, translation] of readEntries(source)) {
    const plural = /^Plural-Forms: (.*)$/m.exec(translation)?.[1];
    if (id === '') {
      if (plural !== undefined) yield { key: 0, forms: 0, text: Buffer.from(plural) };
      continue;
    }
    const text = Buffer.from(translation);
    const key = superFastHash(Buffer.from(id));
    // what is not translated, or alike in both languages, need not be found
    if (text.length > 0 && key !== superFastHash(text)) yield { key, forms: SINGULAR, text };
  }
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
}

const [input, output] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && input !== undefined && output !== undefined)
  writeFileSync(output, makeLmo(readFileSync(input, 'utf8')));
