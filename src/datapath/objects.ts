/** Loading the objects of dist/bpf: only the programs that are needed, around maps that are shared. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfObject, memlockUnlimited, type BpfMap, type BpfProgram } from '#libbpf-ts';
import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';
import { MAP_NAMES, mapSizes, type MapName } from './maps.ts';

export type CgroupHook = 'connect4' | 'connect6' | 'sendmsg4' | 'sendmsg6';

export type ProgramName = `${'lan' | 'wan'}_${'ingress' | 'egress'}${'' | '_l3'}` | CgroupHook;

/** Each object declares all maps of {@link MAP_NAMES}. */
const OBJECTS: readonly { readonly file: string; readonly programs: readonly ProgramName[] }[] = [
  {
    file: 'lan.bpf.o',
    programs: ['lan_ingress', 'lan_egress', 'lan_ingress_l3', 'lan_egress_l3'],
  },
  {
    file: 'wan.bpf.o',
    programs: ['wan_ingress', 'wan_egress', 'wan_ingress_l3', 'wan_egress_l3'],
  },
  {
    file: 'local.bpf.o',
    programs: ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'],
  },
];

/** Tells one version of the objects from another: 16 hexadecimal digits. */
export function objectsDigest(assets: string): string {
  const hash = createHash('sha256');
  for (const { file } of OBJECTS) {
    const path = join(assets, 'bpf', file);
    try {
      hash.update(readFileSync(path));
    } catch (cause) {
      const state = errnoOf(cause) ?? 'unknown';
      throw new DomainrouteError('platform', `Cannot read '${path}': ${state} (run make build)`, {
        cause,
      });
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** What was loaded; `close` drops the descriptors, pins and links keep what they hold. */
export interface LoadedPrograms {
  readonly programs: ReadonlyMap<ProgramName, BpfProgram>;
  readonly maps: ReadonlyMap<MapName, BpfMap>;
  close(): void;
}

export interface LoadRequest {
  readonly assets: string;
  readonly programs: ReadonlySet<ProgramName>;
  /** Maps that are there already. */
  readonly reuse: ReadonlyMap<MapName, BpfMap>;
  /** Entries of the maps that are made, `option facts`. */
  readonly facts: number;
}

/** Loads the programs, and makes the maps that are not there. Throws DomainrouteError. */
export function loadPrograms({ assets, programs, reuse, facts }: LoadRequest): LoadedPrograms {
  const maps = new Map(reuse);
  const loaded = new Map<ProgramName, BpfProgram>();
  const objects: BpfObject[] = [];
  const sizes = new Map(Object.entries(mapSizes(facts)));
  const close = (): void => objects.forEach((object) => object.close());
  memlockUnlimited();
  try {
    OBJECTS.forEach(({ file, programs: own }, index) => {
      const wanted = own.filter((program) => programs.has(program));
      // the first makes the maps, even where none of its programs is needed
      if (wanted.length === 0 && index > 0) return;
      const object = BpfObject.load(join(assets, 'bpf', file), {
        programs: wanted,
        reuse: Object.fromEntries(maps),
        maxEntries: Object.fromEntries([...sizes].filter(([name]) => !maps.has(name as MapName))),
      });
      objects.push(object);
      for (const name of MAP_NAMES) if (!maps.has(name)) maps.set(name, object.map(name));
      for (const program of wanted) loaded.set(program, object.program(program));
    });
  } catch (error) {
    close();
    throw loadError(error);
  }
  return { programs: loaded, maps, close };
}

function loadError(error: unknown): DomainrouteError {
  if (error instanceof DomainrouteError) return error;
  const errno = errnoOf(error);
  // EACCES is the verifier's, too
  if (errno === 'EPERM') {
    return new DomainrouteError(
      'privilege',
      'Cannot load the programs: not permitted (run it as root, or with CAP_BPF and CAP_NET_ADMIN)',
      { cause: error },
    );
  }
  const next = errno === 'ENOMEM' ? " (lower option 'facts')" : '';
  return new DomainrouteError('platform', `Cannot load the programs: ${messageOf(error)}${next}`, {
    cause: error,
  });
}
