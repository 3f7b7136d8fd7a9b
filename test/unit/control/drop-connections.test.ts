import assert from 'node:assert/strict';

import { changedConnections } from '../../../src/control/drop-connections.ts';
import { ACTION_DROP, ACTION_LOCAL_MARK } from '../../../src/datapath/constants.ts';
import { PROTECTED_NEVER, type RuleSource } from '../../../src/decide/source.ts';
import type { Connection } from '../../../src/datapath/index.ts';
import { formatAddress, parseAddress } from '../../../src/model/address.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { sourceOf } from '../decide/fixtures.ts';
import { bytes } from '../facts/fixtures.ts';
import { rule } from '../rules/fixtures.ts';

const MASK = 0x3f000000;
const MAC = '02:00:5e:00:53:01';
const [CLIENT, ROUTER] = ['192.168.1.2', '192.168.1.1'];
const [VIDEO, NEWS, UNKNOWN] = ['203.0.113.20', '203.0.113.10', '203.0.113.99'];
const MARKS = new Map([
  ['wan1', 0x1000000],
  ['wan2', 0x2000000],
]);

/** Rules in force, with marks by interface, and facts of one client and of the router. */
function inForce(...rules: readonly Rule[]): RuleSource {
  const drops = new Set(rules.filter((each) => each.onChange === 'drop').map((r) => r.section));
  const source = sourceOf({
    rules,
    facts: [
      { client: MAC, address: VIDEO, name: 'video.example.com' },
      { client: MAC, address: NEWS, name: 'news.example.org' },
      { client: '::', address: VIDEO, name: 'video.example.com' },
    ],
    identities: { [CLIENT]: [MAC, CLIENT], [MAC]: [MAC, CLIENT] },
    protected: { [ROUTER]: PROTECTED_NEVER },
  });
  return {
    ...source,
    cell(index) {
      const cell = source.cell(index);
      if (cell === undefined) return undefined;
      const drop = drops.has(cell.section) ? ACTION_DROP : 0;
      const mark = MARKS.get(cell.interface) ?? cell.mark;
      return { ...cell, mark, flags: cell.flags | drop | ACTION_LOCAL_MARK };
    },
  };
}

const video = (more: Parameters<typeof rule>[1] = {}): Rule =>
  rule('video', { domains: ['example.com'], interface: 'wan2', onChange: 'drop', ...more });

const from = (source: string, destination: string, mark = 0): Connection => ({
  source: bytes(parseAddress, source),
  destination: bytes(parseAddress, destination),
  mark,
  entry: new Uint8Array(),
});

/** `source destination mark` of what goes, in these connections or the usual ones. */
function gone(
  before: readonly Rule[],
  after: readonly Rule[],
  connections: readonly Connection[] = [
    from(CLIENT, VIDEO, 0x2000000),
    from(CLIENT, NEWS),
    from(CLIENT, UNKNOWN),
    from(CLIENT, ROUTER),
  ],
): readonly string[] {
  const own = [bytes(parseAddress, ROUTER)];
  const input = { before: inForce(...before), after: inForce(...after), own, markMask: MASK };
  return changedConnections(connections, input).map(
    ({ source, destination, mark }) =>
      `${formatAddress(source)} ${formatAddress(destination)} ${mark.toString(16)}`,
  );
}

const THIS = [`${CLIENT} ${VIDEO} 2000000`];

describe('connections that a change of rules ends', () => {
  it('are those whose rule has another interface, mark or action now', () => {
    assert.deepEqual(gone([video()], [video({ interface: 'wan1' })]), THIS);
    const mark = { value: 0x23, mask: 0xff };
    assert.deepEqual(gone([video()], [{ ...video(), interface: undefined, mark }]), THIS);
    assert.deepEqual(gone([video()], [video({ action: 'block' })]), THIS);
  });

  it('are those whose rule is gone, not enabled, or for others', () => {
    assert.deepEqual(gone([video()], []), THIS);
    assert.deepEqual(gone([video()], [video({ enabled: false })]), THIS);
    assert.deepEqual(gone([video()], [video({ clients: ['02:00:5e:00:53:09'] })]), THIS);
  });

  it('are those that a new rule takes, if it or the old one drops', () => {
    const keep = video({ interface: 'wan1', onChange: 'keep' });
    assert.deepEqual(gone([keep], [video()], [from(CLIENT, VIDEO, 0x1000000)]).length, 1);
    assert.deepEqual(gone([keep], [video({ onChange: 'keep' })]), []);
    assert.deepEqual(gone([], [video()], [from(CLIENT, VIDEO)]).length, 1);
  });

  it('are none where the way is the same, by whichever rule', () => {
    assert.deepEqual(gone([video()], [video()]), []);
    const other = rule('other', { domains: ['com'], interface: 'wan2' });
    assert.deepEqual(gone([video()], [other]), []);
  });

  it('are not those that go by the new way already', () => {
    const to = video({ interface: 'wan1' });
    assert.deepEqual(gone([video()], [to], [from(CLIENT, VIDEO, 0x41000301)]), []);
    assert.deepEqual(gone([video()], [], [from(CLIENT, VIDEO)]), []);
  });

  it("are the router's own, too, whose marks conntrack does not know", () => {
    assert.deepEqual(gone([video()], [], [from(ROUTER, VIDEO)]), [`${ROUTER} ${VIDEO} 0`]);
  });

  it('are all of one client, address and mark, whatever the bits of others', () => {
    const twice = [from(CLIENT, VIDEO, 0x2000000), from(CLIENT, VIDEO, 0xc2000001)];
    const both = [...THIS, `${CLIENT} ${VIDEO} c2000001`];
    assert.deepEqual(gone([video()], [], [...twice, from(CLIENT, VIDEO)]), both);
  });
});
