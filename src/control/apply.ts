/**
 * Brings the kernel to what a plan says. What is in force stays in force until all that can fail has not:
 * a rule set is written beside the live one, and swapped in last.
 */
import { randomBytes } from 'node:crypto';
import {
  allStand,
  applyLinks,
  checkBpffs,
  forgetVersion,
  loadPrograms,
  makePinDirectories,
  Maps,
  MAP_NAMES,
  noteVersion,
  objectsDigest,
  pinMaps,
  pinsBelow,
  planProtected,
  readConfig,
  readLiveRules,
  readVersion,
  stageRules,
  type Config,
  type LoadedPrograms,
  type Pins,
} from '../datapath/index.ts';
import {
  applyRouting,
  applyStickiness,
  readRouting,
  runCommand,
  type KernelRouting,
} from '../route/index.ts';
import { formatMark } from '../model/mark.ts';
import type { Configuration, Diagnostic } from '../model/rule.ts';
import { compileRules, type RuleSet } from '../rules/compile.ts';
import { imageOf } from './image.ts';
import { readChunks, type Plan } from './plan.ts';
import type { Settings } from './settings.ts';
import {
  assignTargets,
  liveTargets,
  routeTargets,
  targetKeyOf,
  type LiveTargets,
} from './targets.ts';

const SECOND = 1_000_000_000n;

export interface Applied {
  readonly generation: number;
  /** Enabled rules. */
  readonly rules: number;
  /** Devices of rules that are missing or down. */
  readonly down: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Is everything pinned, and rules in force? */
export function isRunning(pins: Pins): boolean {
  const maps = new Maps(pins);
  try {
    return maps.complete() && readConfig(maps) !== undefined;
  } finally {
    maps.close();
  }
}

/**
 * Applies a plan to the data path at `settings.pin`, which may run already. `renew`: links that stand get the
 * programs of this version. Throws DomainrouteError; what ran before runs on, what was made anew is the
 * caller's to remove.
 */
export async function applyPlan(settings: Settings, plan: Plan, renew: boolean): Promise<Applied> {
  const pins = pinsBelow(settings.pin);
  checkBpffs(pins);
  const maps = new Maps(pins);
  let loaded: LoadedPrograms | undefined;
  try {
    const config = maps.complete() ? readConfig(maps) : undefined;
    const seed = config?.seed ?? randomBytes(8).readBigUInt64LE();
    const configuration = withRunning(plan.configuration, config);
    // ip works while rules are compiled; its error is met where the routing is awaited
    const routing = readRouting(runCommand);
    routing.catch(() => undefined);
    const rules = compileRules({ configuration, seed, readList: readChunks });
    const reuse = new Map(config === undefined ? [] : MAP_NAMES.map((n) => [n, maps.get(n)]));
    const digest = objectsDigest(settings.assets);
    // loading takes the verifier seconds on a router
    const current = !renew || readVersion(pins) === digest;
    if (config === undefined || !current || !allStand(pins, plan.links, plan.cgroup)) {
      const programs = new Set(plan.links.map(({ program }) => program));
      const { facts } = configuration.main;
      loaded = loadPrograms({ assets: settings.assets, programs, reuse, facts });
    }
    if (config === undefined && loaded !== undefined) {
      makePinDirectories(pins);
      pinMaps(pins, loaded);
    }
    const down = await swapRules(
      maps,
      { ...plan, configuration },
      rules,
      seed,
      config,
      await routing,
      () => {
        if (loaded !== undefined) forgetVersion(pins);
        applyLinks({
          pins,
          wanted: plan.links,
          programs: loaded?.programs ?? new Map(),
          cgroup: plan.cgroup,
        });
        if (loaded !== undefined) noteVersion(pins, digest);
      },
    );
    return {
      generation: readConfig(maps)?.generation ?? 0,
      rules: configuration.rules.filter(({ enabled }) => enabled).length,
      down,
      diagnostics: [
        ...plan.diagnostics,
        ...rules.diagnostics,
        ...laterDiagnostics(maps, plan, config),
      ],
    };
  } finally {
    loaded?.close();
    maps.close();
  }
}

async function swapRules(
  maps: Maps,
  plan: Plan,
  rules: RuleSet,
  seed: bigint,
  old: Config | undefined,
  routing: KernelRouting,
  attach: () => void,
): Promise<readonly string[]> {
  const { main } = plan.configuration;
  const live = currentTargets(maps, old, main.table, routing);
  const deviceOf = (name: string): string => plan.resolve(name)?.name ?? name;
  const wantedKeys = rules.actions.flatMap(({ rule }) => targetKeyOf(rule) ?? []);
  const numbers = assignTargets(wantedKeys, main.markMask, live);
  const targets = routeTargets(numbers, deviceOf);
  const image = imageOf(rules, { main, resolve: plan.resolve, targets: numbers });

  const staged = stageRules(maps, image);
  const protection = planProtected(maps, plan.protected);
  protection.add();
  // live connections of rules that go are still on their way: their tables stay until stop, or a new use
  const options = { table: main.table, markMask: main.markMask, keepOthers: true };
  const { down } = await applyRouting(targets, options, runCommand, routing);
  if (targets.length > 0) await applyStickiness(main.markMask);
  // programs that run have rules already; new ones must not meet an empty configuration
  if (old !== undefined) attach();
  const hold = BigInt(main.holdSeconds) * SECOND;
  staged.commit({ mark_mask: main.markMask, seed, hold });
  if (old === undefined) attach();
  staged.cleanup();
  protection.removeOld();
  return down;
}

function currentTargets(
  maps: Maps,
  old: Config | undefined,
  table: number,
  routing: KernelRouting,
): LiveTargets {
  if (old === undefined) return { numbers: new Map(), recent: new Set() };
  return liveTargets(readLiveRules(maps).cells.values(), old.mark_mask, table, routing);
}

/** Marks of connections that live are under the mask they began with: it stays until a stop. */
function withRunning(configuration: Configuration, running: Config | undefined): Configuration {
  const { main } = configuration;
  return { ...configuration, main: { ...main, markMask: running?.mark_mask ?? main.markMask } };
}

/** Options that take effect after a stop. */
function laterDiagnostics(
  maps: Maps,
  { configuration: { main } }: Plan,
  running: Config | undefined,
): Diagnostic[] {
  const later = (option: string, value: string, now: string): Diagnostic => ({
    severity: 'warning',
    type: 'domainroute',
    section: 'main',
    option,
    value,
    message: `takes effect after a stop: it is ${now} now`,
  });
  const { maxEntries } = maps.get('facts').info;
  const { mark_mask: mask = main.markMask } = running ?? {};
  return [
    ...(maxEntries === main.facts ? [] : [later('facts', String(main.facts), String(maxEntries))]),
    ...(mask === main.markMask
      ? []
      : [later('mark_mask', formatMark(main.markMask), formatMark(mask))]),
  ];
}
