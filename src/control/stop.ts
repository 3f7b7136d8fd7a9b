/** Ends the data path: nothing of ours is left (S5). */
import {
  forgetVersion,
  openLibbpf,
  pinsBelow,
  readLinks,
  removeLink,
  removePins,
} from '../datapath/index.ts';
import { removeRouting } from '../route/index.ts';
import { removeTable } from './connections.ts';
import { requireRoot } from './environment.ts';
import { removeInForce } from './in-force.ts';
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
export async function teardown(settings: Settings): Promise<boolean> {
  const pins = pinsBelow(settings.pin);
  const links = readLinks(pins);
  for (const { pin } of links) removeLink(pins, pin);
  forgetVersion(pins);
  const pinned = removePins(pins);
  const routes = await removeRouting();
  const table = await removeTable(settings.run);
  removeInForce(settings.run);
  return links.length > 0 || pinned || routes > 0 || table;
}

/** Throws DomainrouteError. To stop what does not run is no error. */
export async function stop(settings: Settings): Promise<Stopped> {
  requireRoot('stop');
  openLibbpf(settings.assets);
  return withLock(
    settings.run,
    () => false,
    async () => ({ stopped: await teardown(settings) }),
  );
}
