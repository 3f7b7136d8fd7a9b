/**
 * A double of netifd on the lab's router: interfaces with static addresses, as `network.interface` shows them (netifd:
 * ubus.c), and what the kernel and ubus see of them going up and down, in the order that netifd of July 2026 was
 * recorded to have: down is told before addresses go, up when addresses and routes are there.
 */
import { UbusClient, type UbusObject, type UbusTable } from '#ubus-ts';
import type { Lab } from '../../lab/lab.ts';
import { until } from '../../lab/until.ts';

export interface InterfaceConfig {
  readonly device: string;
  /** With their prefix lengths. */
  readonly addresses?: readonly string[];
  /** Default gateways. */
  readonly gateways?: readonly string[];
  readonly metric?: number;
  /** `option defaultroute '0'`: the kernel gets none, `inactive` has them. */
  readonly defaultRoute?: boolean;
  readonly dns?: readonly string[];
}

interface Interface {
  config: InterfaceConfig;
  up: boolean;
}

const OBJECT = 'network.interface';

export class NetifdDouble {
  readonly #lab: Lab;
  readonly #interfaces = new Map<string, Interface>();
  readonly #client: UbusClient;
  readonly #object: UbusObject;
  /** While it is set nobody gets an answer. */
  busy = false;

  /** Publishes its object at the lab's ubusd; interfaces are taken to be up already, as the lab made them. */
  static async start(
    lab: Lab,
    interfaces: Readonly<Record<string, InterfaceConfig>>,
  ): Promise<NetifdDouble> {
    const netifd = new NetifdDouble(lab);
    for (const [name, config] of Object.entries(interfaces)) {
      netifd.#interfaces.set(name, { config, up: true });
    }
    await until('netifd is at ubusd', () => netifd.#object.registered);
    return netifd;
  }

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#client = UbusClient.start({ path: lab.ubus, reconnectDelay: 20 });
    this.#object = this.#client.publish({
      path: OBJECT,
      methods: { dump: { call: () => (this.busy ? new Promise(() => undefined) : this.#dump()) } },
    });
  }

  /** Reloads the configuration of one interface, which goes down if it was up, and comes up. */
  async configure(name: string, config: InterfaceConfig): Promise<void> {
    if (this.#interfaces.get(name)?.up === true) await this.down(name);
    this.#interfaces.set(name, { config, up: false });
    await this.up(name);
  }

  async down(name: string): Promise<void> {
    const { config } = this.#find(name);
    this.#find(name).up = false;
    await this.#tell(name, 'ifdown', 'interface.down');
    // with a device that is gone its addresses went
    await this.#ip(
      ['-force', '-batch', '-'],
      (config.addresses ?? []).map((address) => `address del ${address} dev ${config.device}`),
      true,
    );
  }

  async up(name: string): Promise<void> {
    const { config } = this.#find(name);
    const { device, addresses = [], gateways = [], metric = 0, defaultRoute = true } = config;
    await this.#ip(
      ['-batch', '-'],
      [
        `link set ${device} up`,
        ...addresses.map((address) => {
          return `address replace ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
        }),
        ...(defaultRoute ? gateways : []).map((gateway) => {
          const target = gateway.includes(':') ? '::/0' : '0.0.0.0/0';
          return `route replace ${target} via ${gateway} dev ${device} metric ${metric} proto static`;
        }),
      ],
    );
    this.#find(name).up = true;
    await this.#tell(name, 'ifup', 'interface.update');
  }

  /** Says the same once more, as netifd does when a lease is renewed. */
  update(name: string): void {
    this.#object.notify('interface.update', { interface: name, ...this.#status(name) });
  }

  close(): void {
    this.#client.close();
  }

  async #tell(name: string, action: string, notification: string): Promise<void> {
    await this.#client.send(OBJECT, { action, interface: name });
    this.#object.notify(notification, { interface: name, ...this.#status(name) });
  }

  #find(name: string): Interface {
    const found = this.#interfaces.get(name);
    if (found === undefined) throw new Error(`no interface ${name}`);
    return found;
  }

  async #ip(args: readonly string[], lines: readonly string[], mayFail = false): Promise<void> {
    const argv = ['ip', ...args];
    if (mayFail) await this.#lab.router.run(argv, lines.join('\n'));
    else await this.#lab.router.output(argv, lines.join('\n'));
  }

  #dump(): UbusTable {
    const names = [...this.#interfaces.keys()];
    return { interface: names.map((name) => ({ interface: name, ...this.#status(name) })) };
  }

  /** netifd_dump_status. */
  #status(name: string): UbusTable {
    const { config, up } = this.#find(name);
    const { device, addresses = [], gateways = [], metric = 0, dns = [] } = config;
    const state = { up, pending: false, available: true, autostart: true, dynamic: false };
    const common = { ...state, proto: 'static', device, data: {} };
    if (!up) return common;
    const listed = (ipv6: boolean): UbusTable[] =>
      addresses
        .filter((address) => address.includes(':') === ipv6)
        .map((address) => {
          const [text = '', mask] = address.split('/');
          return { address: text, mask: Number(mask) };
        });
    const routes = gateways.map((nexthop) =>
      nexthop.includes(':')
        ? { target: '::', mask: 0, nexthop, source: '::/0' }
        : { target: '0.0.0.0', mask: 0, nexthop, source: '0.0.0.0/0' },
    );
    const held = config.defaultRoute === false;
    return {
      ...common,
      uptime: 1,
      l3_device: device,
      metric,
      'ipv4-address': listed(false),
      'ipv6-address': listed(true),
      route: held ? [] : routes,
      'dns-server': dns,
      inactive: { route: held ? routes : [], 'dns-server': [] },
    };
  }
}
