/** The difference between the routing that targets need and the routing there is. Pure. */
import { formatMark } from '../model/mark.ts';
import type { Device } from './device.ts';
import {
  PROTOCOL,
  type DefaultRoute,
  type FamilyRouting,
  type IpRule,
  type KernelRouting,
} from './kernel-routing.ts';
import { checkTargets, targetMark, type RoutingOptions, type Target } from './target.ts';

/** Lines for `ip -4 -batch -` and `ip -6 -batch -`, each an argv joined by blanks. Empty: nothing to do. */
export interface IpBatch {
  readonly inet: readonly string[];
  readonly inet6: readonly string[];
}

/** The largest metric there is: any other default route goes before the kill switch. */
const LAST_METRIC = 0xffffffff;

/** What IPv6 makes of metric 0 (IP6_RT_PRIO_USER, net/ip6_route.h). */
const INET6_METRIC = 1024;

/**
 * The commands that turn `found` into what `wanted` needs, and that remove whatever else is ours. No packet
 * can leak between two of them: routes come before the rule that leads to them, rules go before their routes,
 * and the kill switch comes first of all. Throws DomainrouteError for targets that cannot be.
 */
export function planRouting(
  wanted: readonly Target[],
  options: RoutingOptions,
  found: KernelRouting,
): IpBatch {
  checkTargets(wanted, options.markMask);
  return {
    inet: planFamily(wanted, options, found, found.inet, false),
    inet6: found.inet6 === undefined ? [] : planFamily(wanted, options, found, found.inet6, true),
  };
}

function planFamily(
  targets: readonly Target[],
  options: RoutingOptions,
  kernel: KernelRouting,
  found: FamilyRouting,
  ipv6: boolean,
): readonly string[] {
  const routes = targets.flatMap((target) => wantedRoutes(target, options, kernel, found, ipv6));
  const rules = targets.map((target) => wantedRule(target, options));

  const tables = new Set(rules.map((rule) => rule.table));
  const kept = options.keepOthers === true ? found.rules.filter((r) => !tables.has(r.table)) : [];
  const keptTables = new Set(kept.map((rule) => rule.table));

  const present = new Set(found.routes.map(routeWords));
  const missing = routes.filter((route) => !present.has(routeWords(route)));
  const keys = new Set(routes.map(routeKey));
  const stale = found.routes.filter((r) => !keys.has(routeKey(r)) && !keptTables.has(r.table));

  const haveRules = new Set(found.rules.map(ruleWords));
  const wantRules = new Set([...rules, ...kept].map(ruleWords));

  return [
    ...missing.filter((route) => route.type !== 'unicast').map(addRoute),
    ...missing.filter((route) => route.type === 'unicast').map(addRoute),
    ...stale.filter((route) => tables.has(route.table)).map(deleteRoute),
    ...[...wantRules].filter((rule) => !haveRules.has(rule)).map((rule) => `rule add ${rule}`),
    ...[...haveRules].filter((rule) => !wantRules.has(rule)).map((rule) => `rule del ${rule}`),
    ...stale.filter((route) => !tables.has(route.table)).map(deleteRoute),
  ];
}

function wantedRule(target: Target, { table, markMask }: RoutingOptions): IpRule {
  const own = table + target.number;
  return { priority: own, mark: targetMark(target, markMask), mask: markMask, table: own };
}

function wantedRoutes(
  target: Target,
  options: RoutingOptions,
  kernel: KernelRouting,
  found: FamilyRouting,
  ipv6: boolean,
): readonly DefaultRoute[] {
  const table = options.table + target.number;
  if (target.kind === 'block') return [{ type: 'prohibit', table, metric: LAST_METRIC }];
  const routes = deviceRoutes(target, kernel, found, ipv6).map((route) => ({ ...route, table }));
  if (target.fallback === 'main') return routes;
  return [{ type: 'unreachable', table, metric: LAST_METRIC }, ...routes];
}

/** The default routes of a target: those it came with, else those of its device. */
function deviceRoutes(
  target: Target & { kind: 'interface' },
  kernel: KernelRouting,
  found: FamilyRouting,
  ipv6: boolean,
): readonly DefaultRoute[] {
  const device = kernel.devices.get(target.device ?? '');
  if (device?.up !== true) return [];
  const told = ipv6 ? target.routes?.inet6 : target.routes?.inet;
  if (told === undefined) return mainRoutes(target, device, found, ipv6);
  return firstOfEach(
    told.map((route) => ({
      ...route,
      type: 'unicast',
      table: 0,
      metric: ipv6 && route.metric === 0 ? INET6_METRIC : route.metric,
      device: device.name,
    })),
  );
}

/** Those that the main table has for a device, or one without a gateway where that can work. */
function mainRoutes(
  { fallback }: Target & { kind: 'interface' },
  device: Device,
  found: FamilyRouting,
  ipv6: boolean,
): readonly DefaultRoute[] {
  const copies = firstOfEach(found.main.filter((route) => route.device === device.name));
  if (copies.length > 0) return copies;
  const direct: DefaultRoute = {
    type: 'unicast',
    table: 0,
    metric: ipv6 ? INET6_METRIC : 0,
    device: device.name,
  };
  if (device.pointToPoint) return (ipv6 ? device.inet6 : device.inet) ? [direct] : [];
  // a link with neighbours may hold all there is to reach; not so with a fallback, which is then wanted
  return !ipv6 && device.inet && fallback === 'block' ? [direct] : [];
}

/** Of several routes that one table cannot hold the first is taken; the last metric is the kill switch's. */
function firstOfEach(routes: readonly DefaultRoute[]): readonly DefaultRoute[] {
  const taken = new Map<string, DefaultRoute>();
  for (const route of routes) {
    const key = routeKey(route);
    if (route.metric !== LAST_METRIC && !taken.has(key)) taken.set(key, route);
  }
  return [...taken.values()];
}

function routeKey({ table, metric, from }: DefaultRoute): string {
  return `${table} ${metric} ${from ?? ''}`;
}

function addRoute(route: DefaultRoute): string {
  return `route replace ${routeWords(route)}`;
}

function deleteRoute(route: DefaultRoute): string {
  return `route del ${routeWords(route)}`;
}

function routeWords({ type, table, metric, from, device, gateway, source }: DefaultRoute): string {
  const words: (string | number)[] = type === 'unicast' ? ['default'] : [type, 'default'];
  if (from !== undefined) words.push('from', from);
  if (gateway !== undefined) words.push('via', gateway);
  if (device !== undefined) words.push('dev', device);
  // the gateway need not be in a connected prefix of this table
  if (gateway !== undefined) words.push('onlink');
  if (source !== undefined) words.push('src', source);
  return [...words, 'metric', metric, 'table', table, 'proto', PROTOCOL].join(' ');
}

function ruleWords({ priority, mark, mask, table }: IpRule): string {
  const fwmark = `${formatMark(mark)}/${formatMark(mask)}`;
  return `priority ${priority} fwmark ${fwmark} table ${table} protocol ${PROTOCOL}`;
}
