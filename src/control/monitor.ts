/** What is learnt and decided, as it happens. */
import { UbusClient, UbusError } from '#ubus-ts';
import {
  ACTION_BLOCK,
  EVENT_FACT,
  EVENT_VERDICT,
  monotonicNow,
  openLibbpf,
  PAIR,
  readConfig,
  readLiveRules,
  watchEvents,
  type Action,
  type Event,
  type Maps,
} from '../datapath/index.ts';
import { factSource, type FactSource } from '../facts/fact.ts';
import { formatAddress } from '../model/address.ts';
import { formatClient } from '../model/client.ts';
import { formatDomainName } from '../model/domain-name.ts';
import { formatMark } from '../model/mark.ts';
import type { Taught } from './announce/teacher.ts';
import { readPresence } from './presence.ts';
import { withMapsUntil } from './session.ts';
import type { Settings } from './settings.ts';

/** The JSON shape of the command line and of ubus. */
export interface MonitorEvent {
  /** `fact`: a new fact, or another name; `verdict`: one that did not stand before. */
  readonly event: 'fact' | 'verdict';
  /** Seconds since 1970, by the wall clock of now. */
  readonly time: number;
  /** A MAC address or an address; null: any, and the router itself. */
  readonly client: string | null;
  readonly address: string;
  readonly name: string | null;
  /** Null for a verdict without a name. */
  readonly source: FactSource | null;
  /** Of a verdict: UCI section; null: no rule. */
  readonly rule: string | null;
  readonly action: 'route' | 'block' | null;
  readonly mark: string | null;
  readonly interface: string | null;
  /** Whole seconds. */
  readonly expires_in: number;
}

/** The actions by rule number, read again when the rules have changed. */
function actionFinder(maps: Maps): (rule: number) => Action | undefined {
  let generation = 0;
  const actions = new Map<number, Action>();
  return (rule) => {
    const current = readConfig(maps)?.generation ?? 0;
    if (current !== generation) {
      generation = current;
      actions.clear();
      for (const action of readLiveRules(maps).cells.values()) actions.set(action.rule, action);
    }
    return actions.get(rule);
  };
}

function describe(event: Event, action: Action | undefined): MonitorEvent {
  const pair = PAIR.decode(event.pair);
  const now = monotonicNow();
  const length = event.name_length;
  const known = length > 0;
  return {
    event: event.kind === EVENT_FACT ? 'fact' : 'verdict',
    time: Math.round((Date.now() - (now - event.time) / 1e6) / 10) / 100,
    client: formatClient(pair.client),
    address: formatAddress(pair.address),
    name: known ? formatDomainName(event.name.subarray(0, length - 1)) : null,
    source: known ? factSource(event.source) : null,
    rule: action?.section ?? null,
    action: action === undefined ? null : (action.flags & ACTION_BLOCK) === 0 ? 'route' : 'block',
    mark: action === undefined || action.mask === 0 ? null : formatMark(action.mark),
    interface: action === undefined || action.interface === '' ? null : action.interface,
    expires_in: Math.max(0, Math.floor((event.expires - now) / 1e9)),
  };
}

/** A fact that did not come by the ring: dnstap has brought it now. */
export function taughtEvent({ client, address, name, ttlSeconds }: Taught): MonitorEvent {
  return {
    event: 'fact',
    time: Math.round(Date.now() / 10) / 100,
    client: formatClient(client),
    address: formatAddress(address),
    name: formatDomainName(name),
    source: 'dnstap',
    rule: null,
    action: null,
    mark: null,
    interface: null,
    expires_in: ttlSeconds,
  };
}

/**
 * Calls `onEvent` until `signal` is aborted. Throws DomainrouteError 'not-running'. There is one ring of events: a
 * daemon that runs reads it for all, and tells them by ubus.
 */
export async function monitor(
  settings: Settings,
  onEvent: (event: MonitorEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  openLibbpf(settings.assets);
  const isTold = readPresence(settings) !== null && (await hasUbus(settings));
  if (isTold) await watchDaemon(settings, onEvent, signal);
  else await watchRing(settings, (_, describe) => onEvent(describe()), signal);
}

/** Without ubus the daemon has nobody to tell, and leaves the ring to us. */
async function hasUbus({ ubus: path }: Settings): Promise<boolean> {
  try {
    (await UbusClient.connect({ path })).close();
    return true;
  } catch (error) {
    if (error instanceof UbusError) return false;
    throw error;
  }
}

/** It may restart meanwhile, or ubusd: its events come again when both are back. */
async function watchDaemon(
  { ubus: path }: Settings,
  onEvent: (event: MonitorEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const ubus = UbusClient.start({ path });
  ubus.subscribe('domainroute', (type, data) => {
    if (type === 'fact' || type === 'verdict') onEvent(data as unknown as MonitorEvent);
  });
  try {
    await aborted(signal);
  } finally {
    ubus.close();
  }
}

/** An event as the kernel has it, and how to put it into words. */
export type OnEvent = (event: Event, describe: () => MonitorEvent) => void;

/** The same from the ring itself, for one reader at a time. */
export async function watchRing(
  settings: Settings,
  onEvent: OnEvent,
  signal: AbortSignal,
): Promise<void> {
  await withMapsUntil(settings, async (maps) => {
    const actionOf = actionFinder(maps);
    const close = watchEvents(maps, (event) => {
      const rule = event.kind === EVENT_VERDICT ? event.rule : 0;
      onEvent(event, () => describe(event, rule === 0 ? undefined : actionOf(rule)));
    });
    try {
      await aborted(signal);
    } finally {
      close();
    }
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
