/**
 * The maps `rules`, `actions` and `clients`: reading what is in force, and swapping in another rule set so
 * that no packet ever meets a half of it. Cell 0 of each half of `actions`, which no list leads to, says
 * which inner map the half belongs to and what it was made of; so a command that was killed between two
 * steps leaves nothing that the next one could misread.
 */
import { createHash } from 'node:crypto';
import { BpfMap, MapType, possibleCpus } from '#libbpf-ts';
import { clientInterface } from '../model/client.ts';
import { ACTION_CLIENTS, CELLS } from './constants.ts';
import { ACTION, CLIENT_KEY, CONFIG, COUNTER, type Action, type Config } from './layouts.ts';
import type { Maps } from './maps.ts';
import { key32, readConfig, ZERO } from './config-map.ts';
import { updateInterfaces, type CellInterfaces } from './interface-cells.ts';
import type { RuleImage } from './rule-image.ts';
import { assignNumbers } from './rule-numbers.ts';

const HALF = CELLS / 2;

function readU32(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

export interface LiveRules {
  /** Where the live half of `actions` begins: 0 or 2048. */
  readonly base: number;
  /** What the rules were made of; empty: there are none yet. */
  readonly fingerprint: string;
  /** By absolute cell, cell 0 left out. */
  readonly cells: ReadonlyMap<number, Action>;
  /** By section. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Numbers of the rules that were in force before. */
  readonly recent: ReadonlySet<number>;
}

function halfOf(actions: Uint8Array, base: number): Map<number, Action> {
  const cells = new Map<number, Action>();
  for (let cell = base + 1; cell < base + HALF; cell++) {
    const action = ACTION.decode(actions, cell * ACTION.size);
    if (action.rule === 0) break;
    cells.set(cell, action);
  }
  return cells;
}

/** Id of the inner map in force; 0: there is none yet. */
export function liveRulesId(maps: Maps): number {
  return readU32(maps.get('rules').lookup(ZERO));
}

/** The rules in force. */
export function readLiveRules(maps: Maps): LiveRules {
  // an array: the keys are 0, 1, 2 …
  const { values } = maps.get('actions').entries();
  const mapId = liveRulesId(maps);
  const heads = [0, HALF].map((base) => ({
    base,
    head: ACTION.decode(values, base * ACTION.size),
  }));
  const live = heads.find(({ head }) => mapId !== 0 && head.rule === mapId);
  if (live === undefined) {
    return { base: HALF, fingerprint: '', cells: new Map(), numbers: new Map(), recent: new Set() };
  }
  const cells = halfOf(values, live.base);
  const others = halfOf(values, HALF - live.base);
  return {
    base: live.base,
    fingerprint: live.head.section,
    cells,
    numbers: new Map([...cells.values()].map(({ section, rule }) => [section, rule])),
    recent: new Set([...others.values()].map(({ rule }) => rule)),
  };
}

/** What `config` holds beside that which follows from the rules. */
export type RuleSettings = Omit<Config, 'generation' | 'levels' | 'max_labels'>;

/** A rule set that is in the kernel, but not in force. */
export interface StagedRules {
  /** Puts it in force with these settings, atomically. */
  commit(settings: RuleSettings): void;
  /** Removes what only the rules before needed. Behind {@link commit}. */
  cleanup(): void;
}

/** Of all but what changes in place with the interfaces (interface-cells.ts). */
function fingerprintOf({ keys, cells, actions }: RuleImage): string {
  const hash = createHash('sha256').update(keys).update(cells);
  const lasting = actions.map(({ clients, ...rest }) => [
    { ...rest, ifindex: 0 },
    clients
      ?.filter(({ address }) => clientInterface(address) === undefined)
      .map(({ address, length }) => [Buffer.from(address).toString('hex'), length]) ?? null,
  ]);
  return hash.update(JSON.stringify(lasting)).digest('hex').slice(0, 40);
}

/** Writes a rule set into the half that is not live, or nothing if it is in force already. */
export function stageRules(maps: Maps, image: RuleImage): StagedRules {
  const live = readLiveRules(maps);
  const fingerprint = fingerprintOf(image);
  if (live.fingerprint === fingerprint) {
    return {
      commit: (settings) => {
        updateInterfaces(maps, live.cells, (_, cell) => interfacesOf(image, cell - live.base));
        writeConfig(maps, settings, image);
      },
      cleanup: () => undefined,
    };
  }
  const base = HALF - live.base;
  const inner = fillInner(image, base);
  try {
    clearClients(maps, base);
    writeClients(maps, image, base);
    writeActions(maps, image, base, { mapId: inner.info.id, fingerprint }, live);
  } catch (error) {
    inner.close();
    throw error;
  }
  return {
    commit: (settings) => {
      maps.pinRules(inner);
      maps.get('rules').updateInner(ZERO, inner);
      inner.close();
      writeConfig(maps, settings, image);
    },
    cleanup: () => {
      maps.forgetRules(liveRulesId(maps));
      clearClients(maps, live.base);
    },
  };
}

/** Cells of an image count from 1. */
function interfacesOf({ actions }: RuleImage, index: number): CellInterfaces {
  const { ifindex = 0, clients = [] } = actions[index - 1] ?? {};
  const addresses = clients.map(({ address }) => address);
  return { ifindex, clients: addresses.filter((a) => clientInterface(a) !== undefined) };
}

/** Makes every verdict void: something else than the rules has changed that they depend on. */
export function voidVerdicts(maps: Maps): void {
  const config = readConfig(maps);
  if (config === undefined) return;
  maps.get('config').update(ZERO, CONFIG.encode({ ...config, generation: config.generation + 1 }));
}

/** The generation is what makes verdicts void: it goes up last, when all else can be seen by every CPU. */
function writeConfig(maps: Maps, settings: RuleSettings, { maxLabels, levels }: RuleImage): void {
  const old = readConfig(maps)?.generation ?? 0;
  for (const generation of [old, old + 1]) {
    const config = { ...settings, levels, generation, max_labels: maxLabels };
    maps.get('config').update(ZERO, CONFIG.encode(config));
  }
}

function fillInner({ count, keys, cells }: RuleImage, base: number): BpfMap {
  const inner = BpfMap.create({
    type: MapType.HASH,
    keySize: 8,
    valueSize: 4,
    maxEntries: count + 1,
    name: 'rule_map',
  });
  try {
    const absolute = cells.slice();
    const view = new DataView(absolute.buffer);
    for (let at = 0; at < absolute.length; at += 4) {
      view.setUint32(at, view.getUint32(at, true) + base, true);
    }
    inner.updateBatch(keys, absolute, count);
  } catch (error) {
    inner.close();
    throw error;
  }
  return inner;
}

function writeActions(
  maps: Maps,
  { actions }: RuleImage,
  base: number,
  head: { readonly mapId: number; readonly fingerprint: string },
  live: LiveRules,
): void {
  const sections = [...new Set(actions.map(({ section }) => section))];
  const numbers = assignNumbers(sections, live.numbers, live.recent);
  const kept = new Set(sections.filter((section) => live.numbers.has(section)));
  zeroCounters(
    maps,
    [...numbers].flatMap(([section, n]) => (kept.has(section) ? [] : [n])),
  );

  // the whole half: what lay behind the last cell ends with it
  const keys = new Uint8Array(HALF * 4);
  const values = new Uint8Array(HALF * ACTION.size);
  const view = new DataView(keys.buffer);
  for (let n = 0; n < HALF; n++) view.setUint32(n * 4, base + n, true);
  const nothing = { next: 0, mark: 0, mask: 0, ifindex: 0, flags: 0, interface: '' };
  values.set(ACTION.encode({ ...nothing, rule: head.mapId, section: head.fingerprint }));
  actions.forEach((cell, index) => {
    const action = {
      ...cell,
      rule: numbers.get(cell.section) ?? 0,
      next: cell.next === 0 ? 0 : base + cell.next,
      flags: cell.flags | (cell.clients === undefined ? 0 : ACTION_CLIENTS),
    };
    values.set(ACTION.encode(action), (index + 1) * ACTION.size);
  });
  maps.get('actions').updateBatch(keys, values, HALF);
}

function zeroCounters(maps: Maps, numbers: readonly number[]): void {
  const zeros = new Uint8Array(COUNTER.size * possibleCpus());
  for (const number of numbers) maps.get('counters').update(key32(number), zeros);
}

function writeClients(maps: Maps, { actions }: RuleImage, base: number): void {
  const map = maps.get('clients');
  actions.forEach(({ clients }, index) => {
    for (const { address, length } of clients ?? []) {
      const key = { prefixlen: 32 + length, cell: base + index + 1, client: address };
      map.update(CLIENT_KEY.encode(key), key32(1));
    }
  });
}

/** Removes the clients of one half. */
function clearClients(maps: Maps, base: number): void {
  const map = maps.get('clients');
  const { count, keys } = map.entries();
  for (let i = 0; i < count; i++) {
    const key = keys.subarray(i * CLIENT_KEY.size, (i + 1) * CLIENT_KEY.size);
    const { cell } = CLIENT_KEY.decode(key);
    if (cell >= base && cell < base + HALF) map.delete(key);
  }
}
