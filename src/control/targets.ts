/** Numbers of targets, from which their marks and tables follow: what stays keeps its number. */
import { DomainrouteError } from '../base/errors.ts';
import { formatMark, maxIndex } from '../model/mark.ts';
import type { Rule } from '../model/rule.ts';
import { TARGETS_MAX, type KernelRouting, type Target } from '../route/index.ts';
import { ACTION_BLOCK, ACTION_FALLBACK_MAIN, type Action } from '../datapath/index.ts';
import type { Way } from './interfaces.ts';

/** What marks of a rule lead to: an interface with a fallback, or nowhere. */
export type TargetKey = `${'block' | 'main'} ${string}` | 'blocked';

/** The target of a rule; undefined: it has a mark of the user's own. */
export function targetKeyOf(rule: Rule): TargetKey | undefined {
  if (rule.action === 'block') return 'blocked';
  return rule.interface === undefined ? undefined : `${rule.fallback} ${rule.interface}`;
}

/** A target as the cells in force and the kernel's tables tell it. */
export interface LiveTargets {
  readonly numbers: ReadonlyMap<TargetKey, number>;
  /** Numbers that connections may still carry. */
  readonly recent: ReadonlySet<number>;
}

function numberOf(mark: number, mask: number): number {
  return ((mark & mask) >>> 0) / ((mask & -mask) >>> 0);
}

/** Reads the targets back from the cells in force. */
export function liveTargets(
  cells: Iterable<Action>,
  markMask: number,
  table: number,
  routing: KernelRouting,
): LiveTargets {
  const numbers = new Map<TargetKey, number>();
  const recent = new Set(routing.inet.rules.map(({ priority }) => priority - table));
  for (const { mark, mask, flags, interface: name } of cells) {
    if (mask !== markMask) continue;
    const number = numberOf(mark, markMask);
    const fallback = (flags & ACTION_FALLBACK_MAIN) !== 0 ? 'main' : 'block';
    if ((flags & ACTION_BLOCK) !== 0) numbers.set('blocked', number);
    else if (name !== '') numbers.set(`${fallback} ${name}`, number);
    recent.add(number);
  }
  return { numbers, recent };
}

/** Throws DomainrouteError 'config' if the mask has too few bits. */
export function assignTargets(
  wanted: Iterable<TargetKey>,
  markMask: number,
  live: LiveTargets,
): ReadonlyMap<TargetKey, number> {
  const numbers = new Map<TargetKey, number>();
  const keys = [...new Set(wanted)];
  for (const key of keys) {
    const number = live.numbers.get(key);
    if (number !== undefined) numbers.set(key, number);
  }
  const taken = new Set(numbers.values());
  const most = Math.min(TARGETS_MAX, maxIndex(markMask));
  const free = Array.from({ length: most }, (_, i) => i + 1).filter((n) => !taken.has(n));
  const old = new Set([...live.numbers.values(), ...live.recent]);
  const order = [...free.filter((n) => !old.has(n)), ...free.filter((n) => old.has(n))];
  let next = 0;
  for (const key of keys) {
    if (numbers.has(key)) continue;
    const number = order[next++];
    if (number === undefined) {
      throw new DomainrouteError(
        'config',
        `Cannot mark for ${keys.length} targets: mark_mask ${formatMark(markMask)} has room for ${most} (widen it)`,
      );
    }
    numbers.set(key, number);
  }
  return numbers;
}

/** The targets as src/route wants them. `wayOf`: where an interface leads. */
export function routeTargets(
  numbers: ReadonlyMap<TargetKey, number>,
  wayOf: (name: string) => Way,
): Target[] {
  return [...numbers].map(([key, number]): Target => {
    const name = interfaceOf(key);
    if (name === undefined) return { number, kind: 'block' };
    const fallback = key.startsWith('main ') ? 'main' : 'block';
    return { number, kind: 'interface', fallback, ...wayOf(name) };
  });
}

/** The interface of a target; undefined: it blocks. */
function interfaceOf(key: TargetKey): string | undefined {
  return key === 'blocked' ? undefined : key.slice(key.indexOf(' ') + 1);
}
