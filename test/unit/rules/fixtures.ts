/** Rules, lists and files in memory, and lookups in what was compiled. */
import { parseClientMatch } from '../../../src/model/client.ts';
import { parseDomainPattern } from '../../../src/model/domain-name.ts';
import type { DomainList, Rule } from '../../../src/model/rule.ts';
import { compileRules, type RuleSet } from '../../../src/rules/compile.ts';

export const SEED = 0xfedcba9876543210n;

export type RuleText = Partial<Omit<Rule, 'domains' | 'clients'>> & {
  readonly domains?: readonly string[];
  readonly clients?: readonly string[];
};

export function rule(section: string, { domains = [], clients = [], ...options }: RuleText): Rule {
  return {
    section,
    enabled: true,
    domains: domains.map(parseDomainPattern),
    lists: [],
    clients: clients.map((text) => {
      const client = parseClientMatch(text);
      if (client === undefined) throw new Error(`no client: ${text}`);
      return client;
    }),
    interface: 'wg0',
    mark: undefined,
    action: 'route',
    local: 'mark',
    fallback: 'block',
    address: 'real',
    announce: false,
    communities: [],
    largeCommunities: [],
    onChange: 'keep',
    private: false,
    ...options,
  };
}

/** A list whose file is named as its section. */
export function list(section: string, options: Partial<DomainList> = {}): DomainList {
  return {
    section,
    url: undefined,
    file: section,
    format: 'plain',
    intervalSeconds: 86400,
    allowTld: false,
    ...options,
  };
}

export function compile(
  rules: readonly Rule[],
  lists: readonly DomainList[] = [],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): RuleSet {
  return compileRules({
    configuration: { rules, lists: new Map(lists.map((each) => [each.section, each])) },
    seed: SEED,
    readList: (file) => {
      const text = files[file];
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return [typeof text === 'string' ? Buffer.from(text) : text];
    },
  });
}

/** First cells by key, as the map `rules` holds them. */
export function entries(set: RuleSet): Map<bigint, number> {
  const keys = Buffer.from(set.keys);
  const cells = Buffer.from(set.cells);
  return new Map(
    Array.from({ length: set.count }, (_, i) => [
      keys.readBigUInt64LE(i * 8),
      cells.readUInt32LE(i * 4),
    ]),
  );
}

/** The sections of a list of cells. */
export function sections(set: RuleSet, first: number): string[] {
  const names: string[] = [];
  for (let cell = first; cell !== 0;) {
    const action = set.actions[cell - 1];
    if (action === undefined) throw new Error(`no cell ${cell}`);
    names.push(action.rule.section);
    cell = action.next;
  }
  return names;
}
