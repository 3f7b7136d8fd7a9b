import type { BgpStatus } from '../../control/announce/status.ts';
import type { Command } from '../command.ts';
import { duration, table } from '../table.ts';

function describe({ asn, router_id: id, routes, refused, neighbors }: BgpStatus): string {
  const head = `AS ${asn}, router ${id}, ${routes} routes${refused === 0 ? '' : `, ${refused} refused`}\n`;
  const rows = neighbors.map((neighbor) => [
    neighbor.section,
    neighbor.address,
    neighbor.asn,
    neighbor.state,
    neighbor.uptime === null ? '-' : duration(neighbor.uptime),
    neighbor.families.join(' ') || '-',
    neighbor.announced,
    neighbor.pending,
    neighbor.last_error ?? '-',
  ]);
  const titles = ['NEIGHBOR', 'ADDRESS', 'AS', 'STATE', 'UP', 'FAMILIES', 'TOLD', 'WAITING'];
  return `${head}\n${table([...titles, 'LAST ERROR'], rows)}`;
}

export const bgpCommand: Command = {
  name: 'bgp',
  summary: 'print the neighbours that routes are announced to',
  operands: [0, 0],
  details: `
Asks the daemon. TOLD is how many prefixes a neighbour has been told of, WAITING how many changes it is still to be told.`,
  async run({ settings, json, out, err }) {
    const { askDaemon } = await import('../../control/ask-daemon.ts');
    const answer = await askDaemon(settings, 'bgp');
    if (json) {
      out(`${JSON.stringify(answer)}\n`);
    } else if (answer['enabled'] === true) {
      out(describe(answer as unknown as BgpStatus));
    } else {
      err("domainroute: BGP is off (see 'config bgp' in the README)");
    }
    return 0;
  },
};
