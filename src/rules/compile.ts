/** Rules and lists to what the maps `rules` and `actions` of the kernel programs hold (bpf/README.md). */
import { DomainrouteError } from '../base/errors.ts';
import { NameHasher } from '../dns/name-hash.ts';
import type { Configuration, Diagnostic, DomainPattern, Rule } from '../model/rule.ts';
import { HashTable } from './hash-table.ts';
import {
  listFile,
  readNames,
  type ListContent,
  type ListFile,
  type ListReport,
  type TakeName,
} from './list-reader.ts';
import { type Cell, RuleLists } from './rule-lists.ts';

/** Rules that can be in force: entries of `counters`, less entry 0 (bpf/domainroute.h, DR_RULES). */
export const RULES_MAX = 1023;
/** Domains of all rules together (D1). */
export const DOMAINS_MAX = 1_000_000;
/** Of a line of a list: a guess, rather too small, so that room for its names is seldom made twice. */
const LINE_BYTES = 16;

export interface CompileInput {
  /** What is not enabled is left out. */
  readonly configuration: Pick<Configuration, 'rules' | 'lists'>;
  /** 64 bits, `config.seed`. */
  readonly seed: bigint;
  readonly readList: (file: string) => ListContent;
}

export interface RuleSet {
  /** Entries of `rules`, key 0 among them if there is a default rule. */
  readonly count: number;
  /** `count` keys of 8 bytes, little-endian. */
  readonly keys: Uint8Array;
  /** `count` first cells of 4 bytes, little-endian, from 1: relative to the half of `actions` they will be in. */
  readonly cells: Uint8Array;
  /** Cell n, from 1, is `actions[n - 1]`; `next` is relative, too. */
  readonly actions: readonly Cell[];
  /** The first cell of the default rules, or 0. */
  readonly defaultCell: number;
  /** Labels of the deepest rule that is not exact. */
  readonly maxLabels: number;
  /** Bit k: there are suffix rules of k labels, 31: of more; bit 0: exact ones. */
  readonly levels: number;
  /** One for each list that was read. */
  readonly lists: readonly ListReport[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Throws DomainrouteError 'full' where a limit is broken, 'config' where a list cannot be read: then nothing
 * of the rules is usable, and what was in force should stay. Bad lines of lists are diagnostics.
 */
export function compileRules({ configuration, seed, readList }: CompileInput): RuleSet {
  const rules = configuration.rules.filter((rule) => rule.enabled);
  if (rules.length > RULES_MAX) {
    throw new DomainrouteError(
      'full',
      `Cannot compile ${rules.length} rules: at most ${RULES_MAX} can be enabled`,
    );
  }
  const compiler = new Compiler(rules, seed);
  rules.forEach((rule, index) => compiler.addRule(rule.domains, index));
  const diagnostics: Diagnostic[] = [];
  const lists: ListReport[] = [];
  const content = (file: string): ListContent => {
    const bytes = readList(file);
    compiler.expect((bytes.bytes ?? 0) / LINE_BYTES);
    return bytes;
  };
  for (const [list, users] of listsInUse(configuration.lists, rules, diagnostics)) {
    const report = readNames(list, content, compiler.taker(list, users));
    lists.push(report);
    if (report.bad > 0) diagnostics.push(badLines(report));
  }
  return { ...compiler.finish(), lists, diagnostics };
}

class Compiler {
  private readonly hasher: NameHasher;
  private readonly table = new HashTable();
  private readonly lists: RuleLists;
  private defaultList = 0;
  private maxLabels = 0;
  private levels = 0;

  constructor(rules: readonly Rule[], seed: bigint) {
    this.hasher = new NameHasher(seed);
    this.lists = new RuleLists(rules);
  }

  addRule(domains: readonly DomainPattern[], index: number): void {
    const extend = this.lists.adder([index]);
    for (const { name, exact } of domains) this.add(name, name.length, exact, extend);
  }

  /** So many names may follow. */
  expect(names: number): void {
    this.table.reserve(Math.min(names, DOMAINS_MAX - this.table.count));
  }

  /** What takes the names of a list for the rules at these indexes. */
  taker(list: ListFile, users: readonly number[]): TakeName {
    const extend = this.lists.adder(users);
    return (wire, length, exact) => {
      if (!list.allowTld && (length === 0 || (wire[0] ?? 0) + 1 === length)) {
        const what = length === 0 ? 'every name' : 'a whole top-level domain';
        return `is ${what}: set option 'allow_tld' if that is meant`;
      }
      this.add(wire, length, exact, extend);
      return undefined;
    };
  }

  finish(): Omit<RuleSet, 'lists' | 'diagnostics'> {
    const { cells: actions, head } = this.lists.cells();
    const defaultCell = head(this.defaultList);
    const count = this.table.count + (defaultCell === 0 ? 0 : 1);
    const halves = new Int32Array(count * 2);
    const cells = new Int32Array(count);
    let entry = 0;
    this.table.forEach((low, high, list) => {
      halves[entry * 2] = low;
      halves[entry * 2 + 1] = high;
      cells[entry++] = head(list);
    });
    if (defaultCell !== 0) cells[entry] = defaultCell;
    return {
      count,
      keys: new Uint8Array(halves.buffer),
      cells: new Uint8Array(cells.buffer),
      actions,
      defaultCell,
      maxLabels: this.maxLabels,
      levels: this.levels >>> 0,
    };
  }

  private add(
    wire: Uint8Array,
    length: number,
    exact: boolean,
    extend: (list: number) => number,
  ): void {
    const { hasher, table } = this;
    if (length === 0 && !exact) {
      this.defaultList = extend(this.defaultList);
      return;
    }
    const labels = hasher.read(wire, 0, length);
    if (labels === -1) throw new RangeError('Cannot compile rule: a name is not in wire form');
    if (exact) {
      hasher.exact();
      this.levels |= 1;
    } else {
      hasher.suffix();
      if (labels > this.maxLabels) this.maxLabels = labels;
      this.levels |= 1 << Math.min(labels, 31);
    }
    const place = table.place(hasher.low, hasher.high);
    table.set(place, extend(table.get(place)));
    if (table.count > DOMAINS_MAX) {
      throw new DomainrouteError(
        'full',
        `Cannot compile rules: more than ${DOMAINS_MAX} domains (shorten a list)`,
      );
    }
  }
}

/** The lists that can be read, each with the indexes of the rules that use it; what cannot is told. */
function listsInUse(
  lists: Configuration['lists'],
  rules: readonly Rule[],
  diagnostics: Diagnostic[],
): Map<ListFile, number[]> {
  const users = new Map<string, number[]>();
  rules.forEach((rule, index) => {
    for (const name of new Set(rule.lists)) {
      if (lists.has(name)) users.set(name, [...(users.get(name) ?? []), index]);
      else diagnostics.push(noSuchList(rule.section, name));
    }
  });
  const files = new Map<ListFile, number[]>();
  for (const [name, list] of lists) {
    const indexes = users.get(name);
    if (indexes === undefined) continue;
    const file = listFile(list);
    if (!('option' in file)) files.set(file, indexes);
    else {
      const { option, reason: message } = file;
      const value = option === 'format' ? list.format : list.url;
      diagnostics.push({ severity: 'error', type: 'list', section: name, option, value, message });
    }
  }
  return files;
}

function noSuchList(section: string, value: string): Diagnostic {
  const message = 'no such list: its domains are missing';
  return { severity: 'warning', type: 'rule', section, option: 'list', value, message };
}

function badLines({ section, file, bad, samples }: ListReport): Diagnostic {
  const told = samples.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ');
  const message = `${bad} ${bad === 1 ? 'line is' : 'lines are'} left out: ${told}${bad > samples.length ? '; …' : ''}`;
  return { severity: 'warning', type: 'list', section, option: 'file', value: file, message };
}
