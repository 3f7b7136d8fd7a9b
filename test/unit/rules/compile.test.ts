import assert from 'node:assert/strict';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { exactKey, NameHasher, suffixHash } from '../../../src/dns/name-hash.ts';
import { parseDomainName } from '../../../src/model/domain-name.ts';
import { DOMAINS_MAX, type RuleSet } from '../../../src/rules/compile.ts';
import { matchName } from './match.ts';
import { compile, entries, list, rule, SEED, sections } from './fixtures.ts';

const below = (name: string): bigint => suffixHash(SEED, parseDomainName(name));
const alone = (name: string): bigint => exactKey(SEED, parseDomainName(name));

/** The rules of each key. */
function compiled(set: RuleSet): Map<bigint, string[]> {
  return new Map([...entries(set)].map(([key, cell]) => [key, sections(set, cell)]));
}

function full(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof DomainrouteError && error.code === code && message.test(error.message);
}

describe('rules/compile', () => {
  it('makes a key of each domain, and key 0 of the default rule', () => {
    const set = compile([
      rule('a', { domains: ['example.com', '=www.example.org'] }),
      rule('rest', { domains: ['.'] }),
    ]);
    assert.deepEqual(
      compiled(set),
      new Map([
        [below('example.com'), ['a']],
        [alone('www.example.org'), ['a']],
        [0n, ['rest']],
      ]),
    );
    assert.equal(set.count, 3);
    assert.deepEqual(sections(set, set.defaultCell), ['rest']);
    assert.equal(set.maxLabels, 2, 'exact rules do not count');
    assert.deepEqual(set.diagnostics, []);
  });

  it('makes nothing of no rules, and of rules that are not enabled', () => {
    const set = compile([rule('off', { enabled: false, domains: ['example.com', '.'] })]);
    assert.deepEqual([set.count, set.keys.length, set.cells.length], [0, 0, 0]);
    assert.deepEqual([set.actions, set.defaultCell, set.maxLabels], [[], 0, 0]);
  });

  it('lists the rules of one name in the order of the configuration, lists included', () => {
    const some = { clients: ['192.0.2.0/24'] };
    const set = compile(
      [
        rule('one', { ...some, lists: ['l'] }),
        rule('two', { ...some, domains: ['example.com'] }),
        rule('three', { ...some, lists: ['m', 'l'] }),
        rule('four', { ...some, domains: ['example.com'] }),
      ],
      [list('l'), list('m')],
      { l: 'example.com\nexample.org\n', m: 'example.net\nexample.com\n' },
    );
    assert.deepEqual(
      compiled(set),
      new Map([
        [below('example.com'), ['one', 'two', 'three', 'four']],
        [below('example.org'), ['one', 'three']],
        [below('example.net'), ['three']],
      ]),
    );
    // one → two → three → four, one' → three', and three' alone
    assert.equal(set.actions.length, 6);
  });

  it('shares cells between names with the same rules, however often they are named', () => {
    const text = Array.from({ length: 1000 }, (_, i) => `n${i}.example.com\n`).join('');
    const set = compile(
      [rule('a', { lists: ['l'], domains: ['example.net', 'EXAMPLE.net'] })],
      [list('l')],
      {
        l: text + text,
      },
    );
    assert.equal(set.count, 1001);
    assert.equal(set.actions.length, 1);
    assert.deepEqual(new Set(entries(set).values()), new Set([1]));
    assert.equal(set.lists[0]?.names, 2000);
  });

  it('leaves out the rules whose turn never comes', () => {
    const cases: [string, string[]][] = [
      // [rules in order: * every client, c some clients, capital: private too; what stays]
      ['* *', ['0']],
      ['* c', ['0']],
      ['c * *', ['0', '1']],
      ['* P', ['0', '1']],
      ['* C', ['0', '1']],
      ['P *', ['0']],
      ['P C P', ['0']],
      ['* C P C', ['0', '1', '2']],
      ['c P * C', ['0', '1']],
      ['C * P P', ['0', '1', '2']],
      ['c C c C', ['0', '1', '2', '3']],
    ];
    for (const [order, stays] of cases) {
      const rules = order.split(' ').map((letter, i) =>
        rule(String(i), {
          domains: ['example.com', '.'],
          clients: letter.toLowerCase() === 'c' ? ['192.0.2.1'] : [],
          private: letter === 'C' || letter === 'P',
        }),
      );
      const set = compile(rules);
      assert.deepEqual(compiled(set).get(below('example.com')), stays, order);
      assert.deepEqual(sections(set, set.defaultCell), stays, order);
    }
  });

  it('keeps the order when a rule above comes from a list that is read later', () => {
    const set = compile(
      [rule('top', { lists: ['l'] }), rule('never', { domains: ['example.com'] })],
      [list('l')],
      { l: 'example.com' },
    );
    assert.deepEqual(compiled(set).get(below('example.com')), ['top']);
  });

  it('refuses more rules than there are counters', () => {
    const rules = Array.from({ length: 1024 }, (_, i) =>
      rule(`r${i}`, { domains: [`r${i}.test`] }),
    );
    assert.equal(compile(rules.slice(1)).count, 1023);
    assert.throws(() => compile(rules), full('full', /Cannot compile 1024 rules: at most 1023/));
  });

  it('refuses more than 64 rules for one name, counted without those that never come', () => {
    const some = { domains: ['example.com'], clients: ['192.0.2.1'] };
    const rules = Array.from({ length: 65 }, (_, i) => rule(`r${i}`, some));
    assert.equal(compile(rules.slice(1)).actions.length, 64);
    assert.throws(() => compile(rules), full('full', /'r64': more than 64 rules/));
    const cut = compile([
      ...rules.slice(0, 9),
      rule('all', { domains: ['example.com'] }),
      ...rules,
    ]);
    assert.equal(cut.actions.length, 10);
  });

  it('refuses more cells than half of the map holds', () => {
    // every pair of 64 rules names one domain: 63 last cells, and 2016 that come before one of them
    const rules = Array.from({ length: 64 }, (_, a) =>
      rule(`r${a}`, {
        clients: ['192.0.2.1'],
        domains: Array.from({ length: 64 }, (_, b) => b).flatMap((b) =>
          a === b ? [] : [`d${Math.min(a, b)}-${Math.max(a, b)}.test`],
        ),
      }),
    );
    assert.equal(compile(rules.slice(1)).actions.length, (63 * 62) / 2 + 63);
    assert.throws(() => compile(rules), full('full', /overlap in more than 2047 ways/));
  });

  it('refuses more than a million domains (D1)', function () {
    this.timeout(60_000);
    const text = Array.from({ length: DOMAINS_MAX }, (_, i) => `${i}.example.com`).join('\n');
    const users = [rule('a', { lists: ['l'] })];
    assert.equal(compile(users, [list('l')], { l: text }).count, 1_000_000);
    assert.throws(
      () => compile(users, [list('l')], { l: `${text}\nexample.org` }),
      full('full', /more than 1000000 domains/),
    );
  });

  it('tells which lists and lines were left out, and compiles the rest', () => {
    const set = compile(
      [rule('a', { lists: ['l', 'geo', 'net', 'none', 'both'], domains: ['example.com'] })],
      [
        list('l'),
        list('geo', { format: 'geosite' }),
        list('net', { file: undefined, url: 'https://lists.example/x' }),
        list('both', { url: 'https://lists.example/x' }),
        list('unused', { file: 'missing' }),
      ],
      { l: 'example.org\nno name\n', both: 'example.net' },
    );
    assert.deepEqual(
      set.diagnostics.map(({ severity, type, section, option, value, message }) =>
        [severity, type, section, option, value, message].join('|'),
      ),
      [
        'warning|rule|a|list|none|no such list: its domains are missing',
        'error|list|geo|format|geosite|cannot be read yet: use plain, hosts, dnsmasq or adblock',
        "error|list|net|url|https://lists.example/x|is fetched by the daemon; set option 'file'",
        'warning|list|l|file|l|1 line is left out: line 2: has more than one word',
      ],
    );
    assert.deepEqual(
      [...entries(set).keys()].sort(),
      [below('example.com'), below('example.org'), below('example.net')].sort(),
    );
  });

  it('fails as a whole when a list cannot be read', () => {
    assert.throws(
      () => compile([rule('a', { lists: ['l'], domains: ['example.com'] })], [list('l')]),
      full('config', /^Cannot read list 'l' from 'l': no such file$/),
    );
  });

  it('takes names that objects have already (D3)', () => {
    const set = compile([rule('a', { lists: ['l'] })], [list('l')], {
      l: '__proto__.test\nconstructor.test\n',
    });
    assert.deepEqual(
      [...entries(set).keys()].sort(),
      [below('__proto__.test'), below('constructor.test')].sort(),
    );
  });
});

describe('rules/match', () => {
  const set = compile([
    rule('com', { domains: ['com'] }),
    rule('domain', { domains: ['example.com'] }),
    rule('host', { domains: ['=www.example.com'] }),
    rule('deep', { domains: ['a.b.example.com'] }),
    rule('rest', { domains: ['.'] }),
  ]);
  const map = entries(set);
  const hasher = new NameHasher(SEED);
  const hits = (name: string, maxLabels = set.maxLabels): string[] =>
    matchName(
      hasher,
      parseDomainName(name),
      (low, high) => map.get((BigInt(high) << 32n) | BigInt(low)) ?? 0,
      maxLabels,
    ).map(
      ({ cell, labels, exact }) =>
        `${sections(set, cell).join()} ${labels}${exact ? ' exact' : ''}`,
    );

  it('finds suffixes from the shortest to the longest, the exact name last', () => {
    assert.deepEqual(hits('www.example.com'), ['com 1', 'domain 2', 'host 3 exact']);
    assert.deepEqual(hits('a.b.example.com'), ['com 1', 'domain 2', 'deep 4']);
    assert.deepEqual(hits('x.www.example.com'), ['com 1', 'domain 2']);
    assert.deepEqual(hits('example.com'), ['com 1', 'domain 2']);
  });

  it('does not mistake a part of a label for one, nor the default rule for a name', () => {
    assert.deepEqual(hits('myexample.com'), ['com 1']);
    assert.deepEqual(hits('example.org'), []);
    assert.deepEqual(hits('.'), []);
  });

  it('looks up no suffix deeper than the deepest rule', () => {
    assert.deepEqual(hits('a.b.example.com', 1), ['com 1']);
    assert.deepEqual(hits('www.example.com', 0), ['host 3 exact']);
    assert.throws(() => matchName(hasher, Uint8Array.of(9), () => 0, 4), /not in wire form/);
  });

  it('finds what the lookup knows under the highest bits of both halves', () => {
    const all = matchName(
      hasher,
      parseDomainName('a.b.c.d'),
      (low, high) => (low >= 0 && high >= 0 ? 1 : 0),
      9,
    );
    assert.equal(all.length, 5);
  });
});
