import assert from 'node:assert/strict';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import type { ListFormat } from '../../../src/rules/list-formats.ts';
import { FILE_MAX, type ListReport, readNames } from '../../../src/rules/list-reader.ts';

interface Read {
  readonly names: string[];
  readonly report: ListReport;
}

function read(format: ListFormat, chunks: Iterable<Uint8Array>): Read {
  const names: string[] = [];
  const report = readNames(
    { section: 'l', file: '/lists/l', format, allowTld: false },
    () => chunks,
    (wire, length, exact) => {
      const name = formatDomainName(wire.slice(0, length));
      if (name === 'refused.test') return 'is refused';
      names.push((exact ? '=' : '') + name);
      return undefined;
    },
  );
  return { names, report };
}

/** Each row: format, text, names, skipped lines, bad lines as "line: reason". Read whole and byte by byte. */
const ROWS: [string, ListFormat, string, string[], number, string[]][] = [
  [
    'names, one a line',
    'plain',
    'example.com\nexample.org\n',
    ['example.com', 'example.org'],
    0,
    [],
  ],
  [
    'a last line without its end',
    'plain',
    'example.com\nexample.org',
    ['example.com', 'example.org'],
    0,
    [],
  ],
  [
    'comments, blank lines and blanks',
    'plain',
    '# x\n\n  \t\n \texample.com \t# why\n#\n',
    ['example.com'],
    0,
    [],
  ],
  ['exact names', 'plain', '=www.example.com\n', ['=www.example.com'], 0, []],
  ['CRLF', 'plain', 'example.com\r\n\r\nexample.org\r\n', ['example.com', 'example.org'], 0, []],
  [
    'a byte order mark',
    'plain',
    '\ufeffexample.com\nexample.org\n',
    ['example.com', 'example.org'],
    0,
    [],
  ],
  [
    'a byte order mark between joined files',
    'plain',
    'a.test\n\ufeffb.test\n',
    ['a.test', 'b.test'],
    0,
    [],
  ],
  [
    'upper case, a last dot, digits, underscores',
    'plain',
    'EXAMPLE.Com.\n1.2.3.Test4\n_a.b-c.test\n',
    ['example.com', '1.2.3.test4', '_a.b-c.test'],
    0,
    [],
  ],
  [
    'an internationalized name',
    'plain',
    'bücher.example\nxn--bcher-kva.example\n',
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    0,
    [],
  ],
  ['two words', 'plain', 'example.com example.org\n', [], 0, ['1: has more than one word']],
  [
    'NUL',
    'plain',
    'exa\0mple.com\na.test\n',
    ['a.test'],
    0,
    ["1: 'exa\\x00mple.com' has a control character"],
  ],
  ['an address', 'plain', '192.0.2.1\n', [], 0, ["1: '192.0.2.1' is an address, not a name"]],
  [
    'an empty label',
    'plain',
    'a..test\n.test\n',
    [],
    0,
    ["1: 'a..test' has an empty label", "2: '.test' has an empty label"],
  ],
  ['the root', 'plain', '.\n', ['.'], 0, []],
  ['a name the taker refuses', 'plain', 'refused.test\n', [], 0, ["1: 'refused.test' is refused"]],
  [
    'a URL',
    'plain',
    'https://example.com/\n',
    [],
    0,
    ["1: 'https://example.com/' has the character ':'"],
  ],
  ['names of objects', 'plain', '__proto__\nconstructor\n', ['__proto__', 'constructor'], 0, []],
  [
    'a label of 63 bytes, and of 64',
    'plain',
    `${'a'.repeat(63)}.test\n${'a'.repeat(64)}.test\n`,
    [`${'a'.repeat(63)}.test`],
    0,
    [`2: '${'a'.repeat(64)}.test' has a label longer than 63 characters`],
  ],

  [
    'hosts',
    'hosts',
    '0.0.0.0 example.com\n127.0.0.1\twww.example.com  a.test # b.test\n::1 six.test\n',
    ['example.com', 'www.example.com', 'a.test', 'six.test'],
    0,
    [],
  ],
  [
    'names of the machine itself',
    'hosts',
    '127.0.0.1 localhost\nff02::1 ip6-allnodes\n0.0.0.0 example.com\n',
    ['example.com'],
    2,
    [],
  ],
  [
    'hosts with a zone, a comment, an address alone',
    'hosts',
    'fe80::1%lo0 a.test\n# x\n0.0.0.0\n',
    ['a.test'],
    1,
    [],
  ],
  [
    'hosts without an address',
    'hosts',
    'example.com\n',
    [],
    0,
    ['1: does not begin with an address'],
  ],
  [
    'hosts with bad names count once a line',
    'hosts',
    '0.0.0.0 a..b x.test c..d\n',
    ['x.test'],
    0,
    ["1: 'a..b' has an empty label"],
  ],

  [
    'dnsmasq servers',
    'dnsmasq',
    'server=/example.com/192.0.2.1\nserver=/a.test/b.test/\n',
    ['example.com', 'a.test', 'b.test'],
    0,
    [],
  ],
  [
    'dnsmasq addresses, sets and local names',
    'dnsmasq',
    'address=/a.test/0.0.0.0\nipset=/b.test/.c.test/set1,set2\nnftset=/d.test/4#inet#fw4#x\nlocal=/e.test/\n',
    ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'],
    0,
    [],
  ],
  [
    'other lines of dnsmasq',
    'dnsmasq',
    '# x\nserver=192.0.2.1\nno-resolv\nserver=//192.0.2.1\ndomain=lan\n',
    [],
    4,
    [],
  ],
  [
    "dnsmasq's any name",
    'dnsmasq',
    'address=/#/0.0.0.0\n',
    [],
    0,
    ["1: '#' has the character '#'"],
  ],

  ['adblock', 'adblock', '[Adblock Plus 2.0]\n! title\n||example.com^\n', ['example.com'], 0, []],
  [
    'adblock lines that are no names',
    'adblock',
    '||a.test^$third-party\n@@||b.test^\n/ads/*\nexample.com##.ad\n||c.test/x^\n||*.d.test^\n||e.test\n',
    [],
    7,
    [],
  ],
];

describe('rules/list-reader', () => {
  for (const [what, format, text, names, skipped, bad] of ROWS) {
    const bytes = Buffer.from(text);
    const ways: [string, Uint8Array[]][] = [
      ['whole', [bytes]],
      ['byte by byte', Array.from(bytes, (byte) => Uint8Array.of(byte))],
    ];
    for (const [way, chunks] of ways) {
      it(`reads ${what} (${format}, ${way})`, () => {
        const { names: found, report } = read(format, chunks);
        assert.deepEqual(found, names);
        assert.equal(report.names, names.length);
        assert.equal(report.skipped, skipped);
        assert.deepEqual(
          report.samples.map(({ line, reason }) => `${line}: ${reason}`),
          bad,
        );
        assert.equal(report.bad, bad.length);
      });
    }
  }

  it('says of bytes that are not UTF-8 that they are not', () => {
    const { names, report } = read('plain', [Buffer.from('b\xfccher.test\na.test', 'latin1')]);
    assert.deepEqual(names, ['a.test']);
    assert.match(report.samples[0]?.reason ?? '', /is not UTF-8$/);
  });

  it('tells the first five bad lines and counts the others', () => {
    const { report } = read('plain', [Buffer.from('a b\n'.repeat(7))]);
    assert.deepEqual([report.bad, report.names], [7, 0]);
    assert.deepEqual(
      report.samples.map(({ file, line }) => [file, line]),
      [1, 2, 3, 4, 5].map((line) => ['/lists/l', line]),
    );
  });

  it('takes lines of 512 bytes, and refuses the file for one of 513 (D1)', () => {
    const line = (length: number): Buffer =>
      Buffer.from(`a.test${' '.repeat(length - 6)}\r\nb.test\n`);
    for (const bytes of [line(512), line(513)]) {
      for (const chunks of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
        if (bytes.length === line(512).length) {
          assert.deepEqual(read('plain', chunks).names, ['a.test', 'b.test']);
        } else {
          assert.throws(
            () => read('plain', chunks),
            (error) =>
              error instanceof DomainrouteError &&
              error.code === 'config' &&
              error.message ===
                "Cannot read list 'l' from '/lists/l': line 1 has more than 512 bytes",
          );
        }
      }
    }
  });

  it('passes over long comments, and long lines of adblock lists', () => {
    const long = 'x'.repeat(5000);
    assert.deepEqual(read('plain', [Buffer.from(`# ${long}\na.test`)]).names, ['a.test']);
    const { names, report } = read('adblock', [Buffer.from(`||${long}^\n||a.test^`)]);
    assert.deepEqual([names, report.skipped], [['a.test'], 1]);
  });

  it('refuses a file over 64 MiB (D1), and stops reading it', () => {
    const chunk = Buffer.alloc(1024 * 1024, '#\n');
    let read64 = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        read64 += chunk.length;
        yield chunk;
      }
    }
    assert.throws(
      () => read('plain', endless()),
      (error) =>
        error instanceof DomainrouteError &&
        error.code === 'full' &&
        /'\/lists\/l': more than 64 MiB$/.test(error.message),
    );
    assert.equal(read64, FILE_MAX + chunk.length);
  });

  it('says why a file cannot be read', () => {
    function* broken(): Generator<Uint8Array> {
      yield Buffer.from('a.test\n');
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    }
    assert.throws(
      () => read('plain', broken()),
      /Cannot read list 'l' from '\/lists\/l': EIO: i\/o error/,
    );
    function* bug(): Generator<Uint8Array> {
      yield Buffer.from('a.test\n');
      throw new TypeError('a bug');
    }
    assert.throws(() => read('plain', bug()), TypeError);
  });
});
