/** Start and reload. */
import { readPackage } from '#uci-parser';
import { DomainrouteError } from '../base/errors.ts';
import { loadConfiguration, PACKAGE } from '../config/load.ts';
import { checkBpffs, hasPins, notRunning, openLibbpf, pinsBelow } from '../datapath/index.ts';
import type { Configuration } from '../model/rule.ts';
import { applyPlan, type Applied } from './apply.ts';
import { requireRoot } from './environment.ts';
import { stageInForce } from './in-force.ts';
import { withLock } from './lock.ts';
import { makePlan, type Plan } from './plan.ts';
import { isRunning } from './session.ts';
import type { Settings } from './settings.ts';
import { teardown } from './stop.ts';

/** `option enabled '0'` is a no; without the option, whoever calls start means it. */
function isDisabled(directory: string, { main }: Configuration): boolean {
  if (main.enabled) return false;
  return readPackage(directory, PACKAGE).sections.some(
    ({ name, options }) => name === 'main' && options.has('enabled'),
  );
}

/** The configuration that start may use. */
function enabledConfiguration(directory: string): Configuration {
  const configuration = loadConfiguration(directory);
  if (!isDisabled(directory, configuration)) return configuration;
  throw new DomainrouteError(
    'config',
    "Cannot start domainroute: section 'main' has option enabled '0' (set it to '1')",
  );
}

/**
 * Starts, or brings what runs to this configuration and this version's programs. Throws DomainrouteError: if
 * nothing ran before nothing is left, else what ran runs on.
 */
export async function start(settings: Settings): Promise<Applied> {
  requireRoot('start');
  openLibbpf(settings.assets);
  const pins = pinsBelow(settings.pin);
  const run = async (): Promise<Applied> => {
    checkBpffs(pins);
    const plan = await makePlan(settings, () => enabledConfiguration(settings.config));
    const ranBefore = isRunning(pins);
    // what a killed start has left
    if (!ranBefore && hasPins(pins)) await teardown(settings);
    try {
      return await bringInForce(settings, plan, true);
    } catch (error) {
      if (!ranBefore) await teardown(settings);
      throw error;
    }
  };
  return withLock(settings.run, () => isRunning(pins), run);
}

async function bringInForce(settings: Settings, plan: Plan, renew: boolean): Promise<Applied> {
  const keep = stageInForce(settings.run, plan.configuration);
  const applied = await applyPlan(settings, plan, renew);
  keep();
  return applied;
}

/**
 * Brings what runs to the configuration as it is now. Throws DomainrouteError 'not-running' if nothing runs; on
 * any other error what was in force stays in force.
 */
export async function reload(settings: Settings): Promise<Applied> {
  requireRoot('reload');
  openLibbpf(settings.assets);
  const pins = pinsBelow(settings.pin);
  if (!isRunning(pins)) throw notRunning();
  const run = async (): Promise<Applied> => {
    if (!isRunning(pins)) throw notRunning();
    // read behind the lock: of two reloads the later one has the newer file
    const plan = await makePlan(settings, () => loadConfiguration(settings.config));
    return bringInForce(settings, plan, false);
  };
  return withLock(settings.run, () => isRunning(pins), run);
}
