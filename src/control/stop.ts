/** Ends the data path: nothing of ours is left (S5). */
import {
  openLibbpf,
  pinsBelow,
  readLinks,
  removeLink,
  removePins,
  type Pins,
} from '../datapath/index.ts';
import { removeRouting, removeStickiness } from '../route/index.ts';
import { requireRoot } from './environment.ts';
import { withLock } from './lock.ts';
import type { Settings } from './settings.ts';

export interface Stopped {
  /** Was there anything to stop? */
  readonly stopped: boolean;
}

/**
 * Removes links, pins, routing and nft table, in this order: no packet gets a mark that leads nowhere. It goes
 * by what is there, so that it ends a start that was killed, too.
 */
export async function teardown(pins: Pins): Promise<boolean> {
  const links = readLinks(pins);
  for (const { pin } of links) removeLink(pins, pin);
  const pinned = removePins(pins);
  const routes = await removeRouting();
  const table = await removeStickiness();
  return links.length > 0 || pinned || routes > 0 || table;
}

/** Throws DomainrouteError. To stop what does not run is no error. */
export async function stop(settings: Settings): Promise<Stopped> {
  requireRoot('stop');
  openLibbpf(settings.assets);
  const pins = pinsBelow(settings.pin);
  return withLock(
    settings.run,
    () => false,
    async () => ({ stopped: await teardown(pins) }),
  );
}
