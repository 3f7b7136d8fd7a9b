import { RULE, type OptionSpec as UciOptionSpec } from '../../config/options.ts';
import type { RuleChange, RuleRow } from '../../control/rules.ts';
import type { Command, Invocation, OptionSpec } from '../command.ts';
import { counted, printDiagnostics } from '../diagnostics.ts';
import { ANY, table } from '../table.ts';

/** The options of a rule section, as those of the command line: `on_change` is `--on-change`. */
const UCI_OPTIONS: readonly UciOptionSpec[] = RULE.options;
const OPTIONS: readonly OptionSpec[] = UCI_OPTIONS.map((spec) => ({
  name: spec.name.replaceAll('_', '-'),
  value: spec.choices?.join('|') ?? spec.type.toUpperCase(),
  multiple: spec.list === true,
  summary: spec.doc + (spec.default === undefined ? '' : ` (${spec.default})`),
}));

function report(invocation: Invocation, change: RuleChange, done: string): number {
  const { section, applied, diagnostics } = change;
  const said = applied?.diagnostics ?? diagnostics;
  printDiagnostics(
    said.filter((diagnostic) => diagnostic.section === section),
    invocation,
  );
  if (invocation.json) {
    invocation.out(`${JSON.stringify({ section, applied: applied !== undefined })}\n`);
    return 0;
  }
  const state =
    applied === undefined
      ? 'domainroute is not running'
      : `${counted(applied.rules, 'rule')} in force`;
  invocation.err(`domainroute: rule '${section}' ${done}, ${state}`);
  return 0;
}

const addCommand: Command = {
  name: 'rule add',
  usage: '[SECTION] --domain NAME … --interface NAME',
  summary: 'add a rule to the configuration, and put it in force',
  operands: [0, 1],
  options: OPTIONS,
  details: `
Writes a section 'config rule' at the end of the UCI file, as uci would, and reloads if domainroute runs. Without SECTION
it has no name. If a value is invalid nothing is written. Rules are tried in the order of the file where several name the
same domain.`,
  async run(invocation) {
    const options = new Map(
      [...invocation.given].map(([name, values]) => [name.replaceAll('-', '_'), values]),
    );
    const { addRule } = await import('../../control/rules.ts');
    const change = await addRule(invocation.settings, invocation.operands[0], options);
    return report(invocation, change, 'added');
  },
};

const deleteCommand: Command = {
  name: 'rule del',
  aliases: ['rule delete'],
  usage: 'SECTION',
  summary: 'remove a rule from the configuration',
  operands: [1, 1],
  details: `
Removes the section from the UCI file, and reloads if domainroute runs. '@rule[0]' is the first rule, '@rule[-1]' the last.`,
  async run(invocation) {
    const { deleteRule } = await import('../../control/rules.ts');
    const change = await deleteRule(invocation.settings, invocation.operands[0] ?? '');
    return report(invocation, change, 'removed');
  },
};

function texts(value: RuleRow[string] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function destination(row: RuleRow): string {
  const [action = 'route'] = texts(row['action']);
  if (action !== 'route') return action;
  const ways = texts(row['interface'] ?? row['mark']);
  const isAnnounced = row['announce'] !== undefined && row['announce'] !== '0';
  return [...ways, ...(isAnnounced ? ['BGP'] : [])].join(' ');
}

const listCommand: Command = {
  name: 'rule list',
  summary: 'print the rules of the configuration',
  operands: [0, 0],
  details: `
In the order of the UCI file. With --json every option as it stands there.`,
  async run({ settings, json, out }) {
    const { listRules } = await import('../../control/rules.ts');
    const rows = listRules(settings);
    if (json) {
      out(`${JSON.stringify(rows)}\n`);
      return 0;
    }
    out(
      table(
        ['SECTION', 'ENABLED', 'DOMAINS', 'CLIENTS', 'TO'],
        rows.map((row) => [
          row.section,
          texts(row['enabled'] ?? '1').join(),
          [...texts(row['domain']), ...texts(row['list']).map((list) => `(${list})`)].join(' '),
          texts(row['client']).join(' ') || ANY,
          destination(row),
        ]),
      ),
    );
    return 0;
  },
};

export const ruleCommands: readonly Command[] = [listCommand, addCommand, deleteCommand];
