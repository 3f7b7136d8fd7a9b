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
import { stickinessObstacle } from '../route/index.ts';
import type { ListContent } from '../rules/list-reader.ts';
import { findCgroup } from './environment.ts';
import { readHost, type Device, type Host } from './host.ts';
import { ruleDiagnostics } from './image.ts';
import { interfaceResolver, type ResolveInterface } from './interfaces.ts';
import type { Settings } from './settings.ts';

export interface Plan {
  readonly configuration: Configuration;
  readonly resolve: ResolveInterface;
  readonly links: readonly LinkPlan[];
  readonly cgroup: Cgroup | undefined;
  readonly protected: ProtectedEntries;
  /** Of the configuration and of the machine. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws DomainrouteError: no LAN device is there, no cgroup v2, no `ip`. */
export async function makePlan(settings: Settings, configuration: Configuration): Promise<Plan> {
  const { main } = configuration;
  const host = await readHost();
  const resolve = await interfaceResolver(host, interfaceNames(configuration));
  const lan = findDevices(main, 'lan', resolve);
  const wan = findDevices(main, 'wan', resolve);
  if (main.lan.length > 0 && lan.length === 0) {
    throw new DomainrouteError(
      'config',
      `Cannot steer clients: no LAN device is there: ${main.lan.join(', ')} (see option 'lan' of section 'main')`,
    );
  }
  return {
    configuration,
    resolve,
    links: planLinks(attachDevices(main, lan, wan, host), main.local),
    cgroup: main.local ? findCgroup(settings.cgroup) : undefined,
    protected: protectedEntries(ownAddresses(host)),
    diagnostics: [...configuration.diagnostics, ...(await hostDiagnostics(configuration, resolve))],
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

/** Every interface that the configuration names. */
export function interfaceNames({ main, rules }: Configuration): string[] {
  return [
    ...main.lan,
    ...main.wan,
    ...rules.flatMap((rule) => [
      ...(rule.interface === undefined ? [] : [rule.interface]),
      ...rule.clients.flatMap((client) => (client.kind === 'interface' ? [client.name] : [])),
    ]),
  ];
}

function findDevices(
  main: MainOptions,
  option: 'lan' | 'wan',
  resolve: ResolveInterface,
): Device[] {
  return [...new Set(main[option].flatMap((value) => resolve(value) ?? []))];
}

function attachDevices(
  main: MainOptions,
  lan: readonly Device[],
  wan: readonly Device[],
  { devices }: Host,
): AttachDevice[] {
  // the router's own resolver is asked over lo
  const ownQueries = main.local || wan.length > 0;
  const loopback = devices.filter(({ name }) => ownQueries && name === 'lo');
  return [
    ...lan.map((device) => ({ ...device, role: 'lan' as const })),
    ...[...new Set([...wan, ...loopback])].map((device) => ({ ...device, role: 'wan' as const })),
  ];
}

function ownAddresses({
  devices,
  gateways,
  resolvers,
}: Host): Parameters<typeof protectedEntries>[0] {
  const own = devices.flatMap(({ addresses }) => addresses);
  return {
    connected: own.map(({ address, length }) => ({ address, length })),
    addresses: [
      ...own.flatMap(({ address, peer }) => (peer === undefined ? [address] : [address, peer])),
      ...gateways,
      ...resolvers,
    ],
  };
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
