import assert from 'node:assert/strict';
import * as constants from '../../../src/datapath/constants.ts';
import { chainOf, decide } from '../../../src/decide/decide.ts';
import * as source from '../../../src/decide/source.ts';
import { parseAddress } from '../../../src/model/address.ts';
import { formatDomainName, parseDomainName } from '../../../src/model/domain-name.ts';
import { bytes } from '../facts/fixtures.ts';
import { rule } from '../rules/fixtures.ts';
import { client, NOW, sourceOf, type World } from './fixtures.ts';

const MAC = '02:00:5e:00:53:01';
const OTHER = '02:00:5e:00:53:02';
const ADDRESS = '198.51.100.7';

/** Outcome, rule, and the name of the fact. */
function decided(world: World, who = MAC, address = ADDRESS): string {
  const decision = decide(sourceOf(world), client(who), bytes(parseAddress, address));
  const name = decision.fact === undefined ? '-' : formatDomainName(decision.fact.name);
  return `${decision.outcome} ${decision.cell?.section ?? '-'} ${name}`;
}

const www = { client: MAC, address: ADDRESS, name: 'www.example.com' };
const video = rule('video', { domains: ['example.com'] });
const rest = rule('rest', { domains: ['.'] });

describe('decide', () => {
  it('takes the rule that names the fact', () => {
    assert.equal(decided({ rules: [video], facts: [www] }), 'rule video www.example.com');
    const none = rule('none', { domains: ['example.net'] });
    assert.equal(decided({ rules: [none], facts: [www] }), 'no-rule - www.example.com');
    assert.equal(decided({ facts: [www] }), 'no-rule - www.example.com');
    assert.equal(decided({ rules: [video] }), 'no-fact - -');
  });

  it('does not use what another client was told, but what the router was', () => {
    assert.equal(decided({ rules: [video], facts: [www] }, OTHER), 'no-fact - -');
    const router = { ...www, client: '::' };
    assert.equal(decided({ rules: [video], facts: [router] }, OTHER), 'rule video www.example.com');
    assert.equal(decided({ rules: [video], facts: [www] }, '::'), 'no-fact - -');
    assert.equal(decided({ rules: [video], facts: [router] }, '::'), 'rule video www.example.com');
  });

  it('looks for facts in the order of the kernel', () => {
    const facts = [
      { ...www, name: 'own-stray.test', stray: true },
      { ...www, name: 'own-fact.test' },
      { ...www, name: 'any-fact.test', client: '::' },
      { ...www, name: 'any-stray.test', client: '::', stray: true },
    ];
    facts.forEach((fact, i) => {
      assert.equal(decided({ facts: facts.slice(i) }), `no-rule - ${fact.name}`);
    });
    assert.equal(decided({ facts }, '::'), 'no-rule - any-fact.test');
    assert.equal(decided({ facts: facts.slice(3) }, '::'), 'no-rule - any-stray.test');
  });

  it('passes over facts that no longer stand', () => {
    const old = { ...www, expires: NOW, lastSeen: NOW - 100 };
    assert.equal(decided({ rules: [video], facts: [old] }), 'no-fact - -');
    assert.equal(
      decided({ rules: [video], facts: [{ ...old, expires: NOW + 1 }] }),
      'rule video www.example.com',
    );
    assert.equal(
      decided({ rules: [video], facts: [{ ...old, lastSeen: NOW - 99 }] }),
      'rule video www.example.com',
    );
    const stray = { ...old, name: 'stray.test', stray: true };
    assert.equal(decided({ rules: [video], facts: [stray, www] }), 'rule video www.example.com');
  });

  it('prefers the most specific domain, whatever the order of the rules', () => {
    const rules = [
      rule('com', { domains: ['com'] }),
      rule('exact', { domains: ['=www.example.com'] }),
      rule('host', { domains: ['www.example.com'] }),
      video,
    ];
    assert.equal(decided({ rules, facts: [www] }), 'rule exact www.example.com');
    const fewer = rules.filter(({ section }) => section !== 'exact');
    assert.equal(decided({ rules: fewer, facts: [www] }), 'rule host www.example.com');
    const deeper = { ...www, name: 'a.www.example.com' };
    assert.equal(decided({ rules, facts: [deeper] }), 'rule host a.www.example.com');
    assert.equal(decided({ rules, facts: [{ ...www, name: 'x.com' }] }), 'rule com x.com');
  });

  it('goes by the order of the rules where they name the same domain', () => {
    const first = rule('first', { domains: ['example.com'], clients: [OTHER] });
    const rules = [first, video];
    const facts = [www, { ...www, client: OTHER }];
    assert.equal(decided({ rules, facts }), 'rule video www.example.com');
    assert.equal(decided({ rules, facts }, OTHER), 'rule first www.example.com');
  });

  it('falls back to a wider domain if the closest is for other clients', () => {
    const host = rule('host', { domains: ['www.example.com'], clients: [OTHER] });
    assert.equal(decided({ rules: [video, host], facts: [www] }), 'rule video www.example.com');
    assert.equal(decided({ rules: [host], facts: [www] }), 'no-rule - www.example.com');
  });

  it('knows a client by its MAC address, its addresses and its interface', () => {
    const identities = { [MAC]: [MAC, '192.168.3.5', '2001:db8::5', '@7'] };
    for (const [who, taken] of [
      [MAC, true],
      ['192.168.3.0/24', true],
      ['2001:db8::/64', true],
      ['@7', true],
      ['192.168.4.0/24', false],
      ['@8', false],
      [OTHER, false],
    ] as const) {
      const rules = [rule('some', { domains: ['example.com'], clients: [who] })];
      assert.equal(
        decided({ rules, facts: [www], identities }),
        taken ? 'rule some www.example.com' : 'no-rule - www.example.com',
        who,
      );
    }
  });

  it('gives the router itself no rule that is for clients', () => {
    const rules = [rule('some', { domains: ['example.com'], clients: ['::/0'] })];
    const facts = [{ ...www, client: '::' }];
    assert.equal(decided({ rules, facts }, '::'), 'no-rule - www.example.com');
    assert.equal(decided({ rules, facts }), 'rule some www.example.com');
  });

  it('takes a private address only with a rule that says so (Z2)', () => {
    const inner = rule('inner', { domains: ['example.com'], private: true });
    const world = { facts: [www], protected: { [ADDRESS]: 2 } };
    assert.equal(decided({ ...world, rules: [video, rest] }), 'no-rule - www.example.com');
    assert.equal(decided({ ...world, rules: [video, inner] }), 'rule inner www.example.com');
    assert.equal(
      decided({ ...world, rules: [video, inner], protected: { [ADDRESS]: 3 } }),
      'rule video www.example.com',
    );
  });

  it('lets no rule take a protected address (Z2)', () => {
    const inner = rule('inner', { domains: ['example.com', '.'], private: true });
    const world = { rules: [inner], facts: [www], protected: { [ADDRESS]: 1 } };
    assert.equal(decided(world), 'protected - www.example.com');
    assert.equal(decided({ ...world, facts: [] }), 'protected - -');
  });

  it('takes the default rule if no name is known or none is named', () => {
    assert.equal(decided({ rules: [rest] }), 'rule rest -');
    assert.equal(decided({ rules: [rest, video], facts: [www] }), 'rule video www.example.com');
    const other = { ...www, name: 'example.net' };
    assert.equal(decided({ rules: [rest, video], facts: [other] }), 'rule rest example.net');
    const some = rule('some', { domains: ['.'], clients: [OTHER] });
    assert.equal(decided({ rules: [some, rest] }), 'rule rest -');
    assert.equal(decided({ rules: [some] }), 'no-fact - -');
  });

  it('follows a chain to the first name that a rule takes', () => {
    const aliases = [
      ['www.example.com', 'a.cdn.test'],
      ['a.cdn.test', 'b.edge.test'],
    ] as const;
    const edge = rule('edge', { domains: ['edge.test'] });
    const cdn = rule('cdn', { domains: ['test'], clients: [OTHER] });
    const facts = [www, { ...www, client: OTHER }];
    assert.equal(decided({ rules: [edge], facts, aliases }), 'rule edge www.example.com');
    assert.equal(decided({ rules: [edge, video], facts, aliases }), 'rule video www.example.com');
    assert.equal(decided({ rules: [edge, cdn], facts, aliases }), 'rule edge www.example.com');
    assert.equal(
      decided({ rules: [edge, cdn], facts, aliases }, OTHER),
      'rule cdn www.example.com',
    );
    assert.equal(decided({ rules: [rest], facts, aliases }), 'rule rest www.example.com');
  });

  it('follows 11 links and not 12, and ends in a loop (Z1)', () => {
    const aliases = Array.from({ length: 12 }, (_, i) => [`n${i}.test`, `n${i + 1}.test`] as const);
    const facts = [{ ...www, name: 'n0.test' }];
    const at = (i: number): World => ({
      rules: [rule('end', { domains: [`n${i}.test`] })],
      facts,
      aliases,
    });
    assert.equal(decided(at(11)), 'rule end n0.test');
    assert.equal(decided(at(12)), 'no-rule - n0.test');
    const loop = sourceOf({
      aliases: [
        ['a.test', 'b.test'],
        ['b.test', 'a.test'],
      ],
    });
    assert.equal([...chainOf(loop, parseDomainName('a.test'))].length, 12);
  });

  it('gives up after 256 steps, as the kernel does', () => {
    const labels = (count: number): string => Array.from({ length: count }, () => 'a').join('.');
    // a name of n labels: n words, the root, n suffixes, the exact key, the end; then 2 for the default rule
    const steps = (count: number): number => 2 * count + 3;
    const deep = rule('deep', { domains: [`x.${labels(126)}`] });
    const chain = (last: number): World => ({
      rules: [deep, rest],
      facts: [{ ...www, name: labels(100) }],
      aliases: [[labels(100), labels(last)]],
    });
    assert.equal(steps(100) + steps(23) + 3, 255); // 3: with the default rule's cell
    assert.equal(decided(chain(23)), `rule rest ${labels(100)}`);
    assert.equal(decided(chain(24)), `steps - ${labels(100)}`);
  });

  it('has the constants of the data path', () => {
    for (const name of [
      'ACTION_CLIENTS',
      'ACTION_PRIVATE',
      'ACTION_BLOCK',
      'PROTECTED_NEVER',
      'PROTECTED_PRIVATE',
    ] as const) {
      assert.equal(source[name], constants[name], name);
    }
  });
});
