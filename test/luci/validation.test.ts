/** What the page refuses before it is saved, against what the daemon refuses. */
import assert from 'node:assert/strict';
import type { UciValue } from '#uci-parser';
import { SECTIONS, type OptionSpec, type OptionType } from '../../src/config/options.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { parseValue } from '../../src/config/value.ts';
import { ValueError } from '../../src/model/value.ts';
import { hostileStrings } from './support/hostile.ts';
import { loadModule } from './support/module.ts';
import { UciStore } from './support/uci-store.ts';

interface Values {
  check(spec: OptionSpec, text: string): string | null;
}
type Given = Readonly<Record<string, UciValue>>;
interface Problem {
  readonly option: string | null;
  readonly value: string | null;
}
interface Problems {
  ofSection(
    type: string,
    given: Given,
    sections: (type: string) => readonly Given[],
  ): readonly Problem[];
}

const values = loadModule('domainroute.values') as Values;
const problems = loadModule('domainroute.problems') as Problems;

const long = (length: number): string => 'a'.repeat(length);

/** Good and bad, near the borders of each type. */
const TEXTS: Readonly<Record<OptionType, readonly string[]>> = {
  boolean: ['0', '1', 'on', 'off', 'yes', 'no', 'true', 'false', 'enabled', 'disabled', 'ON', '2'],
  integer: [
    '0',
    '1',
    '63',
    '64',
    '300',
    '24000',
    '32700',
    '32701',
    '-1',
    '1.5',
    '1e3',
    '007',
    '0x1',
  ],
  port: ['0', '1', '65535', '65536'],
  enum: [
    'route',
    'block',
    'proxy',
    'Route',
    'main',
    'keep',
    'real',
    'plain',
    'geosite',
    'mark',
    'auth_response',
  ],
  interface: [
    'lan',
    'br-lan',
    'eth0.1',
    'wan@eth1',
    'a:b',
    '-x',
    '.',
    '..',
    long(31),
    long(32),
    'ä',
  ],
  mask: ['0x3f000000', '0xffffffff', '1', '0', '0x0', '5', '0x80000000', '0x100000000', '0x', 'ff'],
  mark: [
    '35',
    '0x23',
    '0x23/0xff',
    '0x1ff/0xff',
    '1/0',
    '/',
    '1/',
    '/1',
    '0xFFFFFFFF',
    '4294967296',
  ],
  domain: [
    ...['example.com', 'example.com.', '=example.com', '.', '=.', '*.example.com', '.example.com'],
    ...[
      '=*.example.com',
      '=.example.com',
      'a..b',
      '',
      '=',
      'a b',
      'a_b.c',
      '-a.-',
      'EXAMPLE.Com',
      '..',
    ],
    ...['192.0.2.1', '192.0.2.1.', '192.0.2.256', '192.0.02.1', '1.2.3', 'ex\u0000.com', 'a\\.b'],
    ...[
      'bücher.example',
      'xn--bcher-kva.example',
      '例え。テスト',
      'ｅxample．com',
      '١.example',
      'ß.de',
    ],
    ...[
      '\u200b.com',
      'a\u00ad.com',
      'ü%41.com',
      'ü*.com',
      'é.1.2.3',
      '💩.la',
      '\ud800.com',
      'ü..com',
    ],
    ...[`${long(63)}.com`, `${long(64)}.com`, `${'a.'.repeat(126)}a`, `${'a.'.repeat(127)}a`],
    ...[
      `${long(60)}ü.com`,
      'ü'.repeat(63),
      'ü'.repeat(1013),
      'a.٠',
      '=bücher.example',
      'faß.example',
    ],
  ],
  client: [
    ...[
      '192.168.1.0/24',
      '192.168.1.1',
      '192.168.1.1/33',
      '192.168.1.1/',
      '0.0.0.0/0',
      '1.2.3.4/032',
    ],
    ...[
      '2001:db8::/32',
      '::',
      '::/0',
      '::1/128',
      '::/129',
      '1::2::3',
      ':::',
      '1:2:3:4:5:6:7:8',
      ':1',
    ],
    ...[
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7::',
      '::ffff:1.2.3.4',
      '1.2.3.4::',
      '::1.2.3',
      'fe80::1%eth0',
    ],
    ...['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:7:1.2.3.4', '12345::', 'g::', '::1.2.3.4/96', '1::/1 '],
    ...[
      '02:00:00:00:00:11',
      '02-00-00-00-00-11',
      '02:00-00:00:00:11',
      '2:0:0:0:0:1',
      '@guest',
      '@',
    ],
    ...['@.', '@..', '@br-lan', `@${long(31)}`, `@${long(32)}`, '@a:b', 'host', '192.168.01.1', ''],
  ],
  address: [
    ...['192.0.2.1', '0.0.0.0', '192.0.2.256', '192.0.02.1', '192.0.2', '192.0.2.1/32', 'host', ''],
    ...['2001:db8::1', '::', '::ffff:192.0.2.1', 'fe80::1%eth0', '2001:db8::/64', '[::1]', ':'],
  ],
  community: [
    ...['65000:100', '0:0', '65535:65535', '65536:1', '1:65536', '1', '1:', ':1', '1:2:', '01:1'],
    ...['1:2:3', '4294967295:4294967295:4294967295', '4294967296:1:1', '1:2:3:4', '-1:1', '1: 2'],
    ...['no_export', 'no_peer', 'blackhole', 'NO_EXPORT', 'constructor', 'internet', ''],
  ],
  name: [
    'www',
    '1000',
    'a.b-c_d',
    '-a',
    '.',
    '..',
    '...',
    'a/b',
    'a b',
    long(64),
    long(65),
    'ä',
    '',
  ],
  list: ['ads', 'ads_list', 'a-b', '', long(63), long(64), 'ä', 'a b'],
  path: [
    '/a',
    'a',
    '/',
    '/ä',
    '/a\nb',
    `/${long(254)}`,
    `/${long(255)}`,
    `/${'ä'.repeat(127)}`,
    '/\u009f',
  ],
  url: [
    ...[
      'https://example.com/list',
      'http://example.com',
      'HTTPS://example.com',
      'ftp://example.com',
    ],
    ...[
      'https://',
      'https://u:p@example.com',
      'https://u@example.com',
      'https://a b',
      ' https://a',
    ],
    ...[
      'https://example.com:99999',
      'https://[::1]/',
      'https://[::1',
      `https://e.com/${long(2048)}`,
    ],
  ],
};

function daemonTakes(spec: OptionSpec, text: string): boolean {
  try {
    parseValue(spec, text);
    return true;
  } catch (error) {
    if (error instanceof ValueError) return false;
    throw error;
  }
}

describe('a value in a form', () => {
  const everything = [...new Set([...Object.values(TEXTS).flat(), ...hostileStrings()])];

  for (const { type, options } of SECTIONS) {
    for (const spec of options) {
      it(`of ${type}.${spec.name} is refused exactly where the daemon refuses it (A4)`, () => {
        const differing = everything.filter(
          (text) => (values.check(spec, text) === null) !== daemonTakes(spec, text),
        );
        assert.deepEqual(differing, []);
      });
    }
  }

  it('of each type is tried with some that are taken and some that are not', () => {
    const types = new Map(
      SECTIONS.flatMap(({ options }) => options).map((spec) => [spec.type, spec]),
    );
    for (const [type, spec] of types) {
      const taken = new Set(TEXTS[type].map((text) => daemonTakes(spec, text)));
      assert.deepEqual([...taken].sort(), [false, true], type);
    }
  });
});

/** Every combination of some values of some options; undefined: not set. */
const CHOICES: Readonly<Record<string, readonly (UciValue | undefined)[]>> = {
  domain: [undefined, ['example.com'], ['bad name'], 'a.example b.example'],
  list: [undefined, ['known'], ['unknown']],
  interface: [undefined, 'wg0', ''],
  mark: [undefined, '0x23/0xff', '0x1ff/0xff'],
  action: [undefined, 'route', 'block', 'proxy', 'nonsense'],
  local: [undefined, 'bind', 'off'],
  fallback: [undefined, ['block', 'main']],
  announce: [undefined, 'yes', '0'],
};

function combinations(
  choices: readonly (readonly [string, readonly (UciValue | undefined)[]])[],
): Given[] {
  const [first, ...rest] = choices;
  if (first === undefined) return [{}];
  const [name, options] = first;
  return combinations(rest).flatMap((one) =>
    options.map((value) => (value === undefined ? one : { ...one, [name]: value })),
  );
}

/** What is there beside the section that is tried. */
const BESIDE = `
config list 'known'
	option file '/known'

config bgp 'bgp'
	option asn '65001'
	option router_id '192.0.2.1'

config neighbor 'core'
	option address '192.0.2.9'
	option asn '65002'

config neighbor 'off'
	option enabled 'no'
	option address '192.0.2.10'
	option asn '65002'

config neighbor 'isolated'
	option address '2001:db8::9'
	option asn '65002'
	option netns 'blue'

config dnstap 'unix'
	option socket '/run/a'

config dnstap 'tcp'
	option listen '2001:db8::9'
`;

describe('a section in a form', () => {
  const beside = new UciStore(BESIDE);
  const stored = Object.values(beside.values()) as Given[];

  /** As uci.sections answers. */
  const sections = (type: string): Given[] => stored.filter((one) => one['.type'] === type);

  function pageRefuses(type: string, given: Given): boolean {
    return problems.ofSection(type, { '.name': 'tried', ...given }, sections).length > 0;
  }

  /** The section comes last, so that it is the one of two that is left out; that of the speaker has a name. */
  function daemonLeavesOut(type: string, given: Given): boolean {
    const name = type === 'bgp' ? 'bgp' : 'tried';
    const tried = {
      name,
      type,
      anonymous: false,
      options: new Map(Object.entries(given)),
      line: 0,
    };
    const others = beside.toPackage().sections.filter((one) => one.name !== name);
    const all = [...others, tried];
    const { diagnostics } = parseConfiguration({
      sections: all,
      count: all.length,
      encoding: 'utf8',
    });
    return diagnostics.some(({ severity, section }) => severity === 'error' && section === name);
  }

  /** Some of them must be taken and some not, or nothing is compared. */
  function assertAlike(type: string, all: readonly Given[]): void {
    const taken = new Set<boolean>();
    const differing = all.filter((given) => {
      // a form has no option that is set to nothing
      const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
      const isLeftOut = daemonLeavesOut(type, set);
      taken.add(!isLeftOut);
      return pageRefuses(type, given) !== isLeftOut;
    });
    assert.deepEqual(differing, []);
    assert.equal(taken.size, 2);
  }

  it('of a rule is refused exactly where the daemon would leave the rule out (A4)', () => {
    const all = combinations(Object.entries(CHOICES));
    assert.ok(all.length > 2000);
    assertAlike('rule', all);
  });

  it('of a rule has as many communities as the daemon takes', () => {
    const some = (length: number): Given => ({
      domain: 'a.example',
      announce: '1',
      community: Array.from({ length }, (_, i) => `65000:${i}`),
    });
    for (const length of [0, 1, 100, 101]) {
      assert.equal(pageRefuses('rule', some(length)), length > 100);
      assert.equal(daemonLeavesOut('rule', some(length)), length > 100);
    }
  });

  it('of a list needs either a file or a URL, as the daemon does', () => {
    const all = combinations([
      ['file', [undefined, '/a', 'a']],
      ['url', [undefined, 'https://example.com/']],
      ['interval', [undefined, '299', '300']],
    ]);
    assertAlike('list', all);
  });

  it('of the speaker is refused exactly where the daemon would leave it out (A4)', () => {
    const all = combinations([
      ['asn', [undefined, '', '0', '23456', '65001', '4294967295', '4294967296']],
      ['router_id', [undefined, '192.0.2.1', '0.0.0.1', '224.0.0.1', '169.254.1.1', '2001:db8::1']],
      ['hold_time', [undefined, '0', '1', '2', '3', '65536']],
      ['listen', [undefined, ['192.0.2.1', '::'], ['192.0.2']]],
    ]);
    assertAlike('bgp', all);
  });

  it('of a neighbour is refused exactly where the daemon would leave it out (A4)', () => {
    const hosts = [
      ...[undefined, '192.0.2.2', '::ffff:192.0.2.2', '2001:db8::2', '::ffff', '1::', 'host'],
      ...['0.1.2.3', '239.1.2.3', '255.255.255.255', '169.254.0.1', '169.253.0.1', '223.0.0.1'],
      ...['::', '::ffff:0.0.0.0', '::1', 'fe80::1', 'FEBF::1', 'fec0::1', 'ff02::1', 'ff::1'],
      ...['::ffff:169.254.0.1', '0:0::0', 'fe8::1', '::ffff:e000:1', '::192.0.2.2'],
    ];
    for (const option of ['address', 'local_address', 'next_hop', 'next_hop6'])
      assertAlike(
        'neighbor',
        combinations([
          ['address', ['192.0.2.2', '2001:db8::2']],
          ['asn', [undefined, '65002']],
          [option, hosts],
        ]).map((given) => ({ address: '192.0.2.2', ...given })),
      );
    assertAlike(
      'neighbor',
      combinations([
        ['address', [undefined, '192.0.2.2']],
        ['asn', ['65002', '23456']],
        ['ttl_security', [undefined, '0', '1', '255']],
        ['multihop', [undefined, '1', '2']],
        ['hold_time', [undefined, '0', '2', '3']],
        ['password_file', [undefined, '/etc/key', 'key']],
      ]),
    );
  });

  it('of a neighbour is refused where one that is in force has its place (A4)', () => {
    const all = combinations([
      ['enabled', [undefined, '1', 'off']],
      ['address', ['192.0.2.9', '::ffff:192.0.2.9', '192.0.2.10', '2001:DB8:0::9', '2001:db8::8']],
      ['asn', ['65003']],
      ['netns', [undefined, '', 'blue', 'red']],
    ]);
    assertAlike('neighbor', all);
  });

  it('of a resolver is refused exactly where the daemon would leave it out (A4)', () => {
    const longest = `/${'ä'.repeat(53)}`;
    const all = combinations([
      ['enabled', [undefined, '0']],
      ['socket', [undefined, '', '/run/a', '/run/b', 'run', longest, `${longest}a`]],
      ['listen', [undefined, '', '192.0.2.1', '2001:db8::9', '2001:DB8::0:9', 'host']],
      ['port', [undefined, '6000', '6001', '0']],
      ['message', [undefined, ['client_response'], 'client_response tool_response', ['query']]],
    ]);
    assertAlike('dnstap', all);
  });

  it('does not take itself for another one', () => {
    for (const type of ['neighbor', 'dnstap'])
      for (const given of sections(type)) assert.equal(pageRefuses(type, given), false);
  });

  it('names the option and the value that are wrong', () => {
    const given = { domain: ['example.com', 'bad name'], interface: 'wg0' };
    assert.deepEqual(problems.ofSection('rule', given, sections), [
      { option: 'domain', value: 'bad name', message: "has the character ' '" },
    ]);
  });
});
