/** From the names that UCI uses to devices and their routes: netifd's interfaces first, then the devices. */
import { parseAddress } from '../model/address.ts';
import type { Device, Target, TargetRoute, TargetRoutes } from '../route/index.ts';
import type { Host } from './host.ts';
import type { NetifdInterface, NetifdRoute } from './netifd.ts';

/** A device of this network namespace by the name of an interface; undefined if there is none. */
export type ResolveInterface = (name: string) => Device | undefined;

/** Where packets of an interface leave, as a target of src/route has it. */
export type Way = Pick<Target & { kind: 'interface' }, 'device' | 'routes'>;

export interface Interfaces {
  /** A netifd interface's device, up or not, or a device of this name. */
  readonly resolve: ResolveInterface;
  /** The same where packets may leave by it: nothing does by what netifd says is down. */
  readonly uplink: ResolveInterface;
  readonly way: (name: string) => Way;
  /** Is there a device, and is it up, in netifd's eyes as well? */
  readonly isUp: (name: string) => boolean;
}

const NO_ROUTES: TargetRoutes = { inet: [], inet6: [] };

/** The interfaces of a host. A netifd interface hides a device of the same name. */
export function hostInterfaces({ devices, netifd = [] }: Host): Interfaces {
  const byName = new Map(devices.map((device) => [device.name, device]));
  const known = new Map(netifd.map((item) => [item.name, item]));
  const own = new Set(
    devices.flatMap(({ addresses }) => addresses.map(({ address }) => keyOf(address))),
  );

  const resolve: ResolveInterface = (name) => {
    const item = known.get(name);
    return byName.get(item === undefined ? name : (item.device ?? ''));
  };
  const uplink: ResolveInterface = (name) =>
    known.get(name)?.up === false ? undefined : resolve(name);
  return {
    resolve,
    uplink,
    way: (name) => {
      const item = known.get(name);
      if (item === undefined) return { device: byName.has(name) ? name : undefined };
      if (!item.up) return { device: undefined, routes: NO_ROUTES };
      return { device: item.device, routes: routesOf(item, netifd, own) };
    },
    isUp: (name) => uplink(name)?.up === true,
  };
}

/**
 * The default routes of an interface: of each family its own, else those of another interface on its device, as wan6
 * is to wan, else what the main table says of the device.
 */
function routesOf(
  item: NetifdInterface,
  netifd: readonly NetifdInterface[],
  own: ReadonlySet<string>,
): TargetRoutes {
  const others = netifd.filter(
    ({ name, up, device }) => up && device === item.device && name !== item.name,
  );
  const of = (family: NetifdRoute['family']): readonly TargetRoute[] | undefined => {
    const having = [item, ...others].find(({ routes }) => routes.some((r) => r.family === family));
    return having?.routes
      .filter((route) => route.family === family)
      .map((route) => targetRoute(route, own));
  };
  return { inet: of('inet'), inet6: of('inet6') };
}

/** The kernel refuses a preferred source address that the machine has not, or not any more. */
function targetRoute(
  { family, gateway, source, metric }: NetifdRoute,
  own: ReadonlySet<string>,
): TargetRoute {
  const route = { metric, ...(gateway !== undefined && { gateway }) };
  if (source === undefined) return route;
  if (family === 'inet6') return { ...route, from: source };
  const address = parseAddress(source);
  return address !== undefined && own.has(keyOf(address)) ? { ...route, source } : route;
}

function keyOf(address: Uint8Array): string {
  return Buffer.from(address).toString('hex');
}
