/** Programs for the links that are wanted: kept ones where there are, else loaded. */
import type { BpfMap, BpfProgram } from '#libbpf-ts';
import { applyLinks, missingLinks, type Cgroup, type LinkPlan } from './links.ts';
import type { MapName } from './maps.ts';
import {
  loadPrograms,
  objectsDigest,
  type LoadedPrograms,
  type LoadRequest,
  type ProgramName,
} from './objects.ts';
import type { Pins } from './pins.ts';
import { forgetVersion, keptPrograms, noteVersion, readVersion } from './programs.ts';

export interface AttachmentRequest extends Pick<LoadRequest, 'assets' | 'facts'> {
  readonly pins: Pins;
  readonly wanted: readonly LinkPlan[];
  readonly cgroup: Cgroup | undefined;
  /** The maps of what runs; none: nothing does. */
  readonly maps: ReadonlyMap<MapName, BpfMap>;
  /** Links that stand get the programs of this version. */
  readonly renew: boolean;
}

export interface Attachment {
  /** What was loaded, with maps that are not pinned on a first start. */
  readonly loaded: LoadedPrograms | undefined;
  /** Attaches what is missing and removes the other links; returns whether there was anything to do. */
  attach(): boolean;
  close(): void;
}

interface Source {
  readonly programs: ReadonlyMap<ProgramName, BpfProgram>;
  readonly loaded: LoadedPrograms | undefined;
  /** All links get these programs: they are of another version. */
  readonly all: boolean;
  readonly digest: string | undefined;
}

/** All that can fail for reasons of the objects and the verifier; changes nothing yet. Throws DomainrouteError. */
export function planAttachment(request: AttachmentRequest): Attachment {
  const { pins, wanted, cgroup } = request;
  const { programs, loaded, all, digest } = findPrograms(request);
  return {
    loaded,
    attach() {
      if (all) forgetVersion(pins);
      const changed = applyLinks({ pins, wanted, programs, cgroup, renew: all });
      if (digest !== undefined) noteVersion(pins, digest, programs);
      return changed;
    },
    close() {
      for (const program of programs.values()) program.close();
      loaded?.close();
    },
  };
}

const NOTHING: Source = { programs: new Map(), loaded: undefined, all: false, digest: undefined };

function findPrograms({ pins, assets, wanted, cgroup, maps, facts, renew }: AttachmentRequest) {
  const load = (names: Iterable<ProgramName>): LoadedPrograms =>
    loadPrograms({ assets, programs: new Set(names), reuse: maps, facts });
  const loadAll = (digest: string): Source => {
    const loaded = load(wanted.map(({ program }) => program));
    return { programs: loaded.programs, loaded, all: true, digest };
  };

  const noted = readVersion(pins);
  if (maps.size === 0 || (renew && noted !== objectsDigest(assets))) {
    return loadAll(objectsDigest(assets));
  }
  const names = new Set(missingLinks(pins, wanted, cgroup).map(({ program }) => program));
  if (names.size === 0) return NOTHING;
  const digest = objectsDigest(assets);
  if (noted === undefined) return loadAll(digest);
  const kept = keptPrograms(pins, noted, names);
  const absent = [...names].filter((name) => !kept.has(name));
  if (absent.length === 0) return { programs: kept, loaded: undefined, all: false, digest: noted };
  try {
    // one version alone: the objects may have been replaced since
    if (noted !== digest) return loadAll(digest);
    const loaded = load(absent);
    const programs = new Map([...kept, ...loaded.programs]);
    kept.clear();
    return { programs, loaded, all: false, digest };
  } finally {
    for (const program of kept.values()) program.close();
  }
}
