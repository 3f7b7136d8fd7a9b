/** The programs in the kernel, run on frames by BPF_PROG_TEST_RUN, and their maps. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BpfMap,
  BpfObject,
  type BpfProgram,
  loadAddon,
  MapType,
  readBtf,
  RingBuffer,
} from '#libbpf-ts';
import {
  encodeAction,
  encodeClientKey,
  encodeConfig,
  encodeProtectedKey,
  encodeU32,
  encodeU64,
  verdictKey,
} from './model/layout.ts';
import { PROGRAMS, type ProgramName, type Run } from './model/model.ts';
import { REASONS } from './model/reasons.ts';
import type { Policy } from './model/state.ts';

/** Maps of what was seen and decided. */
export const TABLES = [
  'pending',
  'facts',
  'strays',
  'aliases',
  'stray_aliases',
  'names',
  'verdicts',
] as const;
export type TableName = (typeof TABLES)[number];

export interface Outcome {
  readonly returnValue: number;
  readonly mark: number;
}

export interface HarnessOptions {
  /** With lan.bpf.o and wan.bpf.o. */
  readonly objectsDirectory: string;
  readonly addonPath: string;
  /** Those to load; default all. */
  readonly programs?: readonly ProgramName[];
  /** Sizes of maps other than {@link SIZES}. */
  readonly maxEntries?: Readonly<Record<string, number>>;
}

/** Large enough that no LRU map evicts an entry during a round. */
const SIZES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(TABLES.map((table) => [table, 16384])),
  events: 1 << 22,
};

/** struct verdict. */
const VERDICT_SIZE = 96;
const PAIR_SIZE = 32;
const PACKETS = 72;
const BYTES = 80;
const LAST_SEEN = 88;
/** The upper 10 bits of a verdict's key are its place in `recents`. */
const RECENT_SHIFT = 54n;

const MARK_OFFSET = 8;
const ZERO = encodeU32(0);

export class Harness {
  private readonly objects: BpfObject[];
  private readonly programs: ReadonlyMap<ProgramName, BpfProgram>;
  private readonly context = new Uint8Array(192);
  private readonly contextView = new DataView(this.context.buffer);
  private readonly lan: BpfObject;
  private readonly ring: RingBuffer;
  private readonly cpus: number;
  private records: Buffer[] = [];
  private rules: BpfMap | undefined;
  private readonly unpin: () => void;

  constructor(options: HarnessOptions) {
    loadAddon(options.addonPath);
    this.unpin = pinToOneCpu();
    const maxEntries = { ...SIZES, ...options.maxEntries };
    const wanted = options.programs ?? PROGRAMS;
    const programs = (side: string): ProgramName[] =>
      wanted.filter((name) => name.startsWith(side));
    const path = (side: string): string => join(options.objectsDirectory, `${side}.bpf.o`);
    this.lan = BpfObject.load(path('lan'), { programs: programs('lan'), maxEntries });
    const shared = [...readBtf(path('wan')).maps.keys()].filter((name) =>
      this.lan.mapNames.includes(name),
    );
    const wan = BpfObject.load(path('wan'), {
      programs: programs('wan'),
      reuse: Object.fromEntries(shared.map((name) => [name, this.lan.map(name)])),
    });
    this.objects = [this.lan, wan];
    this.programs = new Map(
      wanted.map((name) => [name, (name.startsWith('lan') ? this.lan : wan).program(name)]),
    );
    this.ring = new RingBuffer(this.lan.map('events'), (record) => {
      this.records.push(Buffer.from(record));
    }).unref();
    this.cpus = this.lan.map('reasons').entries().values.length / REASONS / 8;
  }

  close(): void {
    this.unpin();
    this.ring.close();
    this.rules?.close();
    for (const object of this.objects) object.close();
  }

  /** Undefined: BPF_PROG_TEST_RUN itself refused the frame (EINVAL: shorter than its type asks for). */
  run({ program, frame, mark }: Run): Outcome | undefined {
    this.contextView.setUint32(MARK_OFFSET, mark, true);
    const runner = this.programs.get(program);
    if (runner === undefined) throw new RangeError(`Cannot run '${program}': it is not loaded`);
    try {
      const { returnValue, context } = runner.testRun({ data: frame, context: this.context });
      if (context === undefined)
        throw new Error(`Cannot read the context of '${program}': there is none`);
      const view = new DataView(context.buffer, context.byteOffset);
      return { returnValue, mark: view.getUint32(MARK_OFFSET, true) };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return undefined;
      throw error;
    }
  }

  map(name: string): BpfMap {
    return this.lan.map(name);
  }

  /** Writes everything that the control plane writes; clears what was there of it. */
  writePolicy(policy: Policy): void {
    for (const name of ['clients', 'protected']) this.clearMap(this.map(name));
    for (const { cell, address, bits } of policy.clients) {
      this.map('clients').update(encodeClientKey(cell, address, bits), encodeU32(1));
    }
    for (const { address, bits, value } of policy.protected) {
      this.map('protected').update(encodeProtectedKey(address, bits), encodeU32(value));
    }
    for (const [cell, action] of policy.actions) {
      this.map('actions').update(
        encodeU32(cell),
        encodeAction(action, `rule${action.rule}`, 'wg0'),
      );
    }
    const rules = BpfMap.create({
      type: MapType.HASH,
      keySize: 8,
      valueSize: 4,
      maxEntries: Math.max(1, policy.rules.size),
      name: 'rules',
    });
    for (const [key, cell] of policy.rules) rules.update(encodeU64(key), encodeU32(cell));
    this.map('rules').updateInner(ZERO, rules);
    this.rules?.close();
    this.rules = rules;
    this.map('config').update(ZERO, encodeConfig(policy.config));
  }

  /** Key and value bytes by key as a binary string; of an array, the places that are used. */
  entries(table: TableName): Map<string, Buffer> {
    const map = this.map(table);
    const { keySize, valueSize, type } = map.info;
    const { count, keys, values } = map.entries();
    const all = new Map<string, Buffer>();
    const keyBytes = Buffer.from(keys.buffer, keys.byteOffset, keys.length);
    const valueBytes = Buffer.from(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < count; i++) {
      const key = keyBytes.toString('latin1', i * keySize, (i + 1) * keySize);
      const value = valueBytes.subarray(i * valueSize, (i + 1) * valueSize);
      if (type !== MapType.ARRAY || value.some((byte) => byte !== 0)) all.set(key, value);
    }
    return all;
  }

  /** Verdicts by pair, with what the CPUs' `recents` have counted and not yet added. */
  verdicts(): Map<string, Buffer> {
    const verdicts = new Map<string, Buffer>();
    for (const [key, value] of this.entries('verdicts')) {
      const pair = value.toString('latin1', 0, PAIR_SIZE);
      if (encodeU64(verdictKey(pair)).toString('latin1') === key) verdicts.set(pair, value);
    }
    const { values } = this.map('recents').entries();
    const recents = Buffer.from(values.buffer, values.byteOffset, values.length);
    for (let at = 0; at < recents.length; at += VERDICT_SIZE) {
      const packets = recents.readBigUInt64LE(at + PACKETS);
      const verdict =
        packets === 0n ? undefined : verdicts.get(recents.toString('latin1', at, at + PAIR_SIZE));
      if (verdict === undefined) continue;
      const add = (field: number): unknown =>
        verdict.writeBigUInt64LE(
          verdict.readBigUInt64LE(field) + recents.readBigUInt64LE(at + field),
          field,
        );
      add(PACKETS);
      add(BYTES);
      const seen = recents.readBigUInt64LE(at + LAST_SEEN);
      if (seen > verdict.readBigUInt64LE(LAST_SEEN)) verdict.writeBigUInt64LE(seen, LAST_SEEN);
    }
    return verdicts;
  }

  /** Writes a verdict whole; no CPU has anything newer of it. */
  writeVerdict(pair: string, value: Buffer): void {
    const key = verdictKey(pair);
    const index = encodeU32(Number(key >> RECENT_SHIFT));
    const places = this.map('recents').lookup(index) ?? new Uint8Array(0);
    for (let at = 0; at < places.length; at += VERDICT_SIZE) {
      const place = places.subarray(at, at + VERDICT_SIZE);
      if (Buffer.from(place.subarray(0, PAIR_SIZE)).toString('latin1') === pair) place.fill(0);
    }
    this.map('recents').update(index, places);
    this.map('verdicts').update(encodeU64(key), value);
  }

  clearTables(): void {
    for (const table of TABLES) this.clearMap(this.map(table));
    const { count, keys, values } = this.map('recents').entries();
    this.map('recents').updateBatch(keys, new Uint8Array(values.length), count);
    this.takeEvents();
  }

  private clearMap(map: BpfMap): void {
    const { count, keys, values } = map.entries();
    if (map.info.type === MapType.ARRAY) {
      map.updateBatch(keys, new Uint8Array(values.length), count);
      return;
    }
    if (map.info.type !== MapType.LPM_TRIE) {
      if (count > 0) map.deleteBatch(keys, count);
      return;
    }
    const size = keys.length / Math.max(1, count);
    for (let i = 0; i < count; i++) map.delete(keys.subarray(i * size, (i + 1) * size));
  }

  /** Counts by reason, over all CPUs. */
  reasons(): number[] {
    return this.sums('reasons', REASONS, 1).map(([value = 0]) => value);
  }

  /** Packets and bytes by rule, over all CPUs. */
  counters(rules: number): (readonly [number, number])[] {
    return this.sums('counters', rules, 2).map(([packets = 0, bytes = 0]) => [packets, bytes]);
  }

  private sums(name: string, entries: number, fields: number): number[][] {
    const { values } = this.map(name).entries();
    const view = new DataView(values.buffer, values.byteOffset, values.length);
    return Array.from({ length: entries }, (_, entry) =>
      Array.from({ length: fields }, (__, field) => {
        let sum = 0;
        for (let cpu = 0; cpu < this.cpus; cpu++) {
          const at = ((entry * this.cpus + cpu) * fields + field) * 8;
          sum += view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x100000000;
        }
        return sum;
      }),
    );
  }

  epochs(): Uint32Array {
    const { values } = this.map('epochs').entries();
    return new Uint32Array(values.slice().buffer);
  }

  /** Records of the ring buffer that were not taken yet, in order. */
  takeEvents(): Buffer[] {
    this.ring.consume();
    const records = this.records;
    this.records = [];
    return records;
  }
}

/**
 * Keeps this thread on one CPU, so that what is counted per CPU is counted in one place. Returns the
 * way back; without taskset(1) nothing changes.
 */
function pinToOneCpu(): () => void {
  const taskset = (list: string): void => {
    execFileSync('taskset', ['-p', '-c', list, String(process.pid)], { stdio: 'ignore' });
  };
  try {
    const allowed =
      /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
    taskset(/\d+$/.exec(allowed)?.[0] ?? '0');
    return () => taskset(allowed);
  } catch {
    return () => undefined;
  }
}
