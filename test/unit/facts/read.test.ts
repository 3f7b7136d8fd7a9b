import assert from 'node:assert/strict';
import { parseFactQuery, type FactQuery } from '../../../src/facts/filter.ts';
import { factAt, FACT_SOURCES } from '../../../src/facts/fact.ts';
import { readFacts, readRdns } from './reference.ts';
import { SOURCES } from '../../../src/datapath/constants.ts';
import { FACT_LAYOUT } from '../../../src/datapath/fact-maps.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import { LAYOUT, storeOf, wire, type FactText } from './fixtures.ts';

const MAC = '02:00:5e:00:53:01';
const clock = { now: 1000e9, hold: 100e9 };

/** Names and addresses of the rows that a query finds. */
function found(facts: readonly FactText[], query: FactQuery): string[] {
  const filter = parseFactQuery(query);
  const rows = readRdns(storeOf(facts), filter, clock).map(
    ({ name, address }) => `${name} ${address}`,
  );
  const same = readFacts(storeOf(facts), filter, clock).map(
    ({ name, address }) => `${formatDomainName(name)} ${formatAddress(address)}`,
  );
  assert.deepEqual(rows, same);
  return rows;
}

describe('facts/read', () => {
  it('shows a fact as rdns does', () => {
    const store = storeOf([
      {
        client: MAC,
        address: '198.51.100.7',
        name: 'www.example.com',
        told: 900,
        expires: 1200,
        lastSeen: 990,
      },
      {
        address: '2001:db8::1',
        name: 'example.org',
        told: 1,
        expires: 2,
        lastSeen: 950,
        source: 1,
        matched: false,
      },
    ]);
    assert.deepEqual(readRdns(store, {}, clock), [
      {
        address: '198.51.100.7',
        name: 'www.example.com',
        client: MAC,
        expires_in: 200,
        last_seen: 10,
        source: 'lan',
      },
      {
        address: '2001:db8::1',
        name: 'example.org',
        client: null,
        expires_in: 50,
        last_seen: 50,
        source: 'wan',
      },
    ]);
  });

  it('reads a fact as an object', () => {
    const store = storeOf([
      {
        client: MAC,
        address: '198.51.100.7',
        name: 'www.example.com',
        told: 900,
        expires: 1200,
        lastSeen: 990,
        source: 4,
        matched: false,
      },
    ]);
    const facts = readFacts(store, {}, clock).map((fact) => ({
      ...fact,
      ...Object.fromEntries(
        (['address', 'client', 'name'] as const).map((field) => [
          field,
          Buffer.from(fact[field]).toString('latin1'),
        ]),
      ),
    }));
    assert.deepEqual(facts, [
      {
        address: '\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x07',
        client: '\x01\0\0\0\0\0\0\0\0\0\x02\x00\x5e\x00\x53\x01',
        name: '\x03www\x07example\x03com',
        told: 900e9,
        expires: 1200e9,
        lastSeen: 990e9,
        source: 'sync',
        matched: false,
      },
    ]);
  });

  it('lets a fact stand until the later of its TTL and its last use with hold', () => {
    const ages: [string, number, number, number | undefined][] = [
      // expires, last seen, seconds left
      ['both ahead, TTL later', 1200, 990, 200],
      ['both ahead, hold later', 1050, 990, 90],
      ['TTL over', 900, 999, 99],
      ['hold over', 1001, 10, 1],
      ['both just over', 1000, 900, undefined],
      ['long over', 10, 10, undefined],
    ];
    for (const [what, expires, lastSeen, left] of ages) {
      const store = storeOf([{ address: '192.0.2.1', name: 'a.test', expires, lastSeen }]);
      assert.deepEqual(
        readRdns(store, {}, clock).map((row) => row.expires_in),
        left === undefined ? [] : [left],
        what,
      );
      assert.equal(readFacts(store, {}, clock).length, left === undefined ? 0 : 1, what);
    }
  });

  it('keeps its seconds right beyond 32 bits of nanoseconds, and whole', () => {
    const now = 40_000_000e9;
    const store = storeOf([
      { address: '192.0.2.1', name: 'a.test', expires: 40_000_086, lastSeen: 39_999_990 },
    ]);
    const [row] = readRdns(store, {}, { now: now - 0.5e9, hold: 0 });
    assert.deepEqual([row?.expires_in, row?.last_seen], [86, 9]);
  });

  const some: FactText[] = [
    { client: MAC, address: '192.0.2.1', name: 'example.com', expires: 2000 },
    { client: '192.168.3.5', address: '192.0.2.1', name: 'www.example.com', expires: 2000 },
    { address: '192.0.2.2', name: 'a.www.example.com', expires: 2000, matched: false },
    { client: MAC, address: '2001:db8::2', name: 'myexample.com', expires: 2000 },
    { client: MAC, address: '2001:db8::3', name: wire('\x07example.com.test'), expires: 2000 },
    // the label "x\7example" and "com": its last bytes look like example.com
    { address: '192.0.2.9', name: wire('x\x07example.com'), expires: 2000 },
  ];

  it('finds a name alone, or with all below it', () => {
    assert.deepEqual(found(some, { name: 'Example.com.' }), ['example.com 192.0.2.1']);
    assert.deepEqual(found(some, { name: '*.example.com' }), [
      'example.com 192.0.2.1',
      'www.example.com 192.0.2.1',
      'a.www.example.com 192.0.2.2',
    ]);
    assert.deepEqual(found(some, { name: 'com' }), []);
    assert.equal(found(some, { name: '*.com' }).length, 5);
    assert.deepEqual(found(some, { name: 'example.co' }), []);
  });

  it('finds by address and by client, and by all together', () => {
    assert.equal(found(some, { address: '192.0.2.1' }).length, 2);
    assert.equal(found(some, { address: '::ffff:192.0.2.1' }).length, 2);
    assert.equal(found(some, { client: MAC.toUpperCase() }).length, 3);
    assert.deepEqual(found(some, { client: '192.168.3.5' }), ['www.example.com 192.0.2.1']);
    assert.deepEqual(found(some, { client: MAC, address: '192.0.2.1', name: '*.com' }), [
      'example.com 192.0.2.1',
    ]);
    assert.deepEqual(found(some, { client: MAC, address: '192.0.2.2' }), []);
  });

  it('stops at a limit', () => {
    assert.equal(found(some, {}).length, 6);
    assert.equal(found(some, { limit: 5 }).length, 5);
    assert.equal(found(some, { limit: 0 }).length, 0);
    assert.deepEqual(found(some, { address: '192.0.2.1', limit: 1 }), ['example.com 192.0.2.1']);
  });

  it('refuses what it is asked with wrong words', () => {
    const usage = (message: RegExp) => ({ name: /Error/, code: 'usage', message });
    assert.throws(() => parseFactQuery({ name: 'a b' }), usage(/name 'a b': has a space/));
    assert.throws(() => parseFactQuery({ address: '1.2.3' }), usage(/address '1.2.3': is not an/));
    assert.throws(() => parseFactQuery({ client: 'me\n' }), usage(/client 'me\\x0a': is neither/));
    assert.throws(() => parseFactQuery({ limit: -1 }), usage(/limit '-1': must be 0 or more/));
    assert.throws(() => parseFactQuery({ limit: 1.5 }), usage(/limit '1.5'/));
  });

  it('escapes what a name brought from the network (Z6)', () => {
    const store = storeOf([
      { address: '192.0.2.1', name: wire('a\x1b[31m.b c.x\\y.\xff'), expires: 2000 },
      { address: '192.0.2.2', name: Buffer.from('\x03a.b\x04test\0'), expires: 2000 },
      { address: '192.0.2.3', name: wire(''), expires: 2000 },
    ]);
    assert.deepEqual(
      readRdns(store, {}, clock).map(({ name }) => name),
      ['a\\027[31m.b\\032c.x\\\\y.\\255', 'a\\.b.test', '.'],
    );
  });

  it('has the layout and the sources of the data path', () => {
    assert.deepEqual({ ...FACT_LAYOUT }, LAYOUT);
    assert.deepEqual([...FACT_SOURCES], [...SOURCES]);
    const store = storeOf([{ address: '192.0.2.1', name: 'a.test', source: 77 }]);
    assert.equal(factAt(store.entries(true), 0, LAYOUT, true).source, 'lan');
  });
});
