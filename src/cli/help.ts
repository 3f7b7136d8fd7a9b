/** The help texts, made from the tables of commands and options. */
import { GLOBAL_OPTIONS } from './arguments.ts';
import type { Command, OptionSpec } from './command.ts';
import { EXIT_STATUSES } from './exit-status.ts';

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}

function optionRows(options: readonly OptionSpec[]): string {
  return columns(
    options.map(({ name, value, multiple, summary }) => [
      `--${name}${value === undefined ? '' : ` ${value}`}${multiple === true ? ' …' : ''}`,
      summary,
    ]),
  );
}

function usageOf({ name, usage }: Command): string {
  return usage === undefined ? name : `${name} ${usage}`;
}

const EXIT = `Exit status:\n${columns(EXIT_STATUSES.map(([status, text]) => [String(status), text]))}`;

/** Of the whole program, or of the commands that begin with a word ('rule'). */
export function programHelp(commands: readonly Command[], prefix: string): string {
  const shown = prefix === '' ? commands : commands.filter((c) => c.name.startsWith(`${prefix} `));
  const list = columns(shown.map((command) => [command.name, command.summary]));
  const name = prefix === '' ? 'COMMAND' : `${prefix} COMMAND`;
  return `Usage: domainroute [OPTION …] ${name} …

Domain-based routing: a name decides where a connection goes.

Commands:
${list}
Options, before or behind the command:
${optionRows(GLOBAL_OPTIONS)}
${EXIT}`;
}

/** Of one command. */
export function commandHelp(command: Command): string {
  const own = command.options ?? [];
  return `Usage: domainroute ${usageOf(command)}

${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}.
${command.details === undefined ? '' : `\n${command.details.trim()}\n`}${
    command.aliases === undefined ? '' : `\nAlso: ${command.aliases.join(', ')}\n`
  }${own.length === 0 ? '' : `\nOptions:\n${optionRows(own)}`}
Global options:
${optionRows(GLOBAL_OPTIONS)}
${EXIT}`;
}
