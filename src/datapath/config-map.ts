/** The map `config`, and keys of arrays. */
import { CONFIG, type Config } from './layouts.ts';
import type { Maps } from './maps.ts';

/** The only key of `config` and `rules`. */
export const ZERO: Uint8Array = new Uint8Array(4);

/** The key of an array, or a `__u32` value. */
export function key32(value: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, value, true);
  return key;
}

/** `config`, or undefined before the first start has come that far. */
export function readConfig(maps: Maps): Config | undefined {
  const bytes = maps.get('config').lookup(ZERO);
  const config = bytes === undefined ? undefined : CONFIG.decode(bytes);
  return config === undefined || config.generation === 0 ? undefined : config;
}
