/** Runs the programs this folder needs: an argv array, never a shell. */
import { execFile } from 'node:child_process';

import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';

export interface CommandResult {
  /** Exit status; a program ended by a signal has 128. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws DomainrouteError `platform` if there is none of that name. */
export type Runner = (argv: readonly string[], stdin?: string) => Promise<CommandResult>;

/** What to install for a program that is missing. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'ip-full',
  nft: 'nftables',
};

/** 64 MiB: an ip that prints 100,000 routes as JSON writes about 10 MB. */
const OUTPUT_MAX = 64 * 2 ** 20;

/** The programs of this machine, in the network namespace of this process. */
export const runCommand: Runner = (argv, stdin = '') => {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: OUTPUT_MAX, env: { ...process.env, LC_ALL: 'C' } };
    const child = execFile(program, rest, options, (error, stdout, stderr) => {
      const errno = errnoOf(error);
      if (error === null) resolve({ status: 0, stdout, stderr });
      else if (errno !== undefined) reject(cannotRun(program, errno, error));
      else resolve({ status: typeof error.code === 'number' ? error.code : 128, stdout, stderr });
    });
    // a program that ends early closes its end: its status says why
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
};

/** There is no such program, or only one that cannot do what is needed (BusyBox's ip). */
export class ProgramMissingError extends DomainrouteError {
  constructor(program: string, state: string, options?: ErrorOptions) {
    const next = PACKAGES[program];
    const install = next === undefined ? '' : ` (install ${next})`;
    super('platform', `Cannot run '${program}': ${state}${install}`, options);
    this.name = 'ProgramMissingError';
  }
}

function cannotRun(program: string, errno: string, cause: Error): DomainrouteError {
  if (errno === 'ENOENT') return new ProgramMissingError(program, 'not found', { cause });
  return new DomainrouteError('platform', `Cannot run '${program}': ${messageOf(cause)}`, {
    cause,
  });
}

/** What a program that failed said, as an error: `Cannot <action>: <its first line>`. */
export function commandError(
  action: string,
  [program = '']: readonly string[],
  { status, stderr }: CommandResult,
): DomainrouteError {
  if (NOT_PERMITTED.test(stderr)) {
    return new DomainrouteError('privilege', `Cannot ${action}: not permitted (run it as root)`);
  }
  if (OPTION_UNKNOWN.test(stderr)) return new ProgramMissingError(program, 'it lacks an option');
  const said = stderr.split('\n').find((line) => line.trim() !== '') ?? `status ${status}`;
  return new DomainrouteError('platform', `Cannot ${action}: ${said.trim()}`);
}

const NOT_PERMITTED = /Operation not permitted|Permission denied|you must be root/i;

/** iproute2: 'Option "-json" is unknown'; BusyBox: "ip: unrecognized option: json", and its usage. */
const OPTION_UNKNOWN = /^option .* is unknown|unrecognized option|invalid option|BusyBox v/im;
