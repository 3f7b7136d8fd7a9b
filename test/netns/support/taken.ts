/** Which rule the kernel took for a connection, and where it went. */
import type { Host } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { ADDRESSES } from '../../lab/topology.ts';
import { query, type Decision } from './router.ts';

/**
 * Connects a client to each name: `rule uplink` by name, the rule as decided, or `none`, and the uplink that
 * answered. The names must have different addresses: a decision is one for a client and address.
 */
export async function connectToEach(
  lab: Lab,
  host: Host,
  names: readonly string[],
  family: 4 | 6 = 4,
): Promise<Readonly<Record<string, string>>> {
  const arrivals = [];
  for (const name of names) {
    const [address = ''] = (await host.resolve(name, family === 4 ? 'A' : 'AAAA')).addresses;
    arrivals.push({ name, address, uplink: await lab.whichUplink(host, address) });
  }
  const { mac } = ADDRESSES[host.name as 'client' | 'client2'];
  const decisions = await query<readonly Decision[]>(lab, 'decisions');
  const theirs = decisions.filter(({ client }) => client === mac);
  const rules = new Map(theirs.map(({ address, rule }) => [address, rule]));
  return Object.fromEntries(
    arrivals.map(({ name, address, uplink }) => [
      name,
      `${rules.get(address) ?? 'none'} ${uplink}`,
    ]),
  );
}
