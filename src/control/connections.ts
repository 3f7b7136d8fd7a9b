/**
 * The nft table that keeps live connections on their way, kept itself: others delete it (`nft flush ruleset`, fw4's
 * restart), so its text lies in the run directory. The firewall loads it from there with its own rules, in one
 * transaction (files/usr/share/nftables.d), and so does {@link repairTable}.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Maps, openLibbpf, pinsBelow, readConfig, readLiveRules } from '../datapath/index.ts';
import {
  applyStickiness,
  removeFile,
  removeStickiness,
  renderTable,
  replaceFile,
} from '../route/index.ts';
import { withLock } from './lock.ts';
import { generationInForce } from './session.ts';
import type { Settings } from './settings.ts';

function fileOf(run: string): string {
  return join(run, 'domainroute.nft');
}

/**
 * Loads the table unless it is there, and keeps its text: what is in the file, nft has taken. Returns whether the table
 * was not there, or not whole. Throws DomainrouteError. Behind the lock.
 */
export async function keepTable(run: string, markMask: number): Promise<boolean> {
  const changed = await applyStickiness(markMask);
  const text = renderTable(markMask);
  if (readText(fileOf(run)) !== text) replaceFile(fileOf(run), text);
  return changed;
}

/**
 * Removes both (S5), and what commands that were killed have left; the file first, or the firewall could load it again.
 * Returns whether there was a table.
 */
export async function removeTable(run: string): Promise<boolean> {
  removeFile(fileOf(run));
  return removeStickiness();
}

/**
 * Puts the table back if somebody deleted it: new connections are kept again, and those that live know by their own
 * marks where they belong. Returns whether it was gone; false also where nothing runs, or no rule needs the table.
 * Throws DomainrouteError.
 */
export async function repairTable(settings: Settings): Promise<boolean> {
  openLibbpf(settings.assets);
  if (generationInForce(settings) === 0) return false;
  return withLock(
    settings.run,
    () => generationInForce(settings) !== 0,
    async () => {
      const markMask = maskInUse(settings);
      return markMask !== undefined && (await keepTable(settings.run, markMask));
    },
  );
}

/** The mask of the marks that connections carry; undefined: none does. */
function maskInUse({ pin, run }: Settings): number | undefined {
  const maps = new Maps(pinsBelow(pin));
  try {
    const config = maps.complete() ? readConfig(maps) : undefined;
    if (config === undefined) return undefined;
    const mask = config.mark_mask;
    // connections of rules that are gone are still kept
    if (existsSync(fileOf(run))) return mask;
    const cells = [...readLiveRules(maps).cells.values()];
    return cells.some((cell) => cell.mask === mask) ? mask : undefined;
  } finally {
    maps.close();
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
