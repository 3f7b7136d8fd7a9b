/** What runs, and how full it is. */
import {
  Maps,
  openLibbpf,
  pinsBelow,
  readConfig,
  readLinks,
  readReasons,
  readUsage,
  type LinkState,
  type Usage,
} from '../datapath/index.ts';
import { readCounts, type RuleCount } from './counters.ts';
import { readDevices } from '../route/index.ts';
import { readPresence, type DaemonStatus } from './presence.ts';
import type { Settings } from './settings.ts';

export interface StatusDevice {
  /** Null: the device is gone, or in another network namespace. */
  readonly name: string | null;
  readonly ifindex: number;
  readonly role: 'lan' | 'wan';
  readonly programs: readonly string[];
}

/** The JSON shape of the command line and of ubus. */
export interface Status {
  readonly running: boolean;
  /** Of the rules, 1 and up; 0: none are in force. */
  readonly generation: number;
  readonly devices: readonly StatusDevice[];
  /** Programs on the router's own sockets. */
  readonly local: readonly string[];
  readonly rules: { readonly count: number; readonly sections: readonly RuleCount[] };
  /** `used`: all facts; `matched`: those that a rule matched, whose `limit` this is. */
  readonly facts: Usage & { readonly matched: number };
  readonly verdicts: Usage;
  readonly reasons: Readonly<Record<string, number>>;
  /** Null: the data path works by itself. */
  readonly daemon: DaemonStatus | null;
}

const STOPPED: Omit<Status, 'daemon'> = {
  running: false,
  generation: 0,
  devices: [],
  local: [],
  rules: { count: 0, sections: [] },
  facts: { used: 0, limit: 0, matched: 0 },
  verdicts: { used: 0, limit: 0 },
  reasons: {},
};

/** Not to run is a status, too. Throws DomainrouteError 'privilege' for those who may not look. */
export async function status(settings: Settings): Promise<Status> {
  openLibbpf(settings.assets);
  const pins = pinsBelow(settings.pin);
  const maps = new Maps(pins);
  try {
    const config = maps.complete() ? readConfig(maps) : undefined;
    const daemon = readPresence(settings);
    if (config === undefined) return { ...STOPPED, daemon };
    const links = readLinks(pins).filter(({ programId }) => programId !== 0);
    const [matched, strays] = [readUsage(maps, 'facts'), readUsage(maps, 'strays')];
    const { rules } = readCounts(maps);
    return {
      running: true,
      generation: config.generation,
      devices: await devicesOf(links),
      local: links.filter(({ role }) => role === 'local').map(({ program }) => program),
      rules: { count: rules.length, sections: rules },
      facts: { used: matched.used + strays.used, limit: matched.limit, matched: matched.used },
      verdicts: readUsage(maps, 'verdicts'),
      reasons: readReasons(maps),
      daemon,
    };
  } finally {
    maps.close();
  }
}

async function devicesOf(links: readonly LinkState[]): Promise<StatusDevice[]> {
  const names = new Map((await readDevices()).map(({ ifindex, name }) => [ifindex, name]));
  const devices = new Map<string, StatusDevice>();
  for (const { ifindex, role, program } of links) {
    if (role === 'local') continue;
    const key = `${role} ${ifindex}`;
    const programs = [...(devices.get(key)?.programs ?? []), program];
    devices.set(key, { name: names.get(ifindex) ?? null, ifindex, role, programs });
  }
  return [...devices.values()];
}
