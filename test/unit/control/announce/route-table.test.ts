import assert from 'node:assert/strict';

import { RouteTable, type Offer } from '../../../../src/control/announce/route-table.ts';
import { formatAddress, parseAddress } from '../../../../src/model/address.ts';
import { parseDomainName } from '../../../../src/model/domain-name.ts';
import { formatPrefix } from '../../../../src/model/prefix.ts';

const CLOCK = { told: 100, until: 1000 };

function offer(
  address: string,
  name: string,
  section = 'video',
  times: Partial<Offer> = {},
): Offer {
  const bytes = parseAddress(address);
  assert.ok(bytes !== undefined);
  return { address: bytes, name: parseDomainName(name).slice(), section, ...CLOCK, ...times };
}

/** A table, and what its sink was told. */
function tableOf(limit = 1000): { readonly table: RouteTable; readonly told: string[] } {
  const told: string[] = [];
  const table = new RouteTable(
    {
      announce: (prefix, section) => told.push(`+${formatPrefix(prefix)} ${section}`),
      withdraw: (prefix) => told.push(`-${formatPrefix(prefix)}`),
    },
    limit,
  );
  return { table, told };
}

function rows(table: RouteTable): readonly string[] {
  return [...table.routes()].map(
    ({ address, name, section, until }) => `${formatAddress(address)} ${name} ${section} ${until}`,
  );
}

describe('the table of routes', () => {
  it('announces an address of either family once, and lets it stand for longer', () => {
    const { table, told } = tableOf();
    table.offer(offer('203.0.113.1', 'www.example.com'));
    table.offer(offer('203.0.113.1', 'www.example.com', 'video', { told: 200, until: 2000 }));
    table.offer(offer('2001:db8::1', 'www.example.com'));
    assert.deepEqual(told, ['+203.0.113.1 video', '+2001:db8::1 video']);
    assert.deepEqual(rows(table), [
      '203.0.113.1 www.example.com video 2000',
      '2001:db8::1 www.example.com video 1000',
    ]);
  });

  it('keeps no view of the bytes that it is offered', () => {
    const { table } = tableOf();
    const view = offer('203.0.113.1', 'www.example.com');
    table.offer(view);
    view.address.fill(7);
    view.name.fill(7);
    assert.deepEqual(rows(table), ['203.0.113.1 www.example.com video 1000']);
  });

  it('takes the name that was told last for an address, in whatever order they come', () => {
    for (const order of [
      ['one', 'two'],
      ['two', 'one'],
    ]) {
      const { table, told } = tableOf();
      const each = {
        one: offer('203.0.113.1', 'one.example.com', 'first', { told: 100 }),
        two: offer('203.0.113.1', 'two.example.com', 'second', { told: 200 }),
      };
      const results = order.map((name) => table.offer(each[name as 'one' | 'two']));
      assert.deepEqual(results, [true, order[0] === 'one']);
      assert.deepEqual(rows(table), ['203.0.113.1 two.example.com second 1000']);
      assert.equal(told.at(-1), '+203.0.113.1 second');
    }
  });

  it('says nothing where the other name is of the same rule', () => {
    const { table, told } = tableOf();
    table.offer(offer('203.0.113.1', 'one.example.com'));
    table.offer(offer('203.0.113.1', 'two.example.com', 'video', { told: 200 }));
    assert.deepEqual(told, ['+203.0.113.1 video']);
    assert.deepEqual(rows(table), ['203.0.113.1 two.example.com video 1000']);
  });

  it('withdraws what a round has not offered, and only that', () => {
    const { table, told } = tableOf();
    table.offer(offer('203.0.113.1', 'one.example.com'));
    table.offer(offer('203.0.113.2', 'two.example.com'));
    table.begin();
    table.offer(offer('203.0.113.2', 'two.example.com'));
    table.offer(offer('203.0.113.3', 'three.example.com'));
    told.length = 0;
    assert.equal(table.sweep(), 1);
    assert.deepEqual(told, ['-203.0.113.1']);
    assert.equal(table.size, 2);
  });

  it('shortens the time of a route in a new round, and takes the longest of several clients in one', () => {
    const { table } = tableOf();
    const name = 'one.example.com';
    table.offer(offer('203.0.113.1', name, 'video', { until: 9000 }));
    table.begin();
    table.offer(offer('203.0.113.1', name, 'video', { until: 500 }));
    table.offer(offer('203.0.113.1', name, 'video', { until: 400 }));
    assert.deepEqual(rows(table), ['203.0.113.1 one.example.com video 500']);
  });

  it('tells of another rule for the same name', () => {
    const { table, told } = tableOf();
    table.offer(offer('203.0.113.1', 'one.example.com', 'first'));
    table.begin();
    table.offer(offer('203.0.113.1', 'one.example.com', 'second'));
    assert.deepEqual(told, ['+203.0.113.1 first', '+203.0.113.1 second']);
  });

  it('has room for 256 addresses of a name, and gets it back when they go', () => {
    const { table } = tableOf();
    for (let i = 0; i < 300; i++)
      table.offer(offer(`10.0.${i >> 8}.${i & 255}`, 'one.example.com'));
    assert.deepEqual([table.size, table.refused], [256, 44]);
    table.offer(offer('203.0.113.1', 'two.example.com'));
    assert.equal(table.size, 257);
    table.begin();
    table.sweep();
    table.offer(offer('203.0.113.2', 'one.example.com'));
    assert.deepEqual([table.size, table.refused], [1, 44]);
  });

  it('gives the room of a name back when its address gets another name', () => {
    const { table } = tableOf();
    for (let i = 0; i < 256; i++) table.offer(offer(`10.0.0.${i}`, 'one.example.com'));
    table.offer(offer('10.0.0.1', 'two.example.com', 'video', { told: 200 }));
    table.offer(offer('10.0.1.1', 'one.example.com'));
    assert.deepEqual([table.size, table.refused], [257, 0]);
  });

  it('has as many routes as it may, and those that it has go on', () => {
    const { table, told } = tableOf(2);
    for (const host of [1, 2, 3]) table.offer(offer(`203.0.113.${host}`, 'one.example.com'));
    assert.deepEqual([table.size, table.refused], [2, 1]);
    table.offer(offer('203.0.113.1', 'two.example.com', 'second', { told: 200 }));
    assert.equal(told.at(-1), '+203.0.113.1 second');
    assert.equal(table.refused, 1);
  });

  it('repeats all of them', () => {
    const { table, told } = tableOf();
    table.offer(offer('203.0.113.1', 'one.example.com', 'first'));
    table.offer(offer('203.0.113.2', 'two.example.com', 'second'));
    const before = [...told];
    table.repeat();
    assert.deepEqual(told, [...before, ...before]);
  });
});
