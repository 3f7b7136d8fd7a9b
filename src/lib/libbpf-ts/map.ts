import { KIND_MAP, type MapEntries, type MapInfo, native } from './addon.ts';
import { Resource } from './resource.ts';

/** enum bpf_map_type, those one meets. */
export const MapType = {
  HASH: 1,
  ARRAY: 2,
  PERCPU_HASH: 5,
  PERCPU_ARRAY: 6,
  LRU_HASH: 9,
  LRU_PERCPU_HASH: 10,
  LPM_TRIE: 11,
  ARRAY_OF_MAPS: 12,
  HASH_OF_MAPS: 13,
  SOCKMAP: 15,
  RINGBUF: 27,
} as const;
export type MapType = (typeof MapType)[keyof typeof MapType];

/** Flags of BpfMap.create() (BPF_F_*): LPM tries need NO_PREALLOC. */
export const MapFlag = { NO_PREALLOC: 1, INNER_MAP: 0x1000 } as const;

/** Flags of BpfMap.update(): whether the key may, must not or must be there. */
export const UpdateFlag = { ANY: 0, NOEXIST: 1, EXIST: 2 } as const;

export interface MapOptions {
  /** A MapType. */
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes; 4 for maps of maps. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** MapFlag. @default 0 */
  readonly flags?: number;
  /** Letters, digits, '_' and '.'; the kernel keeps 15 characters. */
  readonly name: string;
  /** Maps of maps: one like those it will hold. */
  readonly inner?: BpfMap;
}

/**
 * A map. Keys and values are bytes as the kernel has them; per-CPU values are those of all possible
 * CPUs back to back, each rounded up to 8 bytes. Wrong lengths throw a TypeError.
 */
export class BpfMap extends Resource {
  static create(options: MapOptions): BpfMap {
    const { type, keySize, valueSize, maxEntries, flags = 0, name, inner } = options;
    const addon = native();
    return new BpfMap(
      addon.mapCreate(type, keySize, valueSize, maxEntries, flags, name, inner?.handle),
    );
  }

  /** Undefined if there is no such file; throws EINVAL if something else is pinned there. */
  static openPinned(path: string): BpfMap | undefined {
    const handle = native().openPinned(KIND_MAP, path);
    return handle && new BpfMap(handle);
  }

  /** Needs CAP_SYS_ADMIN. Throws ENOENT. */
  static openId(id: number): BpfMap {
    return new BpfMap(native().openId(KIND_MAP, id));
  }

  get info(): MapInfo {
    return native().mapInfo(this.handle);
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return native().mapLookup(this.handle, key);
  }

  /** Looks up and deletes in one step, so that nothing is lost between. Of hashes; Linux 5.14. */
  take(key: Uint8Array): Uint8Array | undefined {
    return native().mapTake(this.handle, key);
  }

  /** Throws E2BIG when full, EEXIST and ENOENT as `flags` (UpdateFlag) have it. */
  update(key: Uint8Array, value: Uint8Array, flags: number = UpdateFlag.ANY): void {
    native().mapUpdate(this.handle, key, value, flags);
  }

  /** False if the key is not there. */
  delete(key: Uint8Array): boolean {
    return native().mapDelete(this.handle, key);
  }

  /** The key after `key`, the first one without or if `key` is not there; undefined at the end. */
  nextKey(key?: Uint8Array): Uint8Array | undefined {
    return native().mapNextKey(this.handle, key);
  }

  /** Not atomic: when it throws, some entries may be written. */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void {
    native().mapUpdateBatch(this.handle, keys, values, count);
  }

  /** Deletes those that are there and returns their number. */
  deleteBatch(keys: Uint8Array, count: number): number {
    return native().mapDeleteBatch(this.handle, keys, count);
  }

  /** Everything in one call; what changes meanwhile may be missed or come twice. Throws ENOTSUPP without keys. */
  entries(): MapEntries {
    return native().mapEntries(this.handle);
  }

  /** The same in parts of about `size`, for a map that is large. Throws ENOTSUPP if it is no hash. */
  *parts(size: number): Generator<MapEntries, void> {
    let position: Uint8Array | undefined;
    do {
      const part = native().mapPart(this.handle, position, size);
      ({ position } = part);
      yield part;
    } while (position !== undefined);
  }

  /** Of a map of maps: puts `inner` at `key`, which the programs see at once and whole. */
  updateInner(key: Uint8Array, inner: BpfMap): void {
    native().mapUpdateInner(this.handle, key, inner.handle);
  }

  /** Of a map of maps. Opens by id, hence needs CAP_SYS_ADMIN. */
  lookupInner(key: Uint8Array): BpfMap | undefined {
    const id = this.lookup(key);
    if (id === undefined) return undefined;
    return BpfMap.openId(new DataView(id.buffer, id.byteOffset).getUint32(0, true));
  }
}
