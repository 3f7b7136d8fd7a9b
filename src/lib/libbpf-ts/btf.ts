import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { BtfKind, type BtfType, parseBtfTypes } from './btf-types.ts';
import { elfSection } from './elf.ts';
import { BpfError } from './error.ts';

/** What an object file says of its layouts. Names are C's; anonymous structs are left out. */
export interface Btf {
  /** Structs and unions. */
  readonly structs: ReadonlyMap<string, BtfStruct>;
  /** Enumerators by the enum's name; those of anonymous enums are together under ''. */
  readonly enums: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Those of SEC(".maps"). */
  readonly maps: ReadonlyMap<string, BtfMap>;
}

export interface BtfStruct {
  /** Bytes. */
  readonly size: number;
  readonly members: readonly BtfMember[];
}

/** Offset and size in bytes; a bit field has the offset and size of the integer it is in part of. */
export interface BtfMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

export interface BtfMap {
  /** The name is missing if the type has none, or the map only key_size. */
  readonly key?: { readonly name?: string; readonly size: number };
  readonly value?: { readonly name?: string; readonly size: number };
  /** 0 if it is left to whoever loads the object. */
  readonly maxEntries: number;
  /** A MapType. */
  readonly type: number;
}

const EFORMAT = 4001; // LIBBPF_ERRNO__FORMAT

/**
 * Reads the BTF of an object file; needs neither the addon nor privileges. Only types that the
 * programs or maps use are in it. Throws a BpfError: EFORMAT, or what reading the file gave.
 */
export function readBtf(path: string): Btf {
  try {
    const section = elfSection(readFileSync(path), '.BTF');
    if (section === undefined) throw new RangeError('no section .BTF; compile with -g');
    const types = parseBtfTypes(section);
    return { structs: structsOf(types), enums: enumsOf(types), maps: mapsOf(types) };
  } catch (error) {
    if (error instanceof RangeError) {
      throw new BpfError(`read BTF of '${path}'`, EFORMAT, error.message);
    }
    const { errno = -constants.errno.EIO } = error as NodeJS.ErrnoException;
    throw new BpfError(`read BTF of '${path}'`, -errno, String(error));
  }
}

function structsOf(types: readonly BtfType[]): Btf['structs'] {
  const structs = new Map<string, BtfStruct>();
  for (const { kind, name, sizeOrType, members } of types) {
    if ((kind !== BtfKind.STRUCT && kind !== BtfKind.UNION) || name === '') continue;
    structs.set(name, {
      size: sizeOrType,
      members: members.map((member) => ({
        name: member.name,
        offset: Math.floor(member.offset / 8),
        size: sizeOf(types, member.type),
      })),
    });
  }
  return structs;
}

function enumsOf(types: readonly BtfType[]): Btf['enums'] {
  const enums = new Map<string, Map<string, number>>();
  for (const { kind, name, enumerators } of types) {
    if (kind !== BtfKind.ENUM && kind !== BtfKind.ENUM64) continue;
    enums.set(name, new Map([...(enums.get(name) ?? []), ...enumerators]));
  }
  return enums;
}

function mapsOf(types: readonly BtfType[]): Btf['maps'] {
  const section = types.find(({ kind, name }) => kind === BtfKind.DATASEC && name === '.maps');
  const variables = (section?.members ?? []).map(({ type }) => at(types, type));
  return new Map(variables.map((variable) => [variable.name, mapOf(types, variable)]));
}

/** A map is a struct whose members are pointers: to arrays for numbers, to the types of key and value. */
function mapOf(types: readonly BtfType[], variable: BtfType): BtfMap {
  const { members } = unqualified(types, variable.sizeOrType);
  const target = (name: string): number | undefined => {
    const member = members.find((each) => each.name === name);
    return member && unqualified(types, member.type).sizeOrType;
  };
  const number = (name: string): number | undefined => {
    const array = target(name);
    return array === undefined ? undefined : unqualified(types, array).element?.count;
  };
  const part = (name: 'key' | 'value'): BtfMap['key'] => {
    const type = target(name);
    if (type !== undefined) {
      const typeName = nameOf(types, type);
      return { ...(typeName !== '' && { name: typeName }), size: sizeOf(types, type) };
    }
    const size = number(`${name}_size`);
    return size === undefined ? undefined : { size };
  };
  const key = part('key');
  const value = part('value');
  return {
    ...(key && { key }),
    ...(value && { value }),
    maxEntries: number('max_entries') ?? 0,
    type: number('type') ?? 0,
  };
}

function at(types: readonly BtfType[], id: number): BtfType {
  const type = types[id];
  if (type === undefined) throw new RangeError(`no BTF type ${id}`);
  return type;
}

const QUALIFIERS: readonly number[] = [
  BtfKind.CONST,
  BtfKind.VOLATILE,
  BtfKind.RESTRICT,
  BtfKind.TYPE_TAG,
];

/** The type behind const, typedef and the like. */
function unqualified(types: readonly BtfType[], id: number): BtfType {
  let type = at(types, id);
  for (let steps = 0; QUALIFIERS.includes(type.kind) || type.kind === BtfKind.TYPEDEF; steps++) {
    if (steps > types.length) throw new RangeError('BTF types refer to one another');
    type = at(types, type.sizeOrType);
  }
  return type;
}

function nameOf(types: readonly BtfType[], id: number): string {
  let type = at(types, id);
  for (let steps = 0; QUALIFIERS.includes(type.kind); steps++) {
    if (steps > types.length) throw new RangeError('BTF types refer to one another');
    type = at(types, type.sizeOrType);
  }
  return type.name;
}

/** Bytes; pointers have 8. */
function sizeOf(types: readonly BtfType[], id: number, depth = 0): number {
  if (depth > types.length) throw new RangeError('BTF types refer to one another');
  const type = unqualified(types, id);
  if (type.element) return type.element.count * sizeOf(types, type.element.type, depth + 1);
  switch (type.kind) {
    case BtfKind.INT:
    case BtfKind.STRUCT:
    case BtfKind.UNION:
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
    case BtfKind.FLOAT:
      return type.sizeOrType;
    case BtfKind.PTR:
      return 8;
    default:
      return 0;
  }
}
