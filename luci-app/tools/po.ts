/** Catalogues of translations: the format of gettext, as far as LuCI uses it (no plurals, no contexts). */

/** [[text, translation]] of a .po file; those without a translation are left out. `hashed`: text as LuCI's hash of it. */
export function readCatalog(source: string, hashed = false): [string, string][] {
  const entries = [...readEntries(source)].filter(([id, text]) => id !== '' && text !== '');
  return hashed ? entries.map(([id, text]) => [hashText(id), text]) : entries;
}

/** Every entry, the header (of the empty text) too. */
export function* readEntries(source: string): Generator<[string, string]> {
  let entry = { id: '', text: '' };
  let member: keyof typeof entry = 'id';
  for (const line of [...source.split('\n'), 'msgid ""']) {
    const keyword = /^(msgid|msgstr) /.exec(line)?.[1];
    if (keyword === 'msgid') {
      if (member === 'text') yield [entry.id, entry.text];
      entry = { id: '', text: '' };
      member = 'id';
    } else if (keyword === 'msgstr') member = 'text';
    else if (!line.startsWith('"')) continue;
    entry[member] += JSON.parse(line.slice(line.indexOf('"'))) as string;
  }
}

/** The text of a .po file: its header, and an entry for each text, in their order. */
export function formatCatalog(
  header: string,
  texts: readonly string[],
  translations: ReadonlyMap<string, string>,
): string {
  const lines = header.split('\n').filter((line) => line !== '');
  const head = lines.map((line) => `${JSON.stringify(`${line}\n`)}\n`).join('');
  const entries = texts.map((text) => {
    const translation = translations.get(text) ?? '';
    return `msgid ${JSON.stringify(text)}\nmsgstr ${JSON.stringify(translation)}\n`;
  });
  return [`msgid ""\nmsgstr ""\n${head}`, ...entries].join('\n');
}

/** As the key of a translation in a page: eight digits. */
export function hashText(text: string): string {
  return superFastHash(Buffer.from(text)).toString(16).padStart(8, '0');
}

/** Paul Hsieh's SuperFastHash, with the length as its first state: what LuCI's catalogues are indexed by. */
export function superFastHash(bytes: Buffer): number {
  const { length } = bytes;
  if (length === 0) return 0;
  let hash = length;
  let offset = 0;
  for (; offset + 4 <= length; offset += 4) {
    hash = (hash + bytes.readUInt16LE(offset)) >>> 0;
    const next = ((bytes.readUInt16LE(offset + 2) << 11) ^ hash) >>> 0;
    hash = ((hash << 16) ^ next) >>> 0;
    hash = (hash + (hash >>> 11)) >>> 0;
  }
  switch (length - offset) {
    case 3:
      hash = (hash + bytes.readUInt16LE(offset)) >>> 0;
      hash = (hash ^ (hash << 16)) >>> 0;
      hash = (hash ^ (bytes.readInt8(offset + 2) << 18)) >>> 0;
      hash = (hash + (hash >>> 11)) >>> 0;
      break;
    case 2:
      hash = (hash + bytes.readUInt16LE(offset)) >>> 0;
      hash = (hash ^ (hash << 11)) >>> 0;
      hash = (hash + (hash >>> 17)) >>> 0;
      break;
    case 1:
      hash = (hash + bytes.readInt8(offset)) >>> 0;
      hash = (hash ^ (hash << 10)) >>> 0;
      hash = (hash + (hash >>> 1)) >>> 0;
      break;
  }
  hash = (hash ^ (hash << 3)) >>> 0;
  hash = (hash + (hash >>> 5)) >>> 0;
  hash = (hash ^ (hash << 4)) >>> 0;
  hash = (hash + (hash >>> 17)) >>> 0;
  hash = (hash ^ (hash << 25)) >>> 0;
  return (hash + (hash >>> 6)) >>> 0;
}
