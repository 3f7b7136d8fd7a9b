/** The maps by name, and their sizes. */
import { join } from 'node:path';
import { BpfMap } from '#libbpf-ts';
import { DomainrouteError } from '../base/errors.ts';
import { listPins, pinError, removePin, type Pins } from './pins.ts';

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

const RULES_PIN = /^rules_\d+$/;

function rulesPin(id: number): string {
  return `rules_${id}`;
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
      if (map === undefined) throw notRunning();
      this.open.set(name, map);
    }
    return map;
  }

  /**
   * The inner map of `rules` with this id. It has a pin of its own: to open a map by its id takes CAP_SYS_ADMIN, which
   * the daemon does without (U2). Close it. Undefined: it is not in force (any more).
   */
  openRules(id: number): BpfMap | undefined {
    return this.openPinned(rulesPin(id));
  }

  /** Before it comes into force. */
  pinRules(inner: BpfMap): void {
    inner.pin(join(this.pins.maps, rulesPin(inner.info.id)));
  }

  /** Unpins every inner map but this one: those before it, and what a killed command has left. */
  forgetRules(but: number): void {
    const others = listPins(this.pins.maps).filter(
      (name) => RULES_PIN.test(name) && name !== rulesPin(but),
    );
    for (const name of others) removePin(join(this.pins.maps, name));
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

  private openPinned(name: string): BpfMap | undefined {
    const path = join(this.pins.maps, name);
    try {
      return BpfMap.openPinned(path);
    } catch (error) {
      throw pinError('open map', path, error);
    }
  }
}
