/** What the programs count: packets by rule, reasons, and how full the maps are. */
import { possibleCpus } from '#libbpf-ts';
import { REASONS } from './constants.ts';
import { COUNTER, readCount } from './layouts.ts';
import type { MapName, Maps } from './maps.ts';

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** By rule number; 0 is what no rule took. */
export function readCounters(maps: Maps): Count[] {
  const cpus = possibleCpus();
  const { count, values } = maps.get('counters').entries();
  const view = new DataView(values.buffer, values.byteOffset);
  const [packetsAt, bytesAt] = [COUNTER.fields.packets[1], COUNTER.fields.bytes[1]];
  return Array.from({ length: count }, (_, rule) => {
    let packets = 0;
    let bytes = 0;
    for (let cpu = 0; cpu < cpus; cpu++) {
      const at = (rule * cpus + cpu) * COUNTER.size;
      packets += readCount(view, at + packetsAt);
      bytes += readCount(view, at + bytesAt);
    }
    return { packets, bytes };
  });
}

/** By the name of the reason; those that never were are left out. */
export function readReasons(maps: Maps): Record<string, number> {
  const cpus = possibleCpus();
  const { count, values } = maps.get('reasons').entries();
  const view = new DataView(values.buffer, values.byteOffset);
  const pairs = Array.from({ length: count }, (_, reason) => {
    let sum = 0;
    for (let cpu = 0; cpu < cpus; cpu++) sum += readCount(view, (reason * cpus + cpu) * 8);
    return [REASONS[reason] ?? `reason_${reason}`, sum] as const;
  });
  return Object.fromEntries(pairs.filter(([, sum]) => sum > 0));
}

export interface Usage {
  readonly used: number;
  readonly limit: number;
}

/** How many entries a map has, and how many fit. */
export function readUsage(maps: Maps, name: MapName): Usage {
  const map = maps.get(name);
  return { used: map.entries().count, limit: map.info.maxEntries };
}
