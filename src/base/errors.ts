/**
 * The root of our errors. `message` is one line: "Cannot <do what> <quoted object>: <state>", with the
 * next step in brackets where there is one. `code` is stable and documented in the README.
 */
export class DomainrouteError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DomainrouteError';
    this.code = code;
  }
}

/** What went wrong, by whom it can be mended; the CLI's exit status follows from it. */
export type ErrorCode =
  | 'usage' // the command line
  | 'config' // /etc/config/domainroute or a list
  | 'privilege' // not root
  | 'platform' // kernel, bpffs, cgroup, a missing program
  | 'not-running' // nothing is pinned
  | 'full' // a limit is reached
  | 'busy' // another command holds the lock
  | 'internal';

/** The system's word for an error: ENOENT, EPERM …, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
}
