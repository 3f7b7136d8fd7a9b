/**
 * The rows of `rdns` as JSON, from the bytes of the maps to one string: ten thousand facts without an object or
 * a string for each. Making rows first (readRdns) takes half as long again.
 */
import { formatDomainName } from '../model/domain-name.ts';
import { FACT_SOURCES, factSource, type FactClock, type FactStore } from './fact.ts';
import type { FactFilter } from './filter.ts';
import { eachStanding } from './read.ts';
import { append, FactTexts, writeAddress, writeDecimal, writeName } from './text.ts';

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const ADDRESS = ascii(',{"address":"');
const NAME = ascii('","name":"');
const CLIENT = ascii('","client":');
const EXPIRES_IN = ascii(',"expires_in":');
const LAST_SEEN = ascii(',"last_seen":');
/** Of a source that a newer schema may have. */
const UNKNOWN = ascii(`,"source":"${factSource(-1)}"}`);
const SOURCES = FACT_SOURCES.map((source) => ascii(`,"source":"${source}"}`));
/** A row at its longest: a name of 255 bytes as \DDD in JSON takes 5 each, and the rest 200. */
const ROW_MAX = 2048;

/** JSON.stringify of what readRdns returns. */
export function rdnsJson(store: FactStore, filter: FactFilter, clock: FactClock): string {
  const { layout } = store;
  const texts = new FactTexts();
  const clients = new Map<string | null, Uint8Array>();
  let out = Buffer.allocUnsafe(1 << 18);
  let end = 0;
  eachStanding(store, filter, clock, ({ keys, values }, key, value, nameEnd, left, seen) => {
    if (end + ROW_MAX > out.length) {
      const larger = Buffer.allocUnsafe(out.length * 2);
      larger.set(out);
      out = larger;
    }
    let at = append(out, end, ADDRESS);
    at = writeAddress(out, at, keys, key + layout.address);
    at = append(out, at, NAME);
    const name = value + layout.name;
    const plain = writeName(out, at, values, name, nameEnd);
    if (plain === -1) {
      const text = formatDomainName(values.subarray(name, nameEnd));
      at += out.write(JSON.stringify(text).slice(1, -1), at, 'latin1');
    } else {
      at = plain;
    }
    at = append(out, at, CLIENT);
    const client = texts.client(keys, key + layout.client);
    let quoted = clients.get(client);
    if (quoted === undefined) {
      quoted = ascii(JSON.stringify(client));
      clients.set(client, quoted);
    }
    at = append(out, at, quoted);
    at = writeDecimal(out, append(out, at, EXPIRES_IN), left);
    at = writeDecimal(out, append(out, at, LAST_SEEN), seen);
    end = append(out, at, SOURCES[values[value + layout.source] ?? 0] ?? UNKNOWN);
  });
  return `[${out.toString('latin1', 1, Math.max(1, end))}]`;
}
