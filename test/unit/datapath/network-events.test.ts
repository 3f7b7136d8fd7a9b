import assert from 'node:assert/strict';
import { isLoss, isNetworkChange } from '../../../src/datapath/network-events.ts';

const OURS = 212;

/** struct rtmsg of linux/rtnetlink.h: family, dst_len, src_len, tos, table, protocol, scope, type, flags. */
function route(type: number, destinationLength: number, protocol: number) {
  return {
    type,
    payload: Uint8Array.of(2, destinationLength, 0, 0, 254, protocol, 0, 1, 0, 0, 0, 0),
  };
}

const [NEWROUTE, DELROUTE] = [24, 25];

describe('a message of the kernel', () => {
  it('about links, addresses or ip rules is a change of the network', () => {
    for (const type of [16, 17, 20, 21, 32, 33]) {
      assert.equal(isNetworkChange({ type, payload: new Uint8Array(12) }, OURS), true, `${type}`);
    }
  });

  it('about a route that we made is none, about one of ours that is gone it is', () => {
    assert.equal(isNetworkChange(route(NEWROUTE, 0, OURS), OURS), false);
    assert.equal(isNetworkChange(route(DELROUTE, 0, OURS), OURS), true);
  });

  it('about routes of BGP or OSPF is none, but for the default', () => {
    for (const protocol of [12, 186, 188]) {
      assert.equal(isNetworkChange(route(NEWROUTE, 24, protocol), OURS), false);
      assert.equal(isNetworkChange(route(DELROUTE, 0, protocol), OURS), true);
    }
    assert.equal(isNetworkChange(route(NEWROUTE, 32, 4), OURS), true);
  });

  /** nfgenmsg of family inet, then attribute 1 with a name. */
  function tableMessage(type: number, name: string) {
    const text = Buffer.from(`${name}\0`);
    const payload = Buffer.alloc(8 + text.length);
    payload.writeUInt8(1, 0);
    payload.writeUInt16LE(4 + text.length, 4);
    payload.writeUInt16LE(1, 6);
    text.copy(payload, 8);
    return { type: (10 << 8) | type, payload };
  }

  it('about a table, chain or rule that is gone is a loss, if the table is ours', () => {
    for (const type of [2, 5, 8]) {
      assert.equal(isLoss(tableMessage(type, 'domainroute'), 'domainroute'), true);
      assert.equal(isLoss(tableMessage(type, 'fw4'), 'domainroute'), false);
      assert.equal(isLoss(tableMessage(type, 'domainroute2'), 'domainroute'), false);
    }
    // NEWTABLE, NEWSETELEM: dnsmasq fills sets with each answer
    for (const type of [0, 12]) {
      assert.equal(isLoss(tableMessage(type, 'domainroute'), 'domainroute'), false);
    }
    assert.equal(isLoss({ type: 0x0a02, payload: new Uint8Array(3) }, 'domainroute'), false);
  });
});
