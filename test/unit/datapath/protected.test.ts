import assert from 'node:assert/strict';
import { protectedEntries } from '../../../src/datapath/protected.ts';
import { parseAddress } from '../../../src/model/address.ts';
import { parsePrefix } from '../../../src/model/prefix.ts';

const NEVER = 1;
const PRIVATE = 2;

/** The class of the longest prefix around an address, as the kernel's trie finds it. */
function classOf(entries: ReadonlyMap<string, number>, text: string): number | undefined {
  const address = Buffer.from(parseAddress(text) ?? []);
  let best: { length: number; value: number } | undefined;
  for (const [key, value] of entries) {
    const bytes = Buffer.from(key, 'hex');
    const length = bytes.readUInt32LE();
    const prefix = bytes.subarray(4);
    let equal = true;
    for (let bit = 0; bit < length; bit++) {
      const mask = 0x80 >> (bit & 7);
      if (((prefix[bit >> 3] ?? 0) & mask) !== ((address[bit >> 3] ?? 0) & mask)) equal = false;
    }
    if (equal && (best === undefined || length > best.length)) best = { length, value };
  }
  return best?.value;
}

function prefixes(...texts: string[]) {
  return texts.map((text) => parsePrefix(text)).filter((prefix) => prefix !== undefined);
}

describe('the protected addresses (Z2)', () => {
  const nothing = { connected: [], addresses: [] };

  for (const address of [
    '0.0.0.0',
    '127.0.0.1',
    '169.254.1.1',
    '224.0.0.251',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'ff02::fb',
  ]) {
    it(`never match: ${address}`, () => {
      assert.equal(classOf(protectedEntries(nothing), address), NEVER);
    });
  }

  for (const address of ['10.1.2.3', '172.31.255.255', '192.168.0.1', '100.64.0.1', 'fd00::1']) {
    it(`are private: ${address}`, () => {
      assert.equal(classOf(protectedEntries(nothing), address), PRIVATE);
    });
  }

  for (const address of [
    '93.184.216.34',
    '172.32.0.1',
    '100.128.0.1',
    '2606:2800::1',
    '203.0.113.1',
  ]) {
    it(`are not these: ${address}`, () => {
      assert.equal(classOf(protectedEntries(nothing), address), undefined);
    });
  }

  it('hold connected prefixes, which are stronger than private ones', () => {
    const entries = protectedEntries({ connected: prefixes('192.168.1.0/24'), addresses: [] });
    assert.equal(classOf(entries, '192.168.1.77'), NEVER);
    assert.equal(classOf(entries, '192.168.2.77'), PRIVATE);
  });

  it('hold a connected prefix that is a private one as a whole', () => {
    const entries = protectedEntries({ connected: prefixes('10.0.0.0/8'), addresses: [] });
    assert.equal(classOf(entries, '10.1.2.3'), NEVER);
  });

  it('hold single addresses and nothing beside them', () => {
    const address = parseAddress('203.0.113.7') ?? new Uint8Array();
    const entries = protectedEntries({ connected: [], addresses: [address] });
    assert.equal(classOf(entries, '203.0.113.7'), NEVER);
    assert.equal(classOf(entries, '203.0.113.8'), undefined);
  });

  it('do not become everything where a device has a prefix of no bits', () => {
    const entries = protectedEntries({ connected: prefixes('0.0.0.0/0', '::/0'), addresses: [] });
    assert.equal(classOf(entries, '93.184.216.34'), undefined);
    assert.equal(classOf(entries, '2606:2800::1'), undefined);
  });
});
