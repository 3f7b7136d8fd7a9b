/** What of the rules in force depends on the interfaces of the moment, and is changed in place. */
import { clientInterface } from '../model/client.ts';
import { key32 } from './config-map.ts';
import { ACTION, CLIENT_KEY, type Action } from './layouts.ts';
import type { Maps } from './maps.ts';

/** Of one cell. */
export interface CellInterfaces {
  /** What a local socket is bound to, or 0. */
  readonly ifindex: number;
  /** Clients that are interfaces, 16 bytes each (clientOfInterface); clients of other kinds stay as they are. */
  readonly clients: readonly Uint8Array[];
}

/**
 * Brings cells to the interfaces that `wanted` tells: clients are added first, and removed last. Returns whether
 * anything changed: then verdicts are to be made void.
 */
export function updateInterfaces(
  maps: Maps,
  cells: ReadonlyMap<number, Action>,
  wanted: (action: Action, cell: number) => CellInterfaces,
): boolean {
  const clients = maps.get('clients');
  const wantedKeys = new Map<string, Uint8Array>();
  const moved: [number, Action][] = [];
  for (const [cell, action] of cells) {
    const { ifindex, clients: interfaces } = wanted(action, cell);
    if (ifindex !== action.ifindex) moved.push([cell, { ...action, ifindex }]);
    for (const client of interfaces) {
      const key = CLIENT_KEY.encode({ prefixlen: 32 + 128, cell, client });
      wantedKeys.set(Buffer.from(key).toString('hex'), key);
    }
  }
  const present = interfaceClients(maps, cells);
  const added = [...wantedKeys].filter(([hex]) => !present.has(hex));
  const removed = [...present].filter(([hex]) => !wantedKeys.has(hex));
  for (const [, key] of added) clients.update(key, key32(1));
  for (const [cell, action] of moved)
    maps.get('actions').update(key32(cell), ACTION.encode(action));
  for (const [, key] of removed) clients.delete(key);
  return added.length + moved.length + removed.length > 0;
}

/** The keys of `clients` that are interfaces of these cells. */
function interfaceClients(
  maps: Maps,
  cells: ReadonlyMap<number, Action>,
): ReadonlyMap<string, Uint8Array> {
  const { count, keys } = maps.get('clients').entries();
  const found = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const key = keys.slice(i * CLIENT_KEY.size, (i + 1) * CLIENT_KEY.size);
    const { cell, prefixlen, client } = CLIENT_KEY.decode(key);
    if (!cells.has(cell) || prefixlen !== 32 + 128) continue;
    if (clientInterface(client) !== undefined) found.set(Buffer.from(key).toString('hex'), key);
  }
  return found;
}
