/** Answers that did not pass our devices, told to the data path as if they had. */
import { PROTECTED_NEVER, teachFact, teachLink, type Maps } from '../../datapath/index.ts';
import { learnFrom } from '../../dns/learn.ts';
import { ANY_CLIENT } from '../../decide/decide.ts';
import type { RuleSource } from '../../decide/source.ts';
import { NameBudget } from './name-budget.ts';
import type { FoundRule, RuleFinder } from './rule-finder.ts';

export interface Taught extends FoundRule {
  /** 16 bytes. */
  readonly client: Uint8Array;
  readonly address: Uint8Array;
  /** In wire form, lower-cased, without the root. */
  readonly name: Uint8Array;
  readonly ttlSeconds: number;
  /** Was not known, or by another name. */
  readonly isNew: boolean;
}

export class Teacher {
  readonly #maps: Maps;
  readonly #rules: RuleFinder;
  readonly #budget = new NameBudget();

  constructor(maps: Maps, rules: RuleFinder) {
    this.#maps = maps;
    this.#rules = rules;
  }

  /**
   * What an answer teaches is in the maps when this returns; `onTaught` gets each fact. Nothing is taught while no rules
   * are in force. The bytes of the message are not kept.
   */
  teach(message: Uint8Array, client = ANY_CLIENT, onTaught: (taught: Taught) => void): void {
    const source = this.#rules.refresh();
    if (source === undefined) return;
    const isNever = (address: Uint8Array): boolean =>
      source.protectedClass(address) === PROTECTED_NEVER;
    const lesson = learnFrom(message, isNever);
    if (typeof lesson === 'string') return;

    const { qname: name } = lesson.question;
    let matched = this.#rules.isNamed(name);
    for (const { owner, target } of lesson.links) {
      matched ||= this.#rules.isNamed(target);
      const hash = hashOf(source, target);
      teachLink(this.#maps, { owner: hashOf(source, owner), target, hash, matched });
    }
    const hash = hashOf(source, name);
    for (const { address, ttlSeconds } of lesson.addresses) {
      const fact = { client, address, name, hash, ttlSeconds, matched, source: 'dnstap' } as const;
      const result = teachFact(this.#maps, fact, () => this.#budget.take(hash, address));
      if (result === 'refused') continue;
      const isNew = result === 'learnt';
      onTaught({
        ...{ client, address, name, ttlSeconds, isNew },
        ...this.#rules.find(name, address, client),
      });
    }
  }
}

function hashOf({ hasher }: RuleSource, name: Uint8Array): bigint {
  hasher.read(name);
  hasher.whole();
  return hasher.value();
}
