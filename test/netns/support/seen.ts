/** What arrived at the uplinks, counted by their kernels: no mark, verdict or socket has a say in it. */
import type { Host } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { SERVERS } from '../../lab/topology.ts';

const TABLE = 'table inet seen';

/** A counter for each destination address below {@link SERVERS}. */
const RULES = `${TABLE} {
  set to4 { type ipv4_addr; size 65535; flags dynamic; counter; }
  set to6 { type ipv6_addr; size 65535; flags dynamic; counter; }
  chain prerouting {
    type filter hook prerouting priority raw;
    iifname "eth0" ip daddr ${SERVERS.inet} update @to4 { ip daddr }
    iifname "eth0" ip6 daddr ${SERVERS.inet6} update @to6 { ip6 daddr }
  }
}
`;

/** Packets by destination address. */
export type Packets = ReadonlyMap<string, number>;

/** Counts from now on, from nothing. */
export async function countAtUplinks(lab: Lab): Promise<void> {
  const script = `add ${TABLE}\ndelete ${TABLE}\n${RULES}`;
  await Promise.all(uplinks(lab).map((uplink) => uplink.output(['nft', '-f', '-'], script)));
}

/** What uplink1 and uplink2 have seen since {@link countAtUplinks}. */
export async function seenAtUplinks(lab: Lab): Promise<readonly [Packets, Packets]> {
  const [one, two] = uplinks(lab);
  return Promise.all([seenBy(one), seenBy(two)]);
}

function uplinks({ uplink1, uplink2 }: Lab): readonly [Host, Host] {
  return [uplink1, uplink2];
}

interface Listing {
  readonly nftables: readonly {
    readonly set?: {
      readonly elem?: readonly {
        readonly elem: { readonly val: string; readonly counter: { readonly packets: number } };
      }[];
    };
  }[];
}

async function seenBy(uplink: Host): Promise<Packets> {
  const packets = new Map<string, number>();
  for (const name of ['to4', 'to6']) {
    const text = await uplink.output(['nft', '-j', 'list', 'set', 'inet', 'seen', name]);
    for (const { set } of (JSON.parse(text) as Listing).nftables) {
      for (const { elem } of set?.elem ?? []) packets.set(elem.val, elem.counter.packets);
    }
  }
  return packets;
}
