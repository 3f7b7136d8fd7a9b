/** Facts as the bytes of a map, built field by field after `struct pair` and `struct fact` of bpf/domainroute.h. */
import type { FactEntries, FactStore } from '../../../src/facts/fact.ts';
import { parseAddress } from '../../../src/model/address.ts';
import { parseClient } from '../../../src/model/client.ts';

export const LAYOUT = {
  keySize: 32,
  client: 0,
  address: 16,
  valueSize: 296,
  told: 0,
  expires: 8,
  lastSeen: 16,
  nameLength: 32,
  source: 34,
  name: 40,
};

export interface FactText {
  readonly client?: string;
  readonly address: string;
  /** In wire form with the root, or a name of plain labels. */
  readonly name: string | Uint8Array;
  /** Seconds. */
  readonly told?: number;
  readonly expires?: number;
  readonly lastSeen?: number;
  readonly source?: number;
  readonly matched?: boolean;
}

/** With the root's byte. */
export function wire(name: string): Uint8Array {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(String.fromCharCode(label.length) + label, 'latin1')),
    Uint8Array.of(0),
  ]);
}

export function bytes(parse: (text: string) => Uint8Array | undefined, text: string): Uint8Array {
  const parsed = parse(text);
  if (parsed === undefined) throw new Error(`not read: ${text}`);
  return parsed;
}

function entriesOf(facts: readonly FactText[]): FactEntries {
  const keys = Buffer.alloc(facts.length * LAYOUT.keySize);
  const values = Buffer.alloc(facts.length * LAYOUT.valueSize);
  facts.forEach((fact, i) => {
    const { told = 0, expires = 0, lastSeen = 0, source = 0 } = fact;
    const name = typeof fact.name === 'string' ? wire(fact.name) : fact.name;
    keys.set(bytes(parseClient, fact.client ?? '::'), i * 32);
    keys.set(bytes(parseAddress, fact.address), i * 32 + 16);
    const at = i * 296;
    [told, expires, lastSeen].forEach((seconds, field) =>
      values.writeBigUInt64LE(BigInt(seconds) * 1_000_000_000n, at + field * 8),
    );
    values.writeUInt16LE(name.length, at + 32);
    values.writeUInt8(source, at + 34);
    values.set(name, at + 40);
  });
  return { count: facts.length, keys, values };
}

export function storeOf(facts: readonly FactText[]): FactStore {
  const [matched, strays] = [true, false].map((kind) =>
    entriesOf(facts.filter((fact) => (fact.matched ?? true) === kind)),
  );
  if (matched === undefined || strays === undefined) throw new Error('unreachable');
  return { layout: LAYOUT, entries: (kind) => (kind ? matched : strays) };
}
