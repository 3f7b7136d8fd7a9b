/** The maps by name, and their sizes. */
import { join } from 'node:path';
import { BpfMap } from '#libbpf-ts';
import { DomainrouteError } from '../base/errors.ts';
import { listPins, pinError, type Pins } from './pins.ts';

/** Every map that is pinned; others of the objects are the programs' own. */
export const MAP_NAMES = [
  'config',
  'epochs',
  'pending',
  'facts',
  'strays',
  'aliases',
  'stray_aliases',
  'names',
  'rules',
  'actions',
  'clients',
  'protected',
  'verdicts',
  'recents',
  'counters',
  'reasons',
  'events',
] as const;

export type MapName = (typeof MAP_NAMES)[number];

/** Entries of the maps that `option facts` sizes. */
export function mapSizes(facts: number): Partial<Record<MapName, number>> {
  // a name has several addresses, and few have aliases
  const aliases = Math.max(1024, Math.ceil(facts / 4));
  return {
    facts,
    strays: facts,
    verdicts: facts,
    aliases,
    stray_aliases: aliases,
    pending: 8192,
  };
}

/** Nothing is pinned. */
export function notRunning(): DomainrouteError {
  return new DomainrouteError(
    'not-running',
    'Cannot read the data path: domainroute is not running (run domainroute start)',
  );
}

/** The pinned maps, each opened when it is first asked for. */
export class Maps {
  private readonly pins: Pins;
  private readonly open = new Map<MapName, BpfMap>();

  constructor(pins: Pins) {
    this.pins = pins;
  }

  /** Throws DomainrouteError: 'not-running' if it is not pinned. */
  get(name: MapName): BpfMap {
    let map = this.open.get(name);
    if (map === undefined) {
      map = this.openPinned(name);
      this.open.set(name, map);
    }
    return map;
  }

  /** Are there all maps? False for what a killed start has left. */
  complete(): boolean {
    const names = new Set(listPins(this.pins.maps));
    return MAP_NAMES.every((name) => names.has(name));
  }

  close(): void {
    for (const map of this.open.values()) map.close();
    this.open.clear();
  }

  private openPinned(name: MapName): BpfMap {
    const path = join(this.pins.maps, name);
    try {
      const map = BpfMap.openPinned(path);
      if (map !== undefined) return map;
    } catch (error) {
      throw pinError('open map', path, error);
    }
    throw notRunning();
  }
}
