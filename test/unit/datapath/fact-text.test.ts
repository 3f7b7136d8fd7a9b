import assert from 'node:assert/strict';
import { ANY, duration, table } from '../../../src/cli/table.ts';
import { factsAsJson, factsAsTable } from '../../../src/datapath/fact-maps.ts';
import { openLibbpf } from '../../../src/datapath/libbpf.ts';
import { parseFactQuery, type FactFilter, type FactQuery } from '../../../src/facts/filter.ts';
import type { FactStore } from '../../../src/facts/fact.ts';
import { readRdns } from '../facts/reference.ts';
import { standingRows } from '../../../src/facts/standing.ts';
import { storeOf, wire, type FactText } from '../facts/fixtures.ts';

const clock = { now: 1000e9, hold: 100e9 };
const HEADER = ['ADDRESS', 'NAME', 'CLIENT', 'EXPIRES', 'SEEN', 'SOURCE'] as const;

const odd: FactText[] = [
  { address: '192.0.2.1', name: 'www.example.com', client: '02:00:5e:00:53:01', expires: 1300 },
  { address: '2001:db8::1', name: wire('a"b\\c.\x1b.\xff'), expires: 1001, lastSeen: 1, source: 4 },
  { address: '::1', name: wire(''), client: '192.168.3.5', expires: 90_000, source: 99 },
  { address: '192.0.2.4', name: 'old.test', expires: 900 },
  { address: '192.0.2.5', name: wire('\x07'.repeat(63)), lastSeen: 999, source: 1, matched: false },
];

/** Enough for every buffer to grow, with the longest names there are. */
const many: FactText[] = Array.from({ length: 2000 }, (_, i) => ({
  address: `2001:db8:${((i * 37) % 65536).toString(16)}::${i.toString(16)}`,
  name:
    i % 3 === 0
      ? wire(['\xff'.repeat(63), '"'.repeat(63), 'z'.repeat(63), 'w'.repeat(61)].join('.'))
      : `host${i}.example.com`,
  client: `02:00:5e:00:${(i % 100).toString(16).padStart(2, '0')}:01`,
  expires: 1001 + i * i,
  lastSeen: 1000 - (i % 90),
  source: i % 6,
  matched: i % 5 !== 0,
}));

const jsonOf = (store: FactStore, filter: FactFilter): string =>
  factsAsJson(standingRows(store, filter, clock));

const writtenTable = (store: FactStore, filter: FactFilter): string =>
  factsAsTable(standingRows(store, filter, clock), { titles: HEADER, any: ANY });

function tableOf(store: FactStore, query: FactQuery): string {
  return table(
    HEADER,
    readRdns(store, parseFactQuery(query), clock).map((row) => [
      row.address,
      row.name,
      row.client ?? ANY,
      duration(row.expires_in),
      duration(row.last_seen),
      row.source,
    ]),
  );
}

const ADDRESSES = [
  '0.0.0.0', '255.255.255.255', '10.0.100.9', '192.0.2.1', '::1', '1::', '::ffff:0:1', '::0.0.1.2',
  '2001:db8::', '2001:db8::1', '2001:db8:0:1:1:1:1:1', '2001:0:0:1:0:0:0:1', '2001:db8:0:0:1:0:0:1',
  'fe80::abcd:ef01', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:0', '0:2:3:4:5:6:7:8', '1:0:0:4:5:6:0:0',
  '::2:3:4:5:6:7:8', '1:2:3:4:5:6::', '::fffe:1.2.3.4', '::1:ffff:1.2.3.4', '64:ff9b::192.0.2.33',
  'a0:b00:c000:1:10:100:1000:ffff',
]; // prettier-ignore

describe('facts as text', () => {
  before(() => openLibbpf(new URL('../../../dist', import.meta.url).pathname));

  it('has addresses, clients and ages as the model and the command line write them', () => {
    const facts = ADDRESSES.flatMap((address, i): FactText[] => [
      { address, name: 'a.test', client: '02:00:5e:00:53:01', expires: 1001 + 119 * i },
      { address: '::', name: 'a.test', client: address, expires: 1001 + 2 ** i },
      { address: '::', name: wire('A b'), client: '100:0:0:1::7', expires: 1000 + 59.5 * 60 * i },
    ]);
    const store = storeOf(
      facts.map((fact) => ({ ...fact, expires: Math.floor(fact.expires ?? 0) })),
    );
    assert.deepEqual(JSON.parse(jsonOf(store, {})), readRdns(store, {}, clock));
    assert.equal(writtenTable(store, {}), tableOf(store, {}));
  });

  const cases: [string, FactText[], FactQuery][] = [
    ['no facts', [], {}],
    ['a fact', odd.slice(0, 1), {}],
    ['odd names, sources and clients (Z6)', odd, {}],
    ['what a query finds', many, { client: '02:00:5e:00:07:01' }],
    ['as many as are wanted', many, { limit: 7 }],
  ];
  for (const [what, facts, query] of cases) {
    it(`is the JSON of the rows: ${what}`, () => {
      const store = storeOf(facts);
      const filter = parseFactQuery(query);
      assert.equal(jsonOf(store, filter), JSON.stringify(readRdns(store, filter, clock)));
    });

    it(`is the table of the rows: ${what}`, () => {
      const store = storeOf(facts);
      assert.equal(writtenTable(store, parseFactQuery(query)), tableOf(store, query));
    });
  }

  it('is the same for thousands of facts with the longest names', () => {
    const store = storeOf(many);
    assert.equal(jsonOf(store, {}), JSON.stringify(readRdns(store, {}, clock)));
    // the table of the command line cuts cells at 255 characters, so the columns are looked at here
    const lines = writtenTable(store, {}).split('\n');
    assert.equal(lines.length, 2 + readRdns(store, {}, clock).length);
    const columns = HEADER.map((title) => lines[0]?.indexOf(title) ?? -1);
    for (const [i, row] of readRdns(store, {}, clock).entries()) {
      const line = lines[i + 1] ?? '';
      const cells = [row.address, row.name, row.client, duration(row.expires_in)];
      cells.forEach((cell, column) => {
        const start = columns[column] ?? -1;
        assert.equal(line.slice(start, columns[column + 1]).trimEnd(), cell);
      });
      assert.equal(line.slice(columns[5]), row.source);
    }
  });

  it('is the same where the bytes of the maps begin anywhere', () => {
    const store = storeOf(odd);
    const shifted = (bytes: Uint8Array): Uint8Array =>
      new Uint8Array([...[1, 2, 3], ...bytes]).subarray(3);
    const moved: FactStore = {
      layout: store.layout,
      entries(matched) {
        const { count, keys, values } = store.entries(matched);
        return { count, keys: shifted(keys), values: shifted(values) };
      },
    };
    assert.equal(jsonOf(moved, {}), jsonOf(store, {}));
  });
});
