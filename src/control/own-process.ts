/**
 * Commands of ours in a process of their own. What compiling a million domains takes, some 100 MB and a second or two,
 * ends with that process, and whoever waits for it answers others meanwhile.
 */
import { DomainrouteError } from '../base/errors.ts';
import { runCommand, type Runner } from '../route/index.ts';
import type { Settings } from './settings.ts';

export interface OwnResult<T> {
  /** What it printed as JSON. */
  readonly value: T;
  /** Its warnings, as the command line says them. */
  readonly said: readonly string[];
}

/**
 * Runs `<program> <global options> --json <verb>`. `program` is the argv before them. Throws DomainrouteError with
 * what it said if it printed nothing.
 */
export async function runOwn<T>(
  program: readonly string[],
  { config, pin, cgroup, run, ubus }: Settings,
  verb: string,
  runner: Runner = runCommand,
): Promise<OwnResult<T>> {
  const options = Object.entries({ config, pin, cgroup, run, ubus }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  const { status, stdout, stderr } = await runner([...program, ...options, '--json', verb]);
  const lines = stderr.split('\n').filter((line) => line !== '');
  const said = lines.map((line) => line.replace(/^domainroute: /, ''));
  if (stdout !== '') return { value: JSON.parse(stdout) as T, said };
  const message = said.at(-1) ?? `Cannot ${verb} domainroute: ended with status ${status}`;
  throw new DomainrouteError('internal', message);
}
