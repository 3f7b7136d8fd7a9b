/** Rules as a user thinks of them, compiled to what the maps hold. */
import { labelsOf, wireName, type NameLike } from './frames/dns.ts';
import { address as addressBytes } from './frames/bytes.ts';
import {
  exactKey,
  labelHash,
  labelsOfWire,
  lowerCase,
  suffixHashes,
  wholeHash,
} from './model/hash.ts';
import { ACTION, binary, mapped, PROTECTED, type Action, type Address } from './model/layout.ts';
import type { ClientEntry, Policy, ProtectedEntry } from './model/state.ts';

export interface ClientPrefix {
  readonly address: Address;
  /** 0 to 128 */
  readonly bits: number;
}

export interface RuleSpec {
  /** `example.com`, `=www.example.com` (exact), or '.' (the default rule); or labels, as a suffix. */
  readonly domains: readonly (string | readonly Uint8Array[])[];
  readonly mark: number;
  readonly mask: number;
  /** ACTION.* beside CLIENTS, which follows from `clients`. */
  readonly flags?: number;
  readonly clients?: readonly ClientPrefix[];
}

export interface PolicySpec {
  readonly rules: readonly RuleSpec[];
  readonly protected?: readonly ProtectedEntry[];
  readonly generation?: number;
  readonly seed?: bigint;
  /** ns */
  readonly hold?: bigint;
  /** Where the cells begin: 0 or 2048. */
  readonly cells?: number;
}

/** 192.0.2.1 or 2001:db8::1 as the maps hold it. */
export function addressOf(text: string): Address {
  const bytes = addressBytes(text);
  return bytes.length === 4 ? mapped(bytes) : binary(bytes);
}

/** `192.0.2.0/24` */
export function prefixOf(text: string): ClientPrefix {
  const [address = '', bits = ''] = text.split('/');
  return { address: addressOf(address), bits: Number(bits) + (address.includes(':') ? 0 : 96) };
}

export function never(prefix: string): ProtectedEntry {
  return { ...prefixOf(prefix), value: PROTECTED.NEVER };
}

export function privatePrefix(prefix: string): ProtectedEntry {
  return { ...prefixOf(prefix), value: PROTECTED.PRIVATE };
}

/** Hash of a whole name, as `facts` and `aliases` know it. */
export function hashOf(name: NameLike, seed: bigint): bigint {
  const labels = labelsOfWire(wireName(name)).map(lowerCase);
  return wholeHash(
    seed,
    labels.map((label) => labelHash(seed, label)),
  );
}

export function compilePolicy(spec: PolicySpec): Policy {
  const seed = spec.seed ?? 0x0123456789abcdefn;
  const cells = spec.cells ?? 0;
  const lists = new Map<bigint, number[]>();
  let maxLabels = 0;
  let levels = 0;
  spec.rules.forEach((rule, index) => {
    for (const domain of rule.domains) {
      const exact = typeof domain === 'string' && domain.startsWith('=');
      const labels = typeof domain === 'string' ? labelsOf(domain.slice(exact ? 1 : 0)) : domain;
      const hashes = labels.map((label) => labelHash(seed, lowerCase(label)));
      if (!exact) maxLabels = Math.max(maxLabels, labels.length);
      if (exact || labels.length > 0) levels |= 1 << (exact ? 0 : Math.min(labels.length, 31));
      const key = exact
        ? exactKey(wholeHash(seed, hashes))
        : (suffixHashes(seed, hashes).at(-1) ?? 0n);
      const list = lists.get(key) ?? [];
      if (!list.includes(index)) list.push(index);
      lists.set(key, list);
    }
  });
  const rules = new Map<bigint, number>();
  const actions = new Map<number, Action>();
  const clients: ClientEntry[] = [];
  let cell = cells + 1;
  for (const [key, list] of lists) {
    rules.set(key, cell);
    list.forEach((index, i) => {
      const rule = spec.rules[index];
      if (rule === undefined) return;
      const flags = (rule.flags ?? 0) | (rule.clients === undefined ? 0 : ACTION.CLIENTS);
      const next = i + 1 < list.length ? cell + 1 : 0;
      actions.set(cell, {
        rule: index + 1,
        next,
        mark: rule.mark,
        mask: rule.mask,
        ifindex: 0,
        flags,
      });
      for (const client of rule.clients ?? []) clients.push({ cell, ...client });
      cell++;
    });
  }
  return {
    config: {
      generation: spec.generation ?? 1,
      markMask: 0x3f000000,
      seed,
      hold: spec.hold ?? 86_400_000_000_000n,
      levels: levels >>> 0,
      maxLabels,
    },
    rules,
    actions,
    clients,
    protected: spec.protected ?? [],
  };
}
