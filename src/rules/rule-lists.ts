/**
 * Which rules name a hash: ordered lists of rules, each kept once and known by a number, and the cells of
 * `actions` that they become. A million names of one list share one number and one cell.
 */
import { DomainrouteError } from '../base/errors.ts';
import type { Rule } from '../model/rule.ts';

/** Entries of one half of `actions`, less cell 0 (bpf/domainroute.h, DR_CELLS). */
export const CELLS_MAX = 2047;
/** Rules that may name one hash: what is left of the matcher's 512 steps must do for the names. */
export const LIST_MAX = 64;
/** Each list has a first cell of its own, so more lists than cells cannot end well; many are interim. */
const LISTS_MAX = 65_536;

/** A rule in a list; the cells of a rule set count from 1. */
export interface Cell {
  readonly rule: Rule;
  /** The cell of the next rule of the list, or 0. */
  readonly next: number;
}

export class RuleLists {
  /** By number; number 0 is the empty list. Indexes into `rules`, ascending. */
  private readonly lists: (readonly number[])[] = [[]];
  private readonly numbers = new Map<string, number>([['', 0]]);
  private readonly rules: readonly Rule[];

  /** `rules`: in the order of the configuration. */
  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** A function from the number of a list to the number of the same with these rules, too. */
  adder(added: readonly number[]): (list: number) => number {
    // with typical configurations there are a handful of lists, so the array stays small
    const known: (number | undefined)[] = [];
    return (list) => (known[list] ??= this.number([...(this.lists[list] ?? []), ...added]));
  }

  /**
   * The cells of all lists that `head` is asked for; lists with the same end share its cells. `head` throws
   * DomainrouteError 'full' where a list is too long or the cells are used up.
   */
  cells(): { readonly cells: readonly Cell[]; readonly head: (list: number) => number } {
    const cells: Cell[] = [];
    const known = new Map<string, number>();
    const heads: (number | undefined)[] = [];
    const make = (list: readonly number[]): number => {
      if (list.length > LIST_MAX) throw this.tooMany(list);
      return list.reduceRight((next, index) => {
        const key = `${index} ${next}`;
        const cell = known.get(key);
        if (cell !== undefined) return cell;
        if (cells.length === CELLS_MAX) {
          throw new DomainrouteError(
            'full',
            `Cannot compile rules: their domains overlap in more than ${CELLS_MAX} ways (join rules or lists)`,
          );
        }
        const rule = this.rules[index];
        if (rule === undefined) throw new RangeError(`Cannot make cell: no rule ${index}`);
        cells.push({ rule, next });
        known.set(key, cells.length);
        return cells.length;
      }, 0);
    };
    return { cells, head: (list) => (heads[list] ??= make(this.lists[list] ?? [])) };
  }

  private tooMany(list: readonly number[]): DomainrouteError {
    const section = this.rules[list[LIST_MAX] ?? 0]?.section ?? '';
    return new DomainrouteError(
      'full',
      `Cannot compile rule '${section}': more than ${LIST_MAX} rules name the same domain`,
    );
  }

  private number(members: readonly number[]): number {
    const list = this.reachable([...new Set(members)].sort((a, b) => a - b));
    const key = list.join();
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    if (this.lists.length === LISTS_MAX) {
      throw new DomainrouteError(
        'full',
        'Cannot compile rules: their domains overlap in too many ways (join rules or lists)',
      );
    }
    this.lists.push(list);
    this.numbers.set(key, this.lists.length - 1);
    return this.lists.length - 1;
  }

  /**
   * Without the rules whose turn never comes. A rule without clients takes every public address, and the private
   * ones if it has `private`; a later rule is needed only for addresses that are not taken yet.
   */
  private reachable(list: readonly number[]): readonly number[] {
    let publicTaken = false;
    let privateTaken = false;
    return list.filter((index) => {
      const rule = this.rules[index];
      if (rule === undefined) return false;
      const needed = !publicTaken || (rule.private && !privateTaken);
      if (rule.clients.length === 0) {
        publicTaken = true;
        privateTaken ||= rule.private;
      }
      return needed;
    });
  }
}
