/** Where marked packets go: each target has a number, and from it a mark, a routing table and an ip rule. */
import { DomainrouteError } from '../base/errors.ts';
import { markOfIndex } from '../model/mark.ts';

/** `number` is 1 to 63 and names one target as long as connections with its mark may live. */
export type Target =
  | {
      readonly number: number;
      readonly kind: 'interface';
      /** A kernel device, which need not exist at the moment; undefined: nobody knows which. */
      readonly device: string | undefined;
      /** The device has no route: unreachable, or what the main table says. */
      readonly fallback: 'block' | 'main';
      /** Its default routes where somebody knows them, in each family; else those of the main table. */
      readonly routes?: TargetRoutes;
    }
  | { readonly number: number; readonly kind: 'block' };

/** Undefined: unknown. Empty: there is none. */
export interface TargetRoutes {
  readonly inet: readonly TargetRoute[] | undefined;
  readonly inet6: readonly TargetRoute[] | undefined;
}

/** A default route by the target's device; addresses are as the kernel writes them. */
export interface TargetRoute {
  readonly metric: number;
  readonly gateway?: string;
  /** Source prefix (IPv6). */
  readonly from?: string;
  /** Preferred source address. */
  readonly source?: string;
}

/** Tables and priorities are `table` + number. */
export interface RoutingOptions {
  readonly table: number;
  /** Contiguous bits; unsigned. */
  readonly markMask: number;
  /**
   * Whatever is ours and not of a wanted target stays as it is, for the connections that began with it;
   * otherwise it is removed.
   */
  readonly keepOthers?: boolean;
}

/** Numbers are 1 to 63: six bits of mark, 0 being "no target". */
export const TARGETS_MAX = 63;

/** The mark of a target, to be set under `markMask`. Unsigned. */
export function targetMark(target: Target, markMask: number): number {
  return markOfIndex(markMask, target.number);
}

/**
 * Throws DomainrouteError `config` unless numbers are 1 to 63, fit the mask and are distinct, and devices
 * have names that can stand in a batch of ip.
 */
export function checkTargets(targets: readonly Target[], markMask: number): void {
  const seen = new Set<number>();
  for (const target of targets) {
    const { number } = target;
    if (!Number.isInteger(number) || number < 1 || number > TARGETS_MAX || seen.has(number)) {
      throw new DomainrouteError('internal', `Cannot route to target '${number}': bad number`);
    }
    seen.add(number);
    try {
      targetMark(target, markMask);
    } catch (cause) {
      const message = `Cannot route to ${targets.length} targets: mark_mask has too few bits (widen it)`;
      throw new DomainrouteError('config', message, { cause });
    }
    if (target.kind === 'interface' && target.device !== undefined) checkDevice(target.device);
  }
}

/**
 * Throws DomainrouteError `config` for a name that no sane device has. The kernel's own test
 * (`dev_valid_name`, net/core/dev.c) lets quotes and wildcards pass, which mean something to `ip -batch`.
 */
function checkDevice(name: string): void {
  if (/^[A-Za-z0-9_.@+-]{1,15}$/.test(name) && !/^[-.]/.test(name)) return;
  throw new DomainrouteError(
    'config',
    `Cannot route by device ${JSON.stringify(name)}: not a name`,
  );
}
