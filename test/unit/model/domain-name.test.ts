import assert from 'node:assert/strict';
import {
  countLabels,
  formatDomainName,
  formatDomainPattern,
  isDomainName,
  labelsOf,
  parseDomainName,
  parseDomainPattern,
} from '../../../src/model/domain-name.ts';
import { ValueError } from '../../../src/model/value.ts';

/** Bytes of a string whose characters are all below 0x100. */
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

function reasonOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof ValueError, String(error));
    return error.reason;
  }
  assert.fail('nothing was thrown');
}

const label63 = 'a'.repeat(63);
/** 63 + 1 + 63 + 1 + 63 + 1 + 61 = 253 characters. */
const name253 = [label63, label63, label63, 'b'.repeat(61)].join('.');

describe('domain names: text to wire form', () => {
  const rows: readonly [text: string, wire: string][] = [
    ['www.example.com', '\x03www\x07example\x03com'],
    ['example.com.', '\x07example\x03com'],
    ['ExAmPlE.CoM', '\x07example\x03com'],
    ['localhost', '\x09localhost'],
    ['.', ''],
    ['_dmarc.a_b.example', '\x06_dmarc\x03a_b\x07example'],
    // a real name of a video service: hyphens in the third and fourth place (RFC 5891 §4.2.3.1 forbids them to IDN)
    ['r5---sn-4g5.googlevideo.com', '\x0br5---sn-4g5\x0bgooglevideo\x03com'],
    ['-a-.example', '\x03-a-\x07example'],
    ['xn--bcher-kva.example', '\x0dxn--bcher-kva\x07example'],
    // not valid punycode, but a name that DNS can carry
    ['xn--a.example', '\x05xn--a\x07example'],
    ['1.0.example', '\x011\x010\x07example'],
    ['1.2.3', '\x011\x012\x013'],
    ['0x7f.1', '\x040x7f\x011'],
    ['__proto__', '\x09__proto__'],
    ['constructor.example', '\x0bconstructor\x07example'],
    [label63, `\x3f${label63}`],
    ['127.in-addr.arpa', '\x03127\x07in-addr\x04arpa'],
  ];
  for (const [text, wire] of rows) {
    it(`${text.slice(0, 40)} is read`, () => {
      assert.deepEqual(parseDomainName(text), bytes(wire));
    });
  }

  it('253 characters are the most', () => {
    assert.equal(parseDomainName(name253).length, 254);
    assert.equal(parseDomainName(`${name253}.`).length, 254);
    assert.match(
      reasonOf(() => parseDomainName(`${name253}b`)),
      /longer than 253/,
    );
  });

  describe('internationalized names become punycode', () => {
    const idn: readonly [text: string, ascii: string][] = [
      ['bücher.example', 'xn--bcher-kva.example'],
      ['BÜCHER.example', 'xn--bcher-kva.example'],
      ['пример.испытание', 'xn--e1afmkfd.xn--80akhbyknj4f'], // the IDN test domains of 2007
      ['例え。テスト', 'xn--r8jz45g.xn--zckzah'], // ideographic full stop, RFC 3490 §3.1
      ['faß.de', 'xn--fa-hia.de'], // UTS #46, non-transitional
      ['_sip.bücher.a_b.example', '_sip.xn--bcher-kva.a_b.example'],
      ['２５５.example', '255.example'], // full-width digits
      ['ü.１２７', 'xn--tda.127'],
    ];
    for (const [text, ascii] of idn) {
      it(`${text} is ${ascii}`, () => {
        assert.equal(formatDomainName(parseDomainName(text)), ascii);
      });
    }
  });

  describe('what is wrong is said', () => {
    const bad: readonly [text: string, reason: RegExp][] = [
      ['', /is empty/],
      ['..', /empty label/],
      ['a..b', /empty label/],
      ['.example.com', /empty label/],
      ['example.com..', /empty label/],
      [`${label63}a.example`, /label longer than 63/],
      ['a b.example', /a space/],
      ['a\0.example', /control character/],
      ['a\n.example', /control character/],
      ['a\x7f.example', /control character/],
      ['a\\.b.example', /escapes are not read/],
      ['a\\046b.example', /escapes are not read/],
      ['*.example.com', /stands for all below/],
      ['a%41.example', /character '%'/],
      ['a/b.example', /character '\/'/],
      ['http://example.com/', /character ':'/],
      ['$(reboot).example', /character '\$'/],
      ['wan;reboot', /character ';'/],
      ['192.0.2.1', /is an address/],
      ['192.0.2.1.', /is an address/],
      ['192.0.2.1..', /empty label/],
      ['１９２.0.2.1。', /is an address/], // full-width digits, ideographic full stop
      ['2001:db8::1', /character ':'/],
      ['ü%41.example', /character '%'/],
      ['ü/.example', /character '\/'/],
      ['ü example', /a space/],
      ['\u00ad.example', /internationalized/], // a soft hyphen alone vanishes
      ['ü\ud800.example', /internationalized/], // lone surrogate
      ['\ufeffexample.com\u202e', /internationalized/],
      ['％41.example', /internationalized/], // full-width percent sign
      ['a⒈b.example', /internationalized/], // U+2488, a digit with a dot in it
      [`${'ü'.repeat(63)}.example`, /label longer than 63|internationalized/],
      ['x'.repeat(4096), /longer than 253/],
      ['ü'.repeat(4096), /longer than 253/],
    ];
    for (const [text, reason] of bad) {
      it(`${JSON.stringify(text.slice(0, 40))} is refused`, () => {
        assert.match(
          reasonOf(() => parseDomainName(text)),
          reason,
        );
      });
    }

    it('the message is one line that holds the name escaped', () => {
      assert.throws(() => parseDomainName('a\n\x1b[31m'), {
        code: 'usage',
        message: "Cannot read domain name 'a\\x0a\\x1b[31m': has a control character",
      });
    });
  });
});

describe('domain names: wire form to text', () => {
  const rows: readonly [wire: string, text: string, labels: number][] = [
    ['\x03www\x07example\x03com', 'www.example.com', 3],
    ['\x03www\x07example\x03com\0', 'www.example.com', 3],
    ['', '.', 0],
    ['\0', '.', 0],
    ['\x03a.b\x01c', 'a\\.b.c', 2],
    ['\x02\\0\x01c', '\\\\0.c', 2],
    ['\x04\0 \x7f\xff', '\\000\\032\\127\\255', 1],
    ['\x03A\x1bB', 'A\\027B', 1],
    // a length byte that equals '-' (0x2d) is still a length byte
    [`\x2d${'-'.repeat(45)}\x01a`, `${'-'.repeat(45)}.a`, 2],
  ];
  for (const [wire, text, labels] of rows) {
    it(`${JSON.stringify(wire)} is ${text}`, () => {
      assert.equal(formatDomainName(bytes(wire)), text);
      assert.equal(countLabels(bytes(wire)), labels);
      assert.equal(isDomainName(bytes(wire)), true);
    });
  }

  it('labels are given without their length bytes', () => {
    assert.deepEqual(labelsOf(bytes('\x03www\x02ab\0')), [bytes('www'), bytes('ab')]);
  });

  it('127 labels are the most', () => {
    assert.equal(countLabels(bytes('\x01a'.repeat(127))), 127);
    assert.equal(isDomainName(bytes('\x01a'.repeat(128))), false);
  });

  const bad: readonly [why: string, wire: string][] = [
    ['a label that leaves the name', '\x04abc'],
    ['a label type 01', `\x40${'a'.repeat(64)}`],
    ['a compression pointer', '\xc0\x0c'],
    ['bytes behind the root', '\x01a\0\x01b'],
    ['zeros behind the root', '\x01a\0\0'],
  ];
  for (const [why, wire] of bad) {
    it(`${why} is no name`, () => {
      assert.equal(isDomainName(bytes(wire)), false);
      assert.throws(() => formatDomainName(bytes(wire)), RangeError);
      assert.throws(() => countLabels(bytes(wire)), RangeError);
    });
  }
});

describe('domain patterns of a rule', () => {
  const rows: readonly [text: string, wire: string, exact: boolean][] = [
    ['example.com', '\x07example\x03com', false],
    ['=www.Example.org', '\x03www\x07example\x03org', true],
    ['.', '', false],
    ['com', '\x03com', false],
  ];
  for (const [text, wire, exact] of rows) {
    it(`${text} is read and written`, () => {
      const pattern = parseDomainPattern(text);
      assert.deepEqual(pattern, { name: bytes(wire), exact });
      assert.equal(formatDomainPattern(pattern), text.toLowerCase());
    });
  }

  const bad: readonly [text: string, reason: RegExp][] = [
    ['=.', /default rule/],
    ['=', /is empty/],
    ['', /is empty/],
    ['==a', /character '='/],
    ['*.example.com', /'\*\.' is not needed/],
    ['.example.com', /'\.' is not needed/],
    ['=*.example.com', /has a '\*'/],
    ['=.example.com', /empty label/],
    ['*', /has a '\*'/],
  ];
  for (const [text, reason] of bad) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.match(
        reasonOf(() => parseDomainPattern(text)),
        reason,
      );
    });
  }
});
