/** Single look-ups in the maps, as deciding needs them (src/decide/source.ts). */
import type { BpfMap } from '#libbpf-ts';
import {
  ACTION,
  ALIAS,
  CLIENT_KEY,
  FACT,
  PAIR,
  PROTECTED_KEY,
  type Action,
  type Fact,
} from './layouts.ts';
import type { Maps } from './maps.ts';
import { liveRulesId } from './rule-tables.ts';
import { key32 } from './config-map.ts';

function key64(low: number, high: number): Uint8Array {
  const key = new Uint8Array(8);
  const view = new DataView(key.buffer);
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  return key;
}

function u32(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Without the root's byte. */
function nameOf(name: Uint8Array, length: number): Uint8Array {
  return name.subarray(0, Math.max(length - 1, 0));
}

export interface DecisionMaps {
  protectedClass(address: Uint8Array): number;
  /** `name` is without the root. */
  fact(matched: boolean, client: Uint8Array, address: Uint8Array): Fact | undefined;
  alias(low: number, high: number): Uint8Array | undefined;
  rule(low: number, high: number): number;
  cell(index: number): Action | undefined;
  clientMatches(cell: number, clients: readonly Uint8Array[]): boolean;
  close(): void;
}

/** A reload may take its pin away at this very moment: then there is a newer one. */
function openLiveRules(maps: Maps): BpfMap | undefined {
  for (;;) {
    const id = liveRulesId(maps);
    const rules = id === 0 ? undefined : maps.openRules(id);
    if (rules !== undefined || id === liveRulesId(maps)) return rules;
  }
}

/** Opens the inner map of the rules in force, too: close it. */
export function decisionMaps(maps: Maps): DecisionMaps {
  const rules = openLiveRules(maps);
  const lookupAlias = (name: 'aliases' | 'stray_aliases', key: Uint8Array) => {
    const bytes = maps.get(name).lookup(key);
    return bytes === undefined ? undefined : ALIAS.decode(bytes);
  };
  return {
    protectedClass(address) {
      return u32(maps.get('protected').lookup(PROTECTED_KEY.encode({ prefixlen: 128, address })));
    },
    fact(matched, client, address) {
      const bytes = maps.get(matched ? 'facts' : 'strays').lookup(PAIR.encode({ client, address }));
      if (bytes === undefined) return undefined;
      const fact = FACT.decode(bytes);
      return { ...fact, name: nameOf(fact.name, fact.name_length) };
    },
    alias(low, high) {
      const key = key64(low, high);
      const alias = lookupAlias('aliases', key) ?? lookupAlias('stray_aliases', key);
      return alias === undefined ? undefined : nameOf(alias.name, alias.name_length);
    },
    rule: (low, high) => u32(rules?.lookup(key64(low, high))),
    cell(index) {
      const bytes = maps.get('actions').lookup(key32(index));
      const action = bytes === undefined ? undefined : ACTION.decode(bytes);
      return action === undefined || action.rule === 0 ? undefined : action;
    },
    clientMatches(cell, clients) {
      const map = maps.get('clients');
      return clients.some(
        (client) => map.lookup(CLIENT_KEY.encode({ prefixlen: 160, cell, client })) !== undefined,
      );
    },
    close: () => rules?.close(),
  };
}
