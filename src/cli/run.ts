/** Runs one command line: parse, dispatch, and turn errors into one line and an exit status. */
import { DomainrouteError, messageOf } from '../base/errors.ts';
import { DEFAULTS, type Settings } from '../control/settings.ts';
import { printable } from '../model/value.ts';
import { GLOBAL_OPTIONS, parseArguments, type ParsedArguments } from './arguments.ts';
import type { Command, Invocation, Output } from './command.ts';
import { EXIT_FAILURE, EXIT_USAGE, exitStatusOf } from './exit-status.ts';
import { commandHelp, programHelp } from './help.ts';

/** What the bundle knows of itself. */
export interface Program {
  readonly commands: readonly Command[];
  /** Directory of `libbpf.node` and `bpf/`. */
  readonly assets: string;
  readonly version: string;
}

const MESSAGE_MAX = 2000;

/** The exit status. Throws nothing: whatever fails is one line on stderr. */
export async function runCommandLine(
  args: readonly string[],
  program: Program,
  output: Output,
): Promise<number> {
  try {
    return await dispatch(parseArguments(args, program.commands), program, output);
  } catch (error) {
    output.err(`domainroute: ${printable(messageOf(error), MESSAGE_MAX)}`);
    return error instanceof DomainrouteError ? exitStatusOf(error.code) : EXIT_FAILURE;
  }
}

async function dispatch(
  { command, prefix, operands, options }: ParsedArguments,
  program: Program,
  output: Output,
): Promise<number> {
  if (options.has('version')) {
    output.out(`domainroute ${program.version}\n`);
    return 0;
  }
  if (options.has('help')) {
    output.out(
      command === undefined ? programHelp(program.commands, prefix) : commandHelp(command),
    );
    return 0;
  }
  if (command === undefined) {
    const words = prefix === '' ? 'domainroute' : `domainroute ${prefix}`;
    output.err(`domainroute: Cannot run: a command is missing (see ${words} --help)`);
    return EXIT_USAGE;
  }
  return command.run(invocationOf(operands, options, program, output));
}

const GLOBAL_NAMES = new Set(GLOBAL_OPTIONS.map(({ name }) => name));

function invocationOf(
  operands: readonly string[],
  options: ReadonlyMap<string, readonly string[]>,
  program: Program,
  output: Output,
): Invocation {
  const values = (name: string): readonly string[] => options.get(name) ?? [];
  const value = (name: string): string | undefined => values(name).at(-1);
  const settings: Settings = {
    config: value('config') ?? DEFAULTS.config,
    pin: value('pin') ?? DEFAULTS.pin,
    cgroup: value('cgroup'),
    run: value('run') ?? DEFAULTS.run,
    ubus: value('ubus') ?? DEFAULTS.ubus,
    assets: program.assets,
  };
  return {
    settings,
    json: options.has('json'),
    operands,
    value,
    values,
    given: new Map([...options].filter(([name]) => !GLOBAL_NAMES.has(name))),
    out: output.out,
    err: output.err,
  };
}
