import type { BgpStatus } from '../../control/announce/status.ts';
import type { Command } from '../command.ts';
import { duration, table } from '../table.ts';

function describe(status: BgpStatus): string {
  const parts = [
    ...(status.enabled ? [describeBgp(status)] : []),
    ...(status.dnstap.length > 0 ? [describeDnstap(status)] : []),
  ];
  return parts.join('\n');
}

function describeBgp({ asn, router_id: id, routes, refused, neighbors }: BgpStatus): string {
  const head = `AS ${asn}, router ${id}, ${routes} routes${refused === 0 ? '' : `, ${refused} refused`}\n`;
  const rows = neighbors.map((neighbor) => [
    neighbor.section,
    neighbor.address,
    neighbor.asn,
    neighbor.state,
    neighbor.uptime === null ? '-' : duration(neighbor.uptime),
    neighbor.families.map((family) => `IPv${family}`).join(' ') || '-',
    neighbor.announced,
    neighbor.pending,
    neighbor.last_error ?? '-',
  ]);
  const titles = ['NEIGHBOR', 'ADDRESS', 'AS', 'STATE', 'UP', 'FAMILIES', 'TOLD', 'WAITING'];
  return `${head}\n${table([...titles, 'LAST ERROR'], rows)}`;
}

function describeDnstap({ dnstap }: BgpStatus): string {
  const rows = dnstap.map(({ section, senders, messages, malformed }) => [
    section,
    senders,
    messages,
    malformed,
  ]);
  return table(['DNSTAP', 'SENDERS', 'MESSAGES', 'MALFORMED'], rows);
}

export const bgpCommand: Command = {
  name: 'bgp',
  summary:
    'print the neighbours that routes are announced to, and the resolvers that tell of answers',
  operands: [0, 0],
  details: `
Asks the daemon. TOLD is how many prefixes a neighbour has been told of, WAITING how many changes it is still to be told.`,
  async run({ settings, json, out, err }) {
    const { askDaemon } = await import('../../control/ask-daemon.ts');
    const status = (await askDaemon(settings, 'bgp')) as unknown as BgpStatus;
    if (!status.enabled) err("domainroute: BGP is off (see 'config bgp' in the README)");
    out(json ? `${JSON.stringify(status)}\n` : describe(status));
    return 0;
  },
};
