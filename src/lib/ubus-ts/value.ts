/** What ubus carries: named, typed values, near to JSON. */

/**
 * Decoded, an INT64 is a number where it is safe, else a bigint, and an INT8 is a boolean, as everywhere on ubus.
 * Encoded, an integer within 32 bits is an INT32, another safe integer or a bigint an INT64, any other number a DOUBLE.
 */
export type UbusValue =
  null | boolean | number | bigint | string | readonly UbusValue[] | UbusTable;

/** Decoded tables have no prototype, so that `__proto__` is a name as others. Undefined members are left out. */
export interface UbusTable {
  readonly [name: string]: UbusValue | undefined;
}

/** How deep arrays and tables may nest; deeper ones are not encoded, and left out when decoded. */
export const MAX_DEPTH = 64;

export function emptyTable(): Record<string, UbusValue> {
  return Object.create(null) as Record<string, UbusValue>;
}
