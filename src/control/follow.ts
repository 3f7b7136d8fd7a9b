/**
 * Brings what runs to the network as it is now: routing, protected addresses, what of the rules depends on interfaces,
 * and links. No list is read and no rule compiled; the rules and targets are those in force.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  ACTION_LOCAL_BIND,
  Maps,
  MAP_NAMES,
  notRunning,
  openLibbpf,
  pinsBelow,
  planAttachment,
  planProtected,
  readConfig,
  readLiveRules,
  updateInterfaces,
  voidVerdicts,
  type Action,
  type CellInterfaces,
} from '../datapath/index.ts';
import { clientOfInterface } from '../model/client.ts';
import type { Configuration, Diagnostic, Rule } from '../model/rule.ts';
import { applyRouting, runCommand } from '../route/index.ts';
import { downInterfaces, routingOptions } from './apply.ts';
import { requireRoot } from './environment.ts';
import { readHost, type ReadNetifd } from './host.ts';
import { readInForce } from './in-force.ts';
import type { Interfaces } from './interfaces.ts';
import { withLock } from './lock.ts';
import { hostDiagnostics, planNetwork } from './plan.ts';
import { isRunning } from './session.ts';
import type { Settings } from './settings.ts';
import { liveTargets, routeTargets } from './targets.ts';

export type InterfaceRole = 'lan' | 'wan' | 'rule' | 'client';

/** An interface that the configuration names, as it is now: the JSON shape of ubus. */
export interface InterfaceState {
  readonly interface: string;
  /** Null: there is none. */
  readonly device: string | null;
  /** 0 without a device; a ppp link that connects again has another one. */
  readonly ifindex: number;
  readonly up: boolean;
  readonly roles: readonly InterfaceRole[];
}

export interface Followed {
  /** Of the interfaces those that are not as `before` had them. */
  readonly changes: readonly InterfaceState[];
  readonly interfaces: readonly InterfaceState[];
  /** Interfaces of rules that are missing or down. */
  readonly down: readonly string[];
  readonly generation: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * May be called at any time: only differences are applied, and where there is none the generation stays. What can be
 * done is done even if ip refuses a route; then its error is thrown. `before`: what the last call returned as `interfaces`.
 * Throws DomainrouteError 'not-running' if nothing runs.
 */
export async function follow(
  settings: Settings,
  readNetifd: ReadNetifd,
  before: readonly InterfaceState[] = [],
): Promise<Followed> {
  requireRoot('follow the network with');
  openLibbpf(settings.assets);
  const pins = pinsBelow(settings.pin);
  if (!isRunning(pins)) throw notRunning();
  const run = async (): Promise<Followed> => {
    // behind the lock: a command that had it may have brought another
    const configuration = readInForce(settings.run);
    if (configuration === undefined || !isRunning(pins)) throw notRunning();
    const maps = new Maps(pins);
    try {
      const { interfaces, generation } = await followMaps(
        settings,
        configuration,
        readNetifd,
        maps,
      );
      const states = interfaceStates(configuration, interfaces);
      return {
        changes: changedStates(before, states),
        interfaces: states,
        down: downInterfaces(configuration.rules, interfaces),
        generation,
        diagnostics: await hostDiagnostics(configuration, interfaces.resolve),
      };
    } finally {
      maps.close();
    }
  };
  return withLock(settings.run, () => isRunning(pins), run);
}

async function followMaps(
  settings: Settings,
  configuration: Configuration,
  readNetifd: ReadNetifd,
  maps: Maps,
): Promise<{ readonly interfaces: Interfaces; readonly generation: number }> {
  const { main, rules } = configuration;
  const config = readConfig(maps);
  if (config === undefined) throw notRunning();
  const host = await readHost(readNetifd);
  const { interfaces, ...plan } = planNetwork(settings, configuration, host);
  const { cells } = readLiveRules(maps);
  // the mask is the one that connections live with, whatever the file says
  const running = { ...main, markMask: config.mark_mask };
  const live = liveTargets(cells.values(), running.markMask, running.table, host.routing);
  const targets = routeTargets(live.numbers, interfaces.way);

  const protection = planProtected(maps, plan.protected);
  protection.add();
  const failure = await failureOf(
    applyRouting(targets, routingOptions(running), runCommand, host.routing),
  );
  const moved = updateInterfaces(maps, cells, (action) =>
    cellInterfaces(action, rules, interfaces),
  );
  protection.removeOld();
  if (moved || protection.changes) voidVerdicts(maps);
  // last, as a program that was not needed before takes a router seconds to load
  const attachment = planAttachment({
    pins: pinsBelow(settings.pin),
    assets: settings.assets,
    wanted: plan.links,
    cgroup: plan.cgroup,
    maps: new Map(MAP_NAMES.map((name) => [name, maps.get(name)])),
    facts: main.facts,
    renew: false,
  });
  try {
    attachment.attach();
  } finally {
    attachment.close();
  }
  if (failure !== undefined) throw failure;
  return { interfaces, generation: readConfig(maps)?.generation ?? 0 };
}

async function failureOf(task: Promise<unknown>): Promise<Error | undefined> {
  try {
    await task;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Clients are those of the rule of that section: a cell in force does not say which interfaces it was given. */
function cellInterfaces(
  { section, flags, interface: name }: Action,
  rules: readonly Rule[],
  { resolve, uplink }: Interfaces,
): CellInterfaces {
  const bound = (flags & ACTION_LOCAL_BIND) !== 0 && name !== '';
  const clients = rules.find((rule) => rule.section === section)?.clients ?? [];
  return {
    ifindex: bound ? (uplink(name)?.ifindex ?? 0) : 0,
    clients: clients.flatMap((client) => {
      const device = client.kind === 'interface' ? resolve(client.name) : undefined;
      return device === undefined ? [] : [clientOfInterface(device.ifindex)];
    }),
  };
}

/** Every interface that the configuration names, with what for. */
function interfaceStates(
  { main, rules }: Configuration,
  { resolve, isUp }: Interfaces,
): InterfaceState[] {
  const roles = new Map<string, Set<InterfaceRole>>();
  const add = (name: string, role: InterfaceRole): void => {
    roles.set(name, (roles.get(name) ?? new Set()).add(role));
  };
  for (const name of main.lan) add(name, 'lan');
  for (const name of main.wan) add(name, 'wan');
  for (const rule of rules.filter(({ enabled }) => enabled)) {
    if (rule.interface !== undefined && rule.action === 'route') add(rule.interface, 'rule');
    for (const client of rule.clients) if (client.kind === 'interface') add(client.name, 'client');
  }
  return [...roles].map(([name, of]) => {
    const device = resolve(name);
    return {
      interface: name,
      device: device?.name ?? null,
      ifindex: device?.ifindex ?? 0,
      up: isUp(name),
      roles: [...of],
    };
  });
}

function changedStates(
  before: readonly InterfaceState[],
  now: readonly InterfaceState[],
): InterfaceState[] {
  const old = new Map(before.map((state) => [state.interface, state]));
  return now.filter((state) => !isDeepStrictEqual(state, old.get(state.interface)));
}
