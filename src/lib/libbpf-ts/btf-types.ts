/** The types of a .BTF section (Documentation/bpf/btf.rst, linux/btf.h). */
import { stringAt } from './elf.ts';

const MAGIC = 0xeb9f;

export const BtfKind = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** One type; its id is its index. */
export interface BtfType {
  readonly kind: number;
  readonly name: string;
  /** Bytes, or the id of another type, by kind. */
  readonly sizeOrType: number;
  /** ARRAY: the type of its elements and their number. */
  readonly element?: { readonly type: number; readonly count: number };
  /** STRUCT, UNION (offset in bits) and DATASEC (in bytes; no name). */
  readonly members: readonly BtfRawMember[];
  readonly enumerators: readonly (readonly [name: string, value: number])[];
}

export interface BtfRawMember {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
}

/** All types of a section, the first being void. Throws a RangeError if it is damaged. */
export function parseBtfTypes(section: Uint8Array): readonly BtfType[] {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  if (view.getUint16(0, true) !== MAGIC) throw new RangeError('no BTF');
  const headerLength = view.getUint32(4, true);
  const start = headerLength + view.getUint32(8, true);
  const end = start + view.getUint32(12, true);
  const strings = section.subarray(headerLength + view.getUint32(16, true));

  const types: BtfType[] = [{ kind: 0, name: 'void', sizeOrType: 0, members: [], enumerators: [] }];
  for (let offset = start; offset < end;) {
    const [type, length] = parseType(view, offset, strings);
    types.push(type);
    offset += length;
  }
  return types;
}

function parseType(view: DataView, start: number, strings: Uint8Array): [BtfType, number] {
  const u32 = (offset: number): number => view.getUint32(start + offset, true);
  const name = (offset: number): string => stringAt(strings, u32(offset));
  const info = u32(4);
  const kind = (info >>> 24) & 0x1f;
  const kindFlag = info >>> 31 === 1;
  const count = info & 0xffff;
  const each = <T>(size: number, read: (offset: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => read(12 + index * size));
  const type = { kind, name: name(0), sizeOrType: u32(8), members: [], enumerators: [] };

  switch (kind) {
    case BtfKind.INT:
    case BtfKind.VAR:
    case BtfKind.DECL_TAG:
      return [type, 16];
    case BtfKind.ARRAY:
      return [{ ...type, element: { type: u32(12), count: u32(20) } }, 24];
    case BtfKind.STRUCT:
    case BtfKind.UNION: {
      const offsetMask = kindFlag ? 0xffffff : 0xffffffff; // the rest is the size of a bit field
      const members = each(12, (offset) => ({
        name: name(offset),
        type: u32(offset + 4),
        offset: (u32(offset + 8) & offsetMask) >>> 0,
      }));
      return [{ ...type, members }, 12 + count * 12];
    }
    case BtfKind.DATASEC: {
      const members = each(12, (offset) => ({
        name: '',
        type: u32(offset),
        offset: u32(offset + 4),
      }));
      return [{ ...type, members }, 12 + count * 12];
    }
    case BtfKind.ENUM: {
      // Compilers before clang 15 do not set the flag that tells signed ones.
      const enumerators = each(8, (offset) => [name(offset), u32(offset + 4) | 0] as const);
      return [{ ...type, enumerators }, 12 + count * 8];
    }
    case BtfKind.ENUM64: {
      const enumerators = each(12, (offset) => {
        const value = (BigInt(u32(offset + 8)) << 32n) | BigInt(u32(offset + 4));
        return [name(offset), Number(kindFlag ? BigInt.asIntN(64, value) : value)] as const;
      });
      return [{ ...type, enumerators }, 12 + count * 12];
    }
    case BtfKind.FUNC_PROTO:
      return [type, 12 + count * 8];
    default:
      if (kind < BtfKind.INT || kind > BtfKind.ENUM64) throw new RangeError(`BTF kind ${kind}`);
      return [type, 12];
  }
}
