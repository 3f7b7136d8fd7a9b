/** What arguments a method declares: its signature on ubus, their types in TypeScript, and the check of a call. */
import { BlobmsgType, readMembers } from './blobmsg.ts';
import { UbusError, UbusStatus } from './error.ts';
import { emptyTable, type UbusTable, type UbusValue } from './value.ts';

const TYPES = {
  string: BlobmsgType.STRING,
  integer: BlobmsgType.INT32,
  boolean: BlobmsgType.INT8,
  double: BlobmsgType.DOUBLE,
  array: BlobmsgType.ARRAY,
  table: BlobmsgType.TABLE,
  any: BlobmsgType.UNSPEC,
} as const;

export type UbusArgumentType = keyof typeof TYPES;
export type UbusArguments = Readonly<Record<string, UbusArgumentType>>;

interface ArgumentValues {
  string: string;
  integer: number;
  boolean: boolean;
  double: number;
  array: readonly UbusValue[];
  table: UbusTable;
  any: UbusValue;
}

/** What a method is called with: of those it declares the ones that were given. */
export type UbusArgumentValues<A extends UbusArguments> = {
  readonly [Name in keyof A]?: ArgumentValues[A[Name]];
};

/** As ADD_OBJECT wants it: of each method a table with the type of each argument. */
export function signatureOf(
  methods: Readonly<Record<string, { arguments?: UbusArguments }>>,
): UbusTable {
  const signature = emptyTable();
  for (const [name, method] of Object.entries(methods)) {
    const types = emptyTable();
    for (const [argument, type] of Object.entries(method.arguments ?? {})) {
      types[argument] = TYPES[type];
    }
    signature[name] = types;
  }
  return signature;
}

/** Of each method the arguments that it declares. */
export type UbusSignature = ReadonlyMap<string, ReadonlyMap<string, UbusArgumentType>>;

/** As LOOKUP tells it. Integers of any width are 'integer', what has no name here is 'any'. */
export function readSignature(signature: Buffer = Buffer.alloc(0)): UbusSignature {
  return new Map(
    Object.entries(readMembers(signature)).map(([method, types]) => [method, readTypes(types)]),
  );
}

function readTypes(types: UbusValue): ReadonlyMap<string, UbusArgumentType> {
  if (!isTable(types)) return new Map();
  return new Map(Object.entries(types).map(([name, type]) => [name, argumentType(type)]));
}

function argumentType(type: UbusValue | undefined): UbusArgumentType {
  if (type === BlobmsgType.INT64 || type === BlobmsgType.INT16) return 'integer';
  const found = Object.entries(TYPES).find(([, number]) => number === type);
  return found === undefined ? 'any' : (found[0] as UbusArgumentType);
}

/**
 * The declared ones of `data`; others, such as the `ubus_rpc_session` of uhttpd, are left out, and so is null where a
 * type is declared. Throws UbusError INVALID_ARGUMENT, which names the argument and never its value.
 */
export function checkArguments<A extends UbusArguments>(
  declared: A,
  data: UbusTable,
): UbusArgumentValues<A> {
  const given = emptyTable();
  for (const [name, type] of Object.entries(declared)) {
    const value = data[name];
    if (value === undefined || (value === null && type !== 'any')) continue;
    const fitting = fit(type, value);
    if (fitting === undefined) {
      throw new UbusError(
        UbusStatus.INVALID_ARGUMENT,
        `Cannot take argument '${name}': ${describe(value)} instead of ${type}`,
      );
    }
    given[name] = fitting;
  }
  return given as UbusArgumentValues<A>;
}

/** JSON has one kind of number, so that an integer may come for a double, and 64 bits for an integer. */
function fit(type: UbusArgumentType, value: UbusValue): UbusValue | undefined {
  if (type === 'any') return value;
  if (type === 'integer') return Number.isSafeInteger(value) ? value : undefined;
  if (type === 'double') {
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
  }
  return describe(value) === type ? value : undefined;
}

function describe(value: UbusValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return isTable(value) ? 'table' : typeof value;
}

function isTable(value: UbusValue): value is UbusTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
