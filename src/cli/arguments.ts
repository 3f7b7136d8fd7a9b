/** The command line: global options before or after the verb, the verb's words, its options and operands. */
import { parseArgs } from 'node:util';
import { DomainrouteError } from '../base/errors.ts';
import { printable } from '../model/value.ts';
import type { Command, OptionSpec } from './command.ts';
import { nearest } from './nearest.ts';

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: 'config', value: 'DIR', summary: 'directory of the UCI file (/etc/config)' },
  { name: 'pin', value: 'DIR', summary: 'directory of pins (/sys/fs/bpf/domainroute)' },
  { name: 'cgroup', value: 'DIR', summary: 'cgroup v2 directory (its root)' },
  { name: 'run', value: 'DIR', summary: 'directory of the lock (/var/run/domainroute)' },
  { name: 'ubus', value: 'SOCKET', summary: 'socket of ubusd (/var/run/ubus/ubus.sock)' },
  { name: 'json', summary: 'print JSON' },
  { name: 'help', summary: 'print this help, of a command behind it (-h)' },
  { name: 'version', summary: 'print the version' },
];

export interface ParsedArguments {
  /** Undefined: no verb was given, or one that only begins a command ('rule'), see `prefix`. */
  readonly command: Command | undefined;
  /** The words that were understood when `command` is undefined. */
  readonly prefix: string;
  readonly operands: readonly string[];
  /** Option name to its values; a switch has the value ''. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

function usageError(message: string): DomainrouteError {
  return new DomainrouteError('usage', message);
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? 'see domainroute --help' : `did you mean '${near}'?`;
}

/** Index of the next word that is no global option nor the value of one; -1 if there is none. */
function nextWord(args: readonly string[], from: number, anyOption: boolean): number {
  for (let i = from; i < args.length; i++) {
    const word = args[i] ?? '';
    if (word === '--') return -1;
    if (!word.startsWith('-') || word === '-') return i;
    if (word === '-h' || word.includes('=')) continue;
    const option = GLOBAL_OPTIONS.find(({ name }) => word === `--${name}`);
    if (option === undefined && !anyOption) throw unknownOption(word, GLOBAL_OPTIONS);
    if (option?.value !== undefined) i++;
  }
  return -1;
}

function unknownOption(word: string, specs: readonly OptionSpec[]): DomainrouteError {
  const name = word.split('=', 1)[0] ?? word;
  const known = specs.map((spec) => `--${spec.name}`);
  return usageError(
    `Cannot read option '${printable(name)}': not known (${suggestion(name, known)})`,
  );
}

/** Splits the command line, or throws DomainrouteError 'usage'. */
export function parseArguments(
  args: readonly string[],
  commands: readonly Command[],
): ParsedArguments {
  const names = new Map(commands.flatMap((c) => [c.name, ...(c.aliases ?? [])].map((n) => [n, c])));
  const words: string[] = [];
  const rest = [...args];
  let command: Command | undefined;
  for (let at = nextWord(rest, 0, false); at !== -1; at = nextWord(rest, at, true)) {
    const path = [...words, rest[at] ?? ''].join(' ');
    command = names.get(path);
    const begins = [...names.keys()].filter((name) => name.startsWith(`${path} `));
    if (command === undefined && begins.length === 0) {
      throw unknownCommand(path, words.join(' '), [...names.keys()]);
    }
    words.push(...rest.splice(at, 1));
    if (command !== undefined) break;
  }
  const specs = [...GLOBAL_OPTIONS, ...(command?.options ?? [])];
  const { options, operands } = parseOptions(rest, specs);
  if (command !== undefined && !options.has('help') && !options.has('version')) {
    checkOperands(command, operands);
  }
  return { command, prefix: words.join(' '), operands, options };
}

function unknownCommand(path: string, prefix: string, names: readonly string[]): DomainrouteError {
  const begins = prefix === '' ? names : names.filter((name) => name.startsWith(`${prefix} `));
  const first = begins.map((name) => (prefix === '' ? (name.split(' ')[0] ?? '') : name));
  return usageError(
    `Cannot run '${printable(path)}': no such command (${suggestion(path, first)})`,
  );
}

function parseOptions(
  args: string[],
  specs: readonly OptionSpec[],
): { options: Map<string, string[]>; operands: string[] } {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const { tokens } = parseArgs({
    args,
    options: Object.fromEntries(
      specs.map(({ name, value }) => [
        name,
        {
          type: value === undefined ? ('boolean' as const) : ('string' as const),
          multiple: true,
          ...(name === 'help' ? { short: 'h' } : {}),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = byName.get(token.name);
    if (spec === undefined) throw unknownOption(token.rawName, specs);
    if (spec.value === undefined && token.value !== undefined) {
      throw usageError(`Cannot read option '--${spec.name}': takes no value`);
    }
    if (spec.value !== undefined && (token.value === undefined || isOption(token, specs))) {
      throw usageError(`Cannot read option '--${spec.name}': its ${spec.value} is missing`);
    }
    const values = options.get(spec.name) ?? [];
    if (values.length > 0 && spec.value !== undefined && spec.multiple !== true) {
      throw usageError(`Cannot read option '--${spec.name}': given twice`);
    }
    options.set(spec.name, [...values, token.value ?? '']);
  }
  return { options, operands };
}

/** '--domain --interface wg0': the value was forgotten. '--domain=--x' is taken as it stands. */
function isOption(
  { value, inlineValue }: { value?: string | undefined; inlineValue?: boolean | undefined },
  specs: readonly OptionSpec[],
): boolean {
  if (inlineValue === true || value === undefined) return false;
  return specs.some(({ name }) => value === `--${name}` || value.startsWith(`--${name}=`));
}

function checkOperands({ name, operands: [least, most] }: Command, operands: readonly string[]) {
  const extra = operands[most];
  if (extra !== undefined) {
    throw usageError(
      `Cannot run '${name}': '${printable(extra)}' is one word too many (see domainroute ${name} --help)`,
    );
  }
  if (operands.length < least) {
    throw usageError(`Cannot run '${name}': a word is missing (see domainroute ${name} --help)`);
  }
}
