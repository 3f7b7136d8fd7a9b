/** The one thing needed of ELF: a section by its name (System V ABI, ELF-64, little-endian). */

const MAGIC = 0x464c457f; // "\x7fELF"
const CLASS_64_LITTLE_ENDIAN = 0x0102; // ELFCLASS64, ELFDATA2LSB

/**
 * The bytes of section `name`, or undefined if there is none. Throws a RangeError if `file` is no such
 * ELF file or is cut off.
 */
export function elfSection(file: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('no ELF file');
  if (view.getUint16(4, true) !== CLASS_64_LITTLE_ENDIAN) {
    throw new RangeError('no 64-bit little-endian ELF file');
  }
  const table = Number(view.getBigUint64(0x28, true)); // e_shoff
  const entrySize = view.getUint16(0x3a, true); // e_shentsize
  const count = view.getUint16(0x3c, true); // e_shnum
  const namesIndex = view.getUint16(0x3e, true); // e_shstrndx

  const contents = (index: number): Uint8Array => {
    const header = table + index * entrySize;
    const offset = Number(view.getBigUint64(header + 0x18, true)); // sh_offset
    const size = Number(view.getBigUint64(header + 0x20, true)); // sh_size
    if (offset + size > file.length) throw new RangeError('a section leaves the file');
    return file.subarray(offset, offset + size);
  };

  const names = contents(namesIndex);
  for (let index = 0; index < count; index++) {
    const nameOffset = view.getUint32(table + index * entrySize, true); // sh_name
    if (stringAt(names, nameOffset) === name) return contents(index);
  }
  return undefined;
}

/** The NUL-terminated string at `offset`. */
export function stringAt(table: Uint8Array, offset: number): string {
  const end = table.indexOf(0, offset);
  if (end === -1) throw new RangeError('a string leaves its table');
  return new TextDecoder().decode(table.subarray(offset, end));
}
