/** What every query begins with: the addon, the pinned maps, the settings in force. */
import { DomainrouteError } from '../base/errors.ts';
// each from its own file: what rdns needs is loaded in a few milliseconds, all of the data path is not
import { readConfig } from '../datapath/config-map.ts';
import type { Config } from '../datapath/layouts.ts';
import { openLibbpf } from '../datapath/libbpf.ts';
import { Maps, notRunning } from '../datapath/maps.ts';
import { pinsBelow, type Pins } from '../datapath/pins.ts';
import type { Settings } from './settings.ts';

function openMaps({ assets, pin }: Settings): { readonly maps: Maps; readonly config: Config } {
  openLibbpf(assets);
  const maps = new Maps(pinsBelow(pin));
  try {
    const config = readConfig(maps);
    if (config === undefined) throw notRunning();
    return { maps, config };
  } catch (error) {
    maps.close();
    throw error;
  }
}

/** Runs `task` on the pinned maps. Throws DomainrouteError 'not-running' if there are none. */
export function withMaps<T>(settings: Settings, task: (maps: Maps, config: Config) => T): T {
  const { maps, config } = openMaps(settings);
  try {
    return task(maps, config);
  } finally {
    maps.close();
  }
}

/** The same for a task that takes its time. */
export async function withMapsUntil<T>(
  settings: Settings,
  task: (maps: Maps) => Promise<T>,
): Promise<T> {
  const { maps } = openMaps(settings);
  try {
    return await task(maps);
  } finally {
    maps.close();
  }
}

/** Goes up whenever rules are put in force; 0: nothing runs. */
export function generationInForce({ assets, pin }: Settings): number {
  openLibbpf(assets);
  return configBelow(pinsBelow(pin))?.generation ?? 0;
}

/** Is everything pinned, and rules in force? {@link openLibbpf} comes first. */
export function isRunning(pins: Pins): boolean {
  return configBelow(pins) !== undefined;
}

function configBelow(pins: Pins): Config | undefined {
  const maps = new Maps(pins);
  try {
    return maps.complete() ? readConfig(maps) : undefined;
  } catch (error) {
    // a stop was faster
    if (isNotRunning(error)) return undefined;
    throw error;
  } finally {
    maps.close();
  }
}

/** Is it that nothing is pinned, or not any more? */
export function isNotRunning(error: unknown): boolean {
  return error instanceof DomainrouteError && error.code === 'not-running';
}
