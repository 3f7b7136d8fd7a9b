import type { Status } from '../../control/status.ts';
import type { Command } from '../command.ts';
import { counted } from '../diagnostics.ts';
import { duration, table } from '../table.ts';

function describe(status: Status): string {
  const { generation, devices, local, rules, facts, verdicts, reasons } = status;
  const lines = [
    `running, generation ${generation}`,
    `facts     ${facts.matched} of ${counted(facts.limit, 'place')} matched by a rule, ${facts.used - facts.matched} of as many not`,
    `verdicts  ${verdicts.used} of ${counted(verdicts.limit, 'place')}`,
    describeDaemon(status),
    `sockets   ${local.length === 0 ? 'not steered' : local.join(' ')}`,
  ];
  const parts = [
    `${lines.join('\n')}\n`,
    table(
      ['DEVICE', 'IFINDEX', 'ROLE', 'PROGRAMS'],
      devices.map(({ name, ifindex, role, programs }) => [
        name ?? '(gone)',
        ifindex,
        role,
        programs.join(' '),
      ]),
    ),
    table(
      ['RULE', 'PACKETS', 'BYTES'],
      rules.sections.map(({ section, packets, bytes }) => [section, packets, bytes]),
    ),
    table(['REASON', 'COUNT'], Object.entries(reasons)),
  ];
  return parts.join('\n');
}

function describeDaemon({ daemon }: Status): string {
  if (daemon === null) return 'daemon    none';
  const { pid, uptime, problem } = daemon;
  return `daemon    pid ${pid}, up ${duration(uptime)}${problem === null ? '' : `, problem: ${problem}`}`;
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'print what is attached, and how much is known',
  operands: [0, 0],
  details: `
The exit status is 0 whether domainroute runs or not. REASON tells what the programs did with packets, and why
they left others alone.`,
  async run({ settings, json, out }) {
    const { status } = await import('../../control/status.ts');
    const current = await status(settings);
    if (json) out(`${JSON.stringify(current)}\n`);
    else if (current.running) out(describe(current));
    else
      out(current.daemon === null ? 'not running\n' : `not running\n${describeDaemon(current)}\n`);
    return 0;
  },
};
