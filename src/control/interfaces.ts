/** From the names that UCI uses to devices: netifd's interfaces where there is netifd, else the devices. */
import { DomainrouteError } from '../base/errors.ts';
import { runCommand, type Runner } from '../route/command.ts';
import type { Device, Host } from './host.ts';

/** A netifd interface's layer 3 device, or a device of this name; undefined if there is neither. */
export type ResolveInterface = (name: string) => Device | undefined;

/** netifd's `network.interface dump`: interface → layer 3 device. Empty where there is no netifd. */
async function readNetifd(run: Runner): Promise<ReadonlyMap<string, string>> {
  let text: string;
  try {
    const { status, stdout } = await run(['ubus', 'call', 'network.interface', 'dump']);
    if (status !== 0) return new Map();
    text = stdout;
  } catch (error) {
    if (error instanceof DomainrouteError) return new Map(); // no ubus: not OpenWrt
    throw error;
  }
  return parseNetifd(text);
}

/** The `l3_device` (up) or `device` of each interface. */
export function parseNetifd(text: string): ReadonlyMap<string, string> {
  const dump = JSON.parse(text) as { interface?: readonly Readonly<Record<string, unknown>>[] };
  const pairs = (dump.interface ?? []).flatMap(({ interface: name, l3_device: l3, device }) => {
    const found = l3 ?? device;
    return typeof name === 'string' && typeof found === 'string' ? [[name, found] as const] : [];
  });
  return new Map(pairs);
}

/** `names` are those that will be asked for: where all are devices, netifd is not asked. */
export async function interfaceResolver(
  { devices }: Host,
  names: readonly string[],
  run: Runner = runCommand,
): Promise<ResolveInterface> {
  const byName = new Map(devices.map((device) => [device.name, device]));
  const netifd = names.every((name) => byName.has(name)) ? new Map() : await readNetifd(run);
  return (name) => byName.get((netifd.get(name) as string | undefined) ?? name);
}
