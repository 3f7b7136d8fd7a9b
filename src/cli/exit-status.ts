/** Exit statuses: an interface, documented in the help and the README. */
import type { ErrorCode } from '../base/errors.ts';

export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
export const EXIT_CONFIG = 3;

const STATUS: Readonly<Record<ErrorCode, number>> = {
  usage: EXIT_USAGE,
  config: EXIT_CONFIG,
  'not-running': 4,
  privilege: 5,
  platform: 5,
  full: EXIT_FAILURE,
  busy: EXIT_FAILURE,
  internal: EXIT_FAILURE,
};

/** The exit status that an error ends with. */
export function exitStatusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** For the help: status and meaning. */
export const EXIT_STATUSES: readonly (readonly [number, string])[] = [
  [0, 'done'],
  [EXIT_FAILURE, 'failed'],
  [EXIT_USAGE, 'the command line is wrong'],
  [EXIT_CONFIG, 'the configuration is invalid'],
  [4, 'domainroute is not running'],
  [5, 'not root, or the system lacks something (kernel, bpffs, cgroup v2)'],
];
