/** A second network of clients, as a router has one for guests. */
import type { Host } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { until } from '../../lab/until.ts';

const ROUTER = { inet: '192.168.78.1', inet6: '2001:db8:78::1' } as const;
const CLIENT2 = { inet: '192.168.78.11', inet6: '2001:db8:78::11' } as const;

/** Moves client2 from br-lan to a network of its own behind the device lan2, for the rest of the lab's life. */
export async function moveToGuests(lab: Lab): Promise<void> {
  await batch(lab.router, [
    'link set lan2 nomaster',
    `address add ${ROUTER.inet}/24 dev lan2`,
    `address add ${ROUTER.inet6}/64 dev lan2 nodad`,
  ]);
  await batch(lab.client2, [
    'address flush dev eth0 scope global',
    `address add ${CLIENT2.inet}/24 dev eth0`,
    `address add ${CLIENT2.inet6}/64 dev eth0 nodad`,
    `route replace 0.0.0.0/0 via ${ROUTER.inet} dev eth0`,
    `route replace ::/0 via ${ROUTER.inet6} dev eth0`,
  ]);
  for (const family of [4, 6] as const) {
    await until(`client2 has its new network, IPv${family}`, async () => {
      const options = { family, timeoutMs: 500 };
      return (await lab.whichUplink(lab.client2, 'plain.example.org', options)) === 'uplink1';
    });
  }
}

function batch(host: Host, lines: readonly string[]): Promise<string> {
  return host.output(['ip', '-batch', '-'], lines.join('\n'));
}
