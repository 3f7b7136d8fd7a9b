import { constants } from 'node:os';
import { resolve } from 'node:path';
import { BpfError } from './error.ts';

/** A descriptor that the addon owns and closes when this value is collected. */
export interface Handle {
  readonly handle: unique symbol;
}

/** The ring buffer of the addon. */
export interface RingHandle {
  readonly ring: unique symbol;
}

/** A netlink socket of the addon. */
export interface NetlinkHandle {
  readonly netlink: unique symbol;
}

export const KIND_MAP = 0;
export const KIND_PROGRAM = 1;
export const KIND_LINK = 2;
export type Kind = typeof KIND_MAP | typeof KIND_PROGRAM | typeof KIND_LINK;

type Named<T> = readonly (readonly [name: string, value: T])[];

/** What native/*.c exports: wrong types throw a TypeError, what the kernel refuses a BpfError. */
export interface Native {
  setErrorFactory(
    factory: (action: string, errno: number, reason: string, log: string) => BpfError,
  ): void;
  raise(error: unknown): void;

  close(handle: Handle): void;
  fd(handle: Handle): number;
  pin(handle: Handle, path: string): void;
  openPinned(kind: Kind, path: string): Handle | undefined;
  openId(kind: Kind, id: number): Handle;

  objectLoad(
    path: string,
    programs: readonly string[] | undefined,
    reuse: Named<Handle>,
    maxEntries: Named<number>,
  ): { readonly maps: Named<Handle>; readonly programs: Named<Handle> };

  mapCreate(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    name: string,
    inner: Handle | undefined,
  ): Handle;
  mapInfo(map: Handle): MapInfo;
  mapLookup(map: Handle, key: Uint8Array): Uint8Array | undefined;
  mapTake(map: Handle, key: Uint8Array): Uint8Array | undefined;
  mapUpdate(map: Handle, key: Uint8Array, value: Uint8Array, flags: number): void;
  mapUpdateInner(map: Handle, key: Uint8Array, inner: Handle): void;
  mapDelete(map: Handle, key: Uint8Array): boolean;
  mapNextKey(map: Handle, key: Uint8Array | undefined): Uint8Array | undefined;
  mapEntries(map: Handle): MapEntries;
  mapPart(
    map: Handle,
    position: Uint8Array | undefined,
    room: number,
  ): MapEntries & { readonly position?: Uint8Array };
  mapUpdateBatch(map: Handle, keys: Uint8Array, values: Uint8Array, count: number): void;
  mapDeleteBatch(map: Handle, keys: Uint8Array, count: number): number;

  formatEntries(
    json: boolean,
    keySize: number,
    valueSize: number,
    columns: readonly (readonly [
      title: string,
      kind: number,
      at: number,
      lengthAt: number,
      choices: readonly string[],
    ])[],
    parts: readonly (readonly [keys: Uint8Array, values: Uint8Array, rows: Uint8Array])[],
  ): string;

  programInfo(program: Handle): ProgramInfo;
  testRun(
    program: Handle,
    data: Uint8Array,
    context: Uint8Array | undefined,
    repeat: number,
    dataOutSize: number,
  ): TestRunResult;

  linkDevice(program: Handle, ifindex: number, attachType: number): Handle;
  linkPath(program: Handle, path: string, attachType: number): Handle;
  linkInfo(link: Handle): LinkInfo;
  linkUpdate(link: Handle, program: Handle): void;
  linkDetach(link: Handle): void;

  ringOpen(map: Handle, dispatch: (batch: Uint8Array) => void): RingHandle;
  ringConsume(ring: RingHandle): Uint8Array | undefined;

  netlinkOpen(
    protocol: number,
    groups: readonly number[],
    dispatch: (batch: Uint8Array, overrun: boolean) => void,
  ): NetlinkHandle;
  sourceReference(source: RingHandle | NetlinkHandle, held: boolean): void;
  sourceClose(source: RingHandle | NetlinkHandle): void;
  netlinkRequest(protocol: number, messages: Uint8Array): Uint8Array;

  possibleCpus(): number;
  flock(fd: number, wait: boolean): boolean;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): void;
  getsockopt(fd: number, level: number, option: number, size: number): Uint8Array;
  openSocket(family: number, type: number, netns: string | undefined): number;
  bindSocket(fd: number, address: Uint8Array): void;
  memlockUnlimited(): void;
  mount(source: string, target: string, type: string): void;
}

/** struct bpf_map_info. */
export interface MapInfo {
  /** A MapType. */
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes; of one CPU in per-CPU maps. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly id: number;
  /** The kernel keeps 15 characters of it. */
  readonly name: string;
}

export interface MapEntries {
  readonly count: number;
  /** `count` keys back to back. */
  readonly keys: Uint8Array;
  /** `count` values back to back, each as lookup() returns it. */
  readonly values: Uint8Array;
}

/** Of struct bpf_prog_info. */
export interface ProgramInfo {
  readonly id: number;
  /** enum bpf_prog_type: 3 is SCHED_CLS. */
  readonly type: number;
  /** The kernel keeps 15 characters of it. */
  readonly name: string;
  /** Hash of the instructions, 16 hexadecimal digits. */
  readonly tag: string;
  /** Instructions the verifier went through. */
  readonly verifiedInsns?: number;
  /** Bytes of machine code; absent without JIT. */
  readonly jitedSize?: number;
}

export interface TestRunResult {
  /** Signed: TCX_NEXT is -1. */
  readonly returnValue: number;
  /** The packet afterwards. */
  readonly data: Uint8Array;
  /** The context afterwards, if one was given. */
  readonly context: Uint8Array | undefined;
  /** Nanoseconds of one run, the mean of all repeats. */
  readonly durationNs: number;
}

/** Of struct bpf_link_info. */
export interface LinkInfo {
  readonly id: number;
  /** enum bpf_link_type: 3 cgroup, 5 netns, 11 tcx. */
  readonly type: number;
  readonly programId: number;
  /** enum bpf_attach_type. */
  readonly attachType: number;
  /** Of tcx links; 0: the device is gone. */
  readonly ifindex?: number;
  /** Of cgroup links: the inode number of the directory; 0: the cgroup is gone. */
  readonly cgroupId?: bigint;
}

const ELIBACC = 79;

let addon: Native | undefined;

/**
 * Loads libbpf.node at `path`, once: further calls do nothing. To be called before anything else
 * but readBtf(). Throws a BpfError: ENOENT, or ELIBACC if the addon or libbpf.so.1 does not load.
 */
export function loadAddon(path: string): void {
  if (addon !== undefined) return;
  const loaded: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(loaded, resolve(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const missing = reason.includes(`${resolve(path)}: cannot open shared object file`);
    throw new BpfError(`load addon '${path}'`, missing ? constants.errno.ENOENT : ELIBACC, reason);
  }
  addon = loaded.exports as Native;
  addon.setErrorFactory((...parts) => new BpfError(...parts));
}

/** The addon; throws a BpfError ELIBACC if loadAddon() was not called. */
export function native(): Native {
  if (addon === undefined) throw new BpfError('use libbpf', ELIBACC, 'call loadAddon() first');
  return addon;
}
