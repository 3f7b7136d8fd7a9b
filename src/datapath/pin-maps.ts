/** Makes the maps of a first start outlive the process. */
import { join } from 'node:path';
import { messageOf, DomainrouteError } from '../base/errors.ts';
import { MAP_NAMES } from './maps.ts';
import type { LoadedPrograms } from './objects.ts';
import type { Pins } from './pins.ts';

/** Throws DomainrouteError 'platform', also where one is pinned already. */
export function pinMaps({ maps: directory }: Pins, { maps }: LoadedPrograms): void {
  for (const name of MAP_NAMES) {
    const path = join(directory, name);
    try {
      maps.get(name)?.pin(path);
    } catch (cause) {
      throw new DomainrouteError('platform', `Cannot pin '${path}': ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}
