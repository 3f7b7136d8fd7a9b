/** A decision source in memory: rules are compiled, facts and aliases are lists. */
import {
  ACTION_BLOCK,
  ACTION_CLIENTS,
  ACTION_PRIVATE,
  type DecisionSource,
  type KnownFact,
} from '../../../src/decide/source.ts';
import { NameHasher, wholeHash } from '../../../src/dns/name-hash.ts';
import { parseAddress } from '../../../src/model/address.ts';
import { clientOfInterface, clientOfMac, parseClient } from '../../../src/model/client.ts';
import { parseDomainName } from '../../../src/model/domain-name.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { bytes } from '../facts/fixtures.ts';
import { compile, entries, SEED } from '../rules/fixtures.ts';

export const NOW = 1000;

export interface World {
  readonly rules?: readonly Rule[];
  /** Seconds; a fact stands until `expires` (default: in 60 s) or its last use (default: long ago) + 100 s. */
  readonly facts?: readonly {
    readonly client?: string;
    readonly address: string;
    readonly name: string;
    readonly expires?: number;
    readonly lastSeen?: number;
    readonly stray?: boolean;
  }[];
  /** Owner and target. */
  readonly aliases?: readonly (readonly [string, string])[];
  /** Class by address. */
  readonly protected?: Readonly<Record<string, number>>;
  /** What else a client is known by. */
  readonly identities?: Readonly<Record<string, readonly string[]>>;
}

/** An interface index as `@3`. */
export function client(text: string): Uint8Array {
  return text.startsWith('@') ? clientOfInterface(Number(text.slice(1))) : bytes(parseClient, text);
}

const hex = (part: Uint8Array): string => Buffer.from(part).toString('hex');

export function sourceOf(world: World): DecisionSource {
  const rules = world.rules ?? [];
  const set = compile(rules);
  const keys = entries(set);
  const facts = (world.facts ?? []).map((fact) => ({
    stray: fact.stray ?? false,
    client: client(fact.client ?? '::'),
    address: bytes(parseAddress, fact.address),
    name: parseDomainName(fact.name),
    expires: (fact.expires ?? NOW + 60) * 1e9,
    lastSeen: (fact.lastSeen ?? 0) * 1e9,
  }));
  const find = (where: (fact: KnownFact) => boolean): KnownFact[] => facts.filter(where);
  const join = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);
  const aliases = new Map(
    (world.aliases ?? []).map(([owner, target]) => [
      wholeHash(SEED, parseDomainName(owner)),
      parseDomainName(target),
    ]),
  );
  const classes = new Map(
    Object.entries(world.protected ?? {}).map(([text, value]) => [
      hex(bytes(parseAddress, text)),
      value,
    ]),
  );
  const identities = new Map(
    Object.entries(world.identities ?? {}).map(([text, others]) => [
      hex(client(text)),
      others.map(client),
    ]),
  );
  return {
    now: NOW * 1e9,
    hold: 100e9,
    hasher: new NameHasher(SEED),
    maxLabels: set.maxLabels,
    idleRules: rules.filter((rule) => !rule.enabled),
    protectedClass: (address) => classes.get(hex(address)) ?? 0,
    fact: (matched, who, address) =>
      facts.find(
        (fact) =>
          fact.stray !== matched &&
          hex(fact.client) === hex(who) &&
          hex(fact.address) === hex(address),
      ),
    factsOfAddress: (address) => find((fact) => hex(fact.address) === hex(address)),
    factsOfName: (name) => find((fact) => hex(fact.name) === hex(name)),
    alias: (low, high) => aliases.get(join(low, high)),
    rule: (low, high) => keys.get(join(low, high)) ?? 0,
    cell(index) {
      const cell = set.actions[index - 1];
      if (cell === undefined) return undefined;
      const { section, action, clients, mark, interface: name } = cell.rule;
      return {
        section,
        next: cell.next,
        flags:
          (clients.length > 0 ? ACTION_CLIENTS : 0) |
          (cell.rule.private ? ACTION_PRIVATE : 0) |
          (action === 'block' ? ACTION_BLOCK : 0),
        mark: mark?.value ?? 0x1000000,
        mask: mark?.mask ?? 0x3f000000,
        interface: action === 'block' ? '' : (name ?? ''),
      };
    },
    clientMatches: (index, clients) =>
      (set.actions[index - 1]?.rule.clients ?? []).some((match) =>
        clients.some((who) => {
          if (match.kind === 'mac') return hex(who) === hex(clientOfMac(match.mac));
          if (match.kind === 'interface') return hex(who) === hex(client(`@${match.name}`));
          const whole = Math.floor(match.prefix.length / 8);
          return hex(who.subarray(0, whole)) === hex(match.prefix.address.subarray(0, whole));
        }),
      ),
    identify: (who) => identities.get(hex(who)) ?? [who],
  };
}
