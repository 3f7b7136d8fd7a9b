import type { RouteRow } from '../../control/announce/status.ts';
import type { Command } from '../command.ts';
import { readLimit } from '../limit.ts';
import { duration, table } from '../table.ts';

export const routesCommand: Command = {
  name: 'routes',
  summary: 'print which routes are announced over BGP, and why',
  operands: [0, 0],
  options: [
    { name: 'rule', value: 'SECTION', summary: 'those of this rule' },
    { name: 'address', value: 'ADDRESS', summary: 'the one of this address' },
    {
      name: 'name',
      value: 'NAME',
      summary: "those by this name alone; '*.example.com': by it and all below it",
    },
    { name: 'limit', value: 'N', summary: 'at most so many' },
  ],
  details: `
Asks the daemon. A line is an address that a name of a rule with option announce '1' is at; EXPIRES is when it is
withdrawn if nobody asks for the name or uses it.`,
  async run({ settings, value, json, out, err }) {
    const { askDaemon } = await import('../../control/ask-daemon.ts');
    const { routes, more } = await askDaemon(settings, 'routes', {
      rule: value('rule'),
      address: value('address'),
      name: value('name'),
      limit: readLimit(value('limit')),
    });
    const rows = routes as unknown as readonly RouteRow[];
    if (more === true) err('domainroute: there are more routes: ask for some of them');
    if (json) {
      out(`${JSON.stringify(rows)}\n`);
      return 0;
    }
    out(
      table(
        ['PREFIX', 'NAME', 'RULE', 'COMMUNITIES', 'EXPIRES'],
        rows.map((row) => [
          row.prefix,
          row.name,
          row.rule,
          row.communities.join(' ') || '-',
          duration(row.expires_in),
        ]),
      ),
    );
    return 0;
  },
};
