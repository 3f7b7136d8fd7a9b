import { constants } from 'node:os';
import { native } from './addon.ts';
import { BpfError } from './error.ts';
import { BpfMap } from './map.ts';
import { BpfProgram } from './program.ts';

export interface OpenOptions {
  /** Programs to load; others are not loaded. @default all */
  readonly programs?: readonly string[];
  /** Maps of the object that are to be these existing ones, of the same type and sizes. */
  readonly reuse?: Readonly<Record<string, BpfMap>>;
  /** Sizes other than those in the object. */
  readonly maxEntries?: Readonly<Record<string, number>>;
}

/** The maps and programs of an object file, loaded. They are closed with it. */
export class BpfObject {
  readonly mapNames: readonly string[];
  readonly programNames: readonly string[];
  readonly #path: string;
  readonly #maps: ReadonlyMap<string, BpfMap>;
  readonly #programs: ReadonlyMap<string, BpfProgram>;
  #closed = false;

  private constructor(
    path: string,
    maps: ReadonlyMap<string, BpfMap>,
    programs: ReadonlyMap<string, BpfProgram>,
  ) {
    this.#path = path;
    this.#maps = maps;
    this.#programs = programs;
    this.mapNames = [...maps.keys()];
    this.programNames = [...programs.keys()];
  }

  /**
   * Opens and loads, all or nothing. Throws a BpfError: ENOENT (file, map or program), EFORMAT or
   * ELIBELF (no BPF object), EACCES, EINVAL, E2BIG … of the verifier, whose words are in `log`.
   */
  static load(path: string, options: OpenOptions = {}): BpfObject {
    const reuse = Object.entries(options.reuse ?? {});
    const { maps, programs } = native().objectLoad(
      path,
      options.programs,
      reuse.map(([name, map]) => [name, map.handle] as const),
      Object.entries(options.maxEntries ?? {}),
    );
    return new BpfObject(
      path,
      new Map(maps.map(([name, handle]) => [name, new BpfMap(handle)])),
      new Map(programs.map(([name, handle]) => [name, new BpfProgram(handle)])),
    );
  }

  /** Throws ENOENT. */
  map(name: string): BpfMap {
    return this.#find(this.#maps, 'map', name);
  }

  /** Throws ENOENT, also if the program was not loaded. */
  program(name: string): BpfProgram {
    return this.#find(this.#programs, 'program', name);
  }

  close(): void {
    this.#closed = true;
    for (const map of this.#maps.values()) map.close();
    for (const program of this.#programs.values()) program.close();
  }

  #find<T>(all: ReadonlyMap<string, T>, what: string, name: string): T {
    const { EBADF, ENOENT } = constants.errno;
    if (this.#closed) throw new BpfError(`use object '${this.#path}'`, EBADF, 'it is closed');
    const found = all.get(name);
    if (found !== undefined) return found;
    throw new BpfError(`find ${what} '${name}' in '${this.#path}'`, ENOENT, 'it is not there');
  }
}
