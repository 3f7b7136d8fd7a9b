/** What a configuration needs on this machine: devices to attach to, addresses to protect. Reads, changes nothing. */
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import {
  planLinks,
  protectedEntries,
  type AttachDevice,
  type Cgroup,
  type LinkPlan,
  type ProtectedEntries,
} from '../datapath/index.ts';
import { DomainrouteError } from '../base/errors.ts';
import type { Configuration, Diagnostic, MainOptions } from '../model/rule.ts';
import { stickinessObstacle, type Device } from '../route/index.ts';
import type { ListContent } from '../rules/list-reader.ts';
import { findCgroup } from './environment.ts';
import { ownAddresses, readHost, type Host } from './host.ts';
import { ruleDiagnostics } from './image.ts';
import { hostInterfaces, type Interfaces, type ResolveInterface } from './interfaces.ts';
import { readNetifd } from './netifd.ts';
import type { Settings } from './settings.ts';

/** What of it follows the network. */
export interface NetworkPlan {
  readonly host: Host;
  readonly interfaces: Interfaces;
  readonly links: readonly LinkPlan[];
  readonly cgroup: Cgroup | undefined;
  readonly protected: ProtectedEntries;
}

export interface Plan extends NetworkPlan {
  readonly configuration: Configuration;
  /** Of the configuration and of the machine. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws DomainrouteError: no LAN device is there, no cgroup v2, no `ip`, and what `readConfiguration` throws. */
export async function makePlan(
  settings: Settings,
  readConfiguration: () => Configuration,
): Promise<Plan> {
  // ip works while the configuration is read; its error is met where it is awaited
  const reading = readHost(() => readNetifd(settings));
  reading.catch(() => undefined);
  const configuration = readConfiguration();
  const { main } = configuration;
  const network = planNetwork(settings, configuration, await reading);
  const { resolve } = network.interfaces;
  if (main.lan.length > 0 && main.lan.every((name) => resolve(name) === undefined)) {
    throw new DomainrouteError(
      'config',
      `Cannot steer clients: no LAN device is there: ${main.lan.join(', ')} (see option 'lan' of section 'main')`,
    );
  }
  return {
    ...network,
    configuration,
    diagnostics: [...configuration.diagnostics, ...(await hostDiagnostics(configuration, resolve))],
  };
}

/** Throws DomainrouteError: no cgroup v2. */
export function planNetwork(
  settings: Settings,
  { main, neighbors }: Pick<Configuration, 'main' | 'neighbors'>,
  host: Host,
): NetworkPlan {
  const interfaces = hostInterfaces(host);
  const own = ownAddresses(host);
  const peers = neighbors.map(({ address }) => address);
  return {
    host,
    interfaces,
    links: planLinks(attachDevices(main, interfaces.resolve, host), main.local),
    cgroup: main.local ? findCgroup(settings.cgroup) : undefined,
    protected: protectedEntries({ ...own, addresses: [...own.addresses, ...peers] }),
  };
}

/** What of a good configuration does not work on this machine. */
export async function hostDiagnostics(
  { main, rules }: Configuration,
  resolve: ResolveInterface,
): Promise<Diagnostic[]> {
  const warn = (message: string, option?: string, value?: string): Diagnostic => {
    return { severity: 'warning', type: 'domainroute', section: 'main', option, value, message };
  };
  const missing = (option: 'lan' | 'wan'): Diagnostic[] =>
    main[option]
      .filter((value) => resolve(value) === undefined)
      .map((value) => warn(NOT_THERE, option, value));
  const obstacle = await stickinessObstacle();
  return [
    ...missing('lan'),
    ...missing('wan'),
    ...ruleDiagnostics(rules, resolve),
    ...(obstacle === undefined ? [] : [warn(obstacle)]),
  ];
}

const NOT_THERE = 'is not there: nothing is attached to it (run domainroute reload when it is)';

function attachDevices(
  { lan, wan, local }: MainOptions,
  resolve: ResolveInterface,
  { devices }: Host,
): AttachDevice[] {
  const found = (names: readonly string[]): Device[] =>
    names.flatMap((name) => resolve(name) ?? []);
  // the router's own resolver is asked over lo
  const ownQueries = local || found(wan).length > 0;
  const loopback = devices.filter(({ name }) => ownQueries && name === 'lo');
  return [
    ...[...new Set(found(lan))].map((device) => ({ ...device, role: 'lan' as const })),
    ...[...new Set([...found(wan), ...loopback])].map((device) => ({
      ...device,
      role: 'wan' as const,
    })),
  ];
}

const CHUNK = 1 << 16;

/** The bytes of a list file. Throws the system's errors; a pipe does not keep us waiting. */
export function readChunks(path: string): ListContent {
  return { bytes: statSync(path).size, [Symbol.iterator]: () => chunksOf(path) };
}

function* chunksOf(path: string): Generator<Uint8Array, undefined> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  try {
    for (;;) {
      const length = readSync(file, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
