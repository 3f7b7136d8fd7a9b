import type { Command } from '../command.ts';
import { readLimit } from '../limit.ts';
import { ANY, duration, table } from '../table.ts';

export const decisionsCommand: Command = {
  name: 'decisions',
  aliases: ['decision'],
  summary: 'print what was decided for whom',
  operands: [0, 0],
  options: [
    { name: 'rule', value: 'SECTION', summary: 'those of this rule' },
    { name: 'client', value: 'CLIENT', summary: 'those of this MAC address or address' },
    { name: 'address', value: 'ADDRESS', summary: 'those to this address' },
    {
      name: 'name',
      value: 'NAME',
      summary: "those by this name alone; '*.example.com': by it and all below it",
    },
    { name: 'limit', value: 'N', summary: 'at most so many, the most recent ones' },
  ],
  details: `
A line is a verdict: where packets of this client to this address go, and by which name and rule. AGE is the time
since the last packet.`,
  async run({ settings, value, json, out }) {
    const { decisions } = await import('../../control/decisions.ts');
    const rows = decisions(settings, {
      rule: value('rule'),
      client: value('client'),
      address: value('address'),
      name: value('name'),
      limit: readLimit(value('limit')),
    });
    if (json) {
      out(`${JSON.stringify(rows)}\n`);
      return 0;
    }
    out(
      table(
        [
          'CLIENT',
          'ADDRESS',
          'NAME',
          'RULE',
          'ACTION',
          'MARK',
          'INTERFACE',
          'PACKETS',
          'BYTES',
          'AGE',
        ],
        rows.map((row) => [
          row.client ?? ANY,
          row.address,
          row.name ?? '-',
          row.rule ?? '-',
          row.action ?? '-',
          row.mark ?? '-',
          row.interface ?? '-',
          row.packets,
          row.bytes,
          duration(row.age),
        ]),
      ),
    );
    return 0;
  },
};
