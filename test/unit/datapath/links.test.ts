import assert from 'node:assert/strict';
import { planLinks } from '../../../src/datapath/links.ts';

describe('the links of a configuration', () => {
  it('are two a device, by role and by its header', () => {
    const plan = planLinks(
      [
        { ifindex: 3, ethernet: true, role: 'lan' },
        { ifindex: 7, ethernet: false, role: 'wan' },
      ],
      false,
    );
    assert.deepEqual(
      plan.map(({ pin, program }) => `${pin} ${program}`),
      [
        'lan_ingress_3 lan_ingress',
        'lan_egress_3 lan_egress',
        'wan_ingress_l3_7 wan_ingress_l3',
        'wan_egress_l3_7 wan_egress_l3',
      ],
    );
  });

  it("have four more for the router's own sockets", () => {
    assert.deepEqual(
      planLinks([], true).map(({ pin }) => pin),
      ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'],
    );
  });

  it('have names that bpffs takes, which refuses dots', () => {
    for (const { pin } of planLinks([{ ifindex: 1, ethernet: false, role: 'lan' }], true)) {
      assert.match(pin, /^[a-z0-9_]+$/);
    }
  });
});
