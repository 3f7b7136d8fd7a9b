import assert from 'node:assert/strict';
import { parseAddress } from '../../../src/model/address.ts';
import {
  clientInterface,
  clientOfInterface,
  clientOfMac,
  formatClient,
  parseClient,
  parseClientMatch,
  parseMac,
} from '../../../src/model/client.ts';

const mac = Uint8Array.of(0x02, 0xab, 0, 0, 0xff, 0x10);

describe('clients', () => {
  it('a MAC address is read in both spellings', () => {
    assert.deepEqual(parseMac('02:ab:00:00:ff:10'), mac);
    assert.deepEqual(parseMac('02-AB-00-00-FF-10'), mac);
    for (const text of [
      '',
      '02:ab:00:00:ff',
      '02:ab:00:00:ff:10:11',
      '2:ab:0:0:ff:10',
      '02ab0000ff10',
      '02:ab:00:00:ff:1g',
    ]) {
      assert.equal(parseMac(text), undefined, text);
    }
  });

  // the values of `struct address` in bpf/domainroute.h: 100::MAC, 100:0:0:1::IFINDEX
  it('a device is 100::MAC in the maps', () => {
    const client = clientOfMac(mac);
    assert.deepEqual(client, parseAddress('100::2ab:0:ff10'));
    assert.equal(formatClient(client), '02:ab:00:00:ff:10');
  });

  it('an interface is 100:0:0:1::IFINDEX in the maps', () => {
    assert.deepEqual(clientOfInterface(0x01020304), parseAddress('100:0:0:1::102:304'));
    assert.equal(formatClient(clientOfInterface(7)), '100:0:0:1::7');
    assert.equal(clientInterface(clientOfInterface(0x01020304)), 0x01020304);
    for (const other of ['100::7', '100:0:0:1:0:1:0:7', '192.0.2.1', '::']) {
      assert.equal(clientInterface(parseAddress(other) ?? mac), undefined, other);
    }
  });

  it('an address is itself and :: is anyone', () => {
    assert.equal(formatClient(parseAddress('192.0.2.1') ?? mac), '192.0.2.1');
    assert.equal(formatClient(parseAddress('2001:db8::1') ?? mac), '2001:db8::1');
    assert.equal(formatClient(new Uint8Array(16)), null);
  });

  it('what is written is read', () => {
    assert.deepEqual(parseClient('02:ab:00:00:ff:10'), clientOfMac(mac));
    assert.deepEqual(parseClient('192.0.2.1'), parseAddress('192.0.2.1'));
    assert.equal(parseClient('@guest'), undefined);
  });

  it('a rule names a prefix, a MAC address or an interface', () => {
    assert.deepEqual(parseClientMatch('@guest'), { kind: 'interface', name: 'guest' });
    assert.deepEqual(parseClientMatch('02:ab:00:00:ff:10'), { kind: 'mac', mac });
    const match = parseClientMatch('192.168.3.7/24');
    assert.ok(match?.kind === 'prefix');
    assert.deepEqual(match.prefix, { address: parseAddress('192.168.3.0'), length: 120 });
  });

  for (const text of [
    '',
    '@',
    '@.',
    '@..',
    '@../x',
    '@a b',
    '@lan;reboot',
    `@${'a'.repeat(32)}`,
    'guest',
    '192.168.3.0/33',
  ]) {
    it(`${JSON.stringify(text)} is no client`, () => {
      assert.equal(parseClientMatch(text), undefined);
    });
  }
});
