/** The rule that takes a name, from the rules in force: for those who have many names, and for long. */
import {
  ACTION_ANNOUNCE,
  PROTECTED_NEVER,
  decisionMaps,
  readConfig,
  type DecisionMaps,
  type Maps,
} from '../../datapath/index.ts';
import { ANY_CLIENT, findRule, isAny } from '../../decide/decide.ts';
import type { RuleSource } from '../../decide/source.ts';
import { ruleSource } from '../rule-source.ts';

export interface FoundRule {
  /** UCI section; undefined: no rule takes it. */
  readonly section: string | undefined;
  /** It has `option announce '1'`. */
  readonly announce: boolean;
}

export class RuleFinder {
  readonly #maps: Maps;
  #lookups: DecisionMaps | undefined;
  #source: RuleSource | undefined;
  #generation = 0;

  constructor(maps: Maps) {
    this.#maps = maps;
  }

  /** Goes up with each change of the rules; 0: none are in force. */
  get generation(): number {
    this.refresh();
    return this.#generation;
  }

  /** Undefined while no rules are in force. To be called before a row of {@link find}. */
  refresh(): RuleSource | undefined {
    const config = readConfig(this.#maps);
    if (config === undefined) {
      this.close();
      return undefined;
    }
    if (config.generation !== this.#generation || this.#source === undefined) {
      this.close();
      this.#lookups = decisionMaps(this.#maps);
      this.#source = ruleSource(config, this.#lookups, (client) => [client]);
      this.#generation = config.generation;
    }
    return this.#source;
  }

  /**
   * By the rules of the last {@link refresh}, and the links that are known. A rule with clients takes a fact only under
   * the client that it was told to.
   */
  find(name: Uint8Array, address: Uint8Array, client = ANY_CLIENT): FoundRule {
    const source = this.#source;
    if (source === undefined) return { section: undefined, announce: false };
    const protectedClass = source.protectedClass(address);
    if (protectedClass === PROTECTED_NEVER) return { section: undefined, announce: false };
    const clients = isAny(client) ? [] : [client];
    const { cell } = findRule(source, name, { protectedClass, clients });
    return {
      section: cell?.section,
      announce: cell !== undefined && (cell.flags & ACTION_ANNOUNCE) !== 0,
    };
  }

  /** Does a rule name this name, or one that it is below, whomever that rule is for? MATCH of bpf/README.md. */
  isNamed(name: Uint8Array): boolean {
    const source = this.#source;
    if (source === undefined) return false;
    const { hasher, maxLabels } = source;
    const isKey = (): boolean => source.rule(hasher.low >>> 0, hasher.high >>> 0) !== 0;
    const labels = hasher.read(name);
    hasher.reset();
    for (let k = 1; k <= Math.min(labels, maxLabels); k++) {
      hasher.lengthen(k);
      if (isKey()) return true;
    }
    hasher.exact();
    return isKey();
  }

  close(): void {
    this.#lookups?.close();
    this.#lookups = undefined;
    this.#source = undefined;
    this.#generation = 0;
  }
}
