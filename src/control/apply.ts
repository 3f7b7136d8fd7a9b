/**
 * Brings the kernel to what a plan says. What is in force stays in force until all that can fail has not:
 * a rule set is written beside the live one, and swapped in last.
 */
import { randomBytes } from 'node:crypto';
import {
  checkBpffs,
  makePinDirectories,
  Maps,
  MAP_NAMES,
  pinMaps,
  pinsBelow,
  planAttachment,
  planProtected,
  readConfig,
  readLiveRules,
  stageRules,
  type Attachment,
  type Config,
} from '../datapath/index.ts';
import {
  applyRouting,
  runCommand,
  type KernelRouting,
  type RoutingOptions,
} from '../route/index.ts';
import { formatMark } from '../model/mark.ts';
import type { Configuration, Diagnostic, MainOptions, Rule } from '../model/rule.ts';
import { compileRules, type RuleSet } from '../rules/compile.ts';
import { keepTable } from './connections.ts';
import { dropChanged, rulesBefore } from './drop-connections.ts';
import { imageOf } from './image.ts';
import type { Interfaces } from './interfaces.ts';
import { readChunks, type Plan } from './plan.ts';
import { withRetired } from './retired-targets.ts';
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
  /** Interfaces of rules that are missing or down. */
  readonly down: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
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
  let attachment: Attachment | undefined;
  try {
    const config = maps.complete() ? readConfig(maps) : undefined;
    const seed = config?.seed ?? randomBytes(8).readBigUInt64LE();
    const configuration = withRunning(plan.configuration, config);
    const rules = compileRules({ configuration, seed, readList: readChunks });
    attachment = planAttachment({
      pins,
      assets: settings.assets,
      wanted: plan.links,
      cgroup: plan.cgroup,
      maps: new Map(config === undefined ? [] : MAP_NAMES.map((name) => [name, maps.get(name)])),
      facts: configuration.main.facts,
      renew,
    });
    if (config === undefined && attachment.loaded !== undefined) {
      makePinDirectories(pins);
      pinMaps(pins, attachment.loaded);
    }
    const ended = await swapRules(
      settings,
      maps,
      { ...plan, configuration },
      rules,
      seed,
      config,
      attachment,
    );
    return {
      generation: readConfig(maps)?.generation ?? 0,
      rules: configuration.rules.filter(({ enabled }) => enabled).length,
      down: downInterfaces(configuration.rules, plan.interfaces),
      diagnostics: [
        ...plan.diagnostics,
        ...rules.diagnostics,
        ...ended,
        ...laterDiagnostics(maps, plan, config),
      ],
    };
  } finally {
    attachment?.close();
    maps.close();
  }
}

async function swapRules(
  { run }: Settings,
  maps: Maps,
  plan: Plan,
  rules: RuleSet,
  seed: bigint,
  old: Config | undefined,
  attachment: Attachment,
): Promise<readonly Diagnostic[]> {
  const { main } = plan.configuration;
  const { interfaces } = plan;
  const { routing } = plan.host;
  const live = currentTargets(maps, old, main.table, routing);
  const wantedKeys = rules.actions.flatMap(({ rule }) => targetKeyOf(rule) ?? []);
  const deviceOf = (name: string): string | undefined => interfaces.way(name).device;
  const known = withRetired(live, wantedKeys, deviceOf, main.table, routing);
  const numbers = assignTargets(wantedKeys, main.markMask, known);
  const targets = routeTargets(numbers, interfaces.way);
  const image = imageOf(rules, { main, interfaces, targets: numbers });

  const staged = stageRules(maps, image);
  const protection = planProtected(maps, plan.protected);
  protection.add();
  await applyRouting(targets, routingOptions(main), runCommand, routing);
  if (targets.length > 0) await keepTable(run, main.markMask);
  // programs that run have rules already; new ones must not meet an empty configuration
  if (old !== undefined) attachment.attach();
  const hold = BigInt(main.holdSeconds) * SECOND;
  const before = rulesBefore(maps, old, image.actions);
  staged.commit({ mark_mask: main.markMask, seed, hold });
  if (old === undefined) attachment.attach();
  const ended = before === undefined ? [] : await dropChanged(maps, before);
  staged.cleanup();
  protection.removeOld();
  return ended;
}

/** Live connections of rules that go are still on their way: their tables stay until stop, or a new use. */
export function routingOptions({ table, markMask }: MainOptions): RoutingOptions {
  return { table, markMask, keepOthers: true };
}

/** Interfaces of rules that are missing or down. */
export function downInterfaces(rules: readonly Rule[], { isUp }: Interfaces): readonly string[] {
  const names = rules.flatMap(({ enabled, action, interface: name }) =>
    enabled && action === 'route' && name !== undefined ? [name] : [],
  );
  return [...new Set(names)].filter((name) => !isUp(name));
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
