/**
 * Runs on the router: what the daemon does when the network changes while a command has the lock, which then brings another
 * configuration. argv: Settings as JSON, the directory of that configuration.
 */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfiguration } from '../../../src/config/load.ts';
import { follow } from '../../../src/control/follow.ts';
import { stageInForce } from '../../../src/control/in-force.ts';
import { lockFile } from '../../../src/control/lock.ts';
import type { Settings } from '../../../src/control/settings.ts';
import { openLibbpf } from '../../../src/datapath/index.ts';

const [, , settingsJson = '{}', directory = ''] = process.argv;
const settings = JSON.parse(settingsJson) as Settings;

async function followLate(): Promise<void> {
  openLibbpf(settings.assets);
  const lock = await lockFile(settings.run, join(settings.run, 'lock'), 10_000);
  if (lock === undefined) throw new Error('Cannot lock');
  const followed = follow(settings, () => Promise.resolve(undefined));
  stageInForce(settings.run, loadConfiguration(directory))();
  closeSync(lock);
  await followed;
}

void followLate();
