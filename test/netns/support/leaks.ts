/** Packets to addresses that were to go elsewhere, caught at an uplink by its own kernel. */
import type { Host } from '../../lab/host.ts';

/**
 * Catches from now on. What a kernel answers without a socket, a reset or an ICMP error for one that is closed, is of no
 * connection: the router sends it by the main table.
 */
export async function catchLeaks(uplink: Host, addresses: readonly string[]): Promise<void> {
  const of = (ipv6: boolean): string =>
    addresses.filter((address) => address.includes(':') === ipv6).join(', ');
  const script = `add table inet leaks
delete table inet leaks
table inet leaks {
  set inet4 {
    type ipv4_addr . ipv4_addr . inet_proto . inet_service
    size 65535
    flags dynamic
    counter
  }
  set inet6 {
    type ipv6_addr . ipv6_addr . inet_proto . inet_service
    size 65535
    flags dynamic
    counter
  }
  chain prerouting {
    type filter hook prerouting priority raw
    tcp flags & rst == rst return
    icmp type destination-unreachable return
    icmpv6 type destination-unreachable return
    ip daddr { ${of(false)} } update @inet4 { ip saddr . ip daddr . ip protocol . th dport }
    ip6 daddr { ${of(true)} } update @inet6 { ip6 saddr . ip6 daddr . meta l4proto . th dport }
  }
}
`;
  await uplink.output(['nft', '-f', '-'], script);
}

/** What was caught, as nft lists it: source, destination, protocol, port, packets. */
export async function caughtLeaks(uplink: Host): Promise<readonly string[]> {
  const text = await uplink.output(['nft', 'list', 'table', 'inet', 'leaks']);
  return text.split('\n').filter((line) => /counter packets \d/.test(line));
}
