import assert from 'node:assert/strict';
import { imageOf, ruleDiagnostics } from '../../../src/control/image.ts';
import type { TargetKey } from '../../../src/control/targets.ts';
import { parseDomainPattern } from '../../../src/model/domain-name.ts';
import { parseClientMatch } from '../../../src/model/client.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { compileRules } from '../../../src/rules/compile.ts';

const MAIN = {
  enabled: true,
  lan: [],
  wan: [],
  local: true,
  markMask: 0x3f000000,
  table: 24000,
  facts: 64,
  holdSeconds: 1,
};
const WG0 = {
  name: 'wg0',
  ifindex: 9,
  up: true,
  ethernet: false,
  pointToPoint: true,
  inet: true,
  inet6: false,
  addresses: [],
};
const TARGETS = new Map<TargetKey, number>([
  ['block wg0', 5],
  ['block nope', 6],
  ['blocked', 7],
]);

function rule(fields: Partial<Rule>): Rule {
  return {
    section: 'r',
    enabled: true,
    domains: [parseDomainPattern('example.com')],
    lists: [],
    clients: [],
    interface: undefined,
    mark: undefined,
    action: 'route',
    local: 'mark',
    fallback: 'block',
    address: 'real',
    announce: false,
    communities: [],
    largeCommunities: [],
    onChange: 'keep',
    private: false,
    ...fields,
  };
}

const resolve = (name: string) => (name === 'wg0' ? WG0 : undefined);
const interfaces = { resolve, uplink: resolve };

function cellOf(fields: Partial<Rule>) {
  const configuration = { rules: [rule(fields)], lists: new Map() };
  const compiled = compileRules({ configuration, seed: 1n, readList: () => [] });
  const [cell] = imageOf(compiled, { main: MAIN, interfaces, targets: TARGETS }).actions;
  assert.ok(cell !== undefined);
  return cell;
}

const PRIVATE = 2;
const BLOCK = 4;
const LOCAL_MARK = 8;
const LOCAL_BIND = 16;
const ANNOUNCE = 128;

describe('a rule in the kernel', () => {
  it('has the mark of its interface under our mask', () => {
    const { mark, mask, ifindex, flags, interface: name, clients } = cellOf({ interface: 'wg0' });
    assert.deepEqual(
      { mark, mask, ifindex, flags, name, clients },
      {
        mark: 0x05000000,
        mask: 0x3f000000,
        ifindex: 0,
        flags: LOCAL_MARK,
        name: 'wg0',
        clients: undefined,
      },
    );
  });

  it("has the user's mark and mask", () => {
    const { mark, mask } = cellOf({ mark: { value: 0x23, mask: 0xff } });
    assert.deepEqual([mark, mask], [0x23, 0xff]);
  });

  it('that blocks has the mark of what is prohibited', () => {
    const { mark, flags } = cellOf({ action: 'block' });
    assert.deepEqual([mark, flags], [0x07000000, BLOCK | LOCAL_MARK]);
  });

  it('binds local sockets to a device, where there is one', () => {
    const bound = cellOf({ interface: 'wg0', local: 'bind' });
    assert.deepEqual([bound.flags, bound.ifindex], [LOCAL_BIND, 9]);
    const missing = cellOf({ interface: 'nope', local: 'bind' });
    assert.deepEqual([missing.flags, missing.ifindex], [LOCAL_BIND, 0]);
  });

  it('leaves local sockets alone with local off, and takes private addresses with private', () => {
    assert.equal(cellOf({ interface: 'wg0', local: 'off', private: true }).flags, PRIVATE);
  });

  it('says that it is announced, if it is routed', () => {
    assert.equal(cellOf({ interface: 'wg0', announce: true }).flags, LOCAL_MARK | ANNOUNCE);
    assert.equal(cellOf({ action: 'block', announce: true }).flags, BLOCK | LOCAL_MARK);
    assert.equal(cellOf({ action: 'proxy', announce: true }).flags, 0);
  });

  it('that only announces marks nothing', () => {
    const { mark, mask, ifindex, flags, interface: name } = cellOf({ announce: true });
    assert.deepEqual([mark, mask, ifindex, flags, name], [0, 0, 0, ANNOUNCE, '']);
  });

  it('has clients as prefixes; one of an interface that is missing is nobody, not everybody', () => {
    const clients = ['192.168.3.0/24', '02:00:00:00:00:01', '@wg0', '@nope'].flatMap(
      (text) => parseClientMatch(text) ?? [],
    );
    assert.deepEqual(
      cellOf({ interface: 'wg0', clients }).clients?.map(
        ({ address, length }) => `${Buffer.from(address).toString('hex')}/${length}`,
      ),
      [
        '00000000000000000000ffffc0a80300/120',
        '01000000000000000000020000000001/128',
        '01000000000000010000000000000009/128',
      ],
    );
    assert.deepEqual(cellOf({ interface: 'wg0', clients: clients.slice(3) }).clients, []);
  });

  it('is reported where its interface is missing', () => {
    const messages = ruleDiagnostics(
      [rule({ interface: 'nope' }), rule({ interface: 'wg0' })],
      resolve,
    );
    assert.deepEqual(
      messages.map(({ severity, section, option, value }) => [severity, section, option, value]),
      [['warning', 'r', 'interface', 'nope']],
    );
  });

  it('that is off is not reported', () => {
    assert.deepEqual(ruleDiagnostics([rule({ interface: 'nope', enabled: false })], resolve), []);
  });
});
