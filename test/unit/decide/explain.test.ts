import assert from 'node:assert/strict';
import { explain, type Explanation } from '../../../src/decide/explain.ts';
import { rule } from '../rules/fixtures.ts';
import { NOW, sourceOf, type World } from './fixtures.ts';

const MAC = '02:00:5e:00:53:01';
const OTHER = '02:00:5e:00:53:02';
const ADDRESS = '198.51.100.7';

const www = { client: MAC, address: ADDRESS, name: 'www.example.com' };
const video = rule('video', { domains: ['example.com'] });
const rest = rule('rest', { domains: ['.'] });

function one(world: World, query: string, client?: string): Explanation {
  const [explanation, ...more] = explain(sourceOf(world), query, client);
  assert.ok(explanation !== undefined);
  assert.deepEqual(more, []);
  return explanation;
}

const reason = (world: World, query: string, client?: string): string =>
  one(world, query, client).reason;

describe('explain', () => {
  it('shows who goes where by which rule, and why', () => {
    const world = {
      rules: [video],
      facts: [www],
      aliases: [['www.example.com', 'edge.test']] as const,
    };
    const expected: Explanation = {
      query: ADDRESS,
      client: MAC,
      name: 'www.example.com',
      chain: ['www.example.com', 'edge.test'],
      address: ADDRESS,
      rule: 'video',
      action: 'route',
      mark: '0x1000000',
      interface: 'wg0',
      expires_in: 60,
      competing: [],
      reason: "rule 'video' takes 'www.example.com' by the domain 'example.com'",
    };
    assert.deepEqual(explain(sourceOf(world), ADDRESS), [expected]);
    assert.deepEqual(explain(sourceOf(world), ADDRESS, MAC), [expected]);
    const query = 'WWW.Example.com';
    assert.deepEqual(explain(sourceOf(world), query), [{ ...expected, query }]);
    assert.deepEqual(explain(sourceOf(world), query, MAC.toUpperCase()), [{ ...expected, query }]);
  });

  it('shows what blocks, and what has a mark of its own', () => {
    const block = rule('ads', { domains: ['=www.example.com'], action: 'block' });
    const blocked = one({ rules: [block], facts: [www] }, ADDRESS);
    assert.deepEqual([blocked.rule, blocked.action, blocked.interface], ['ads', 'block', null]);
    assert.equal(
      blocked.reason,
      "rule 'ads' blocks 'www.example.com' by the domain '=www.example.com'",
    );
    const marked = rule('own', {
      domains: ['example.com'],
      interface: undefined,
      mark: { value: 0xff000023, mask: 0xffffffff },
    });
    const { mark, interface: name, action } = one({ rules: [marked], facts: [www] }, ADDRESS);
    assert.deepEqual([mark, name, action], ['0xff000023', null, 'route']);
  });

  it('has one answer for each address and client of a name', () => {
    const second = { ...www, address: '2001:db8::7' };
    const facts = [www, second, { ...www, client: OTHER }, { ...second, client: '::' }];
    const rows = (client?: string): (string | null)[][] =>
      explain(sourceOf({ rules: [video], facts }), 'www.example.com', client).map(
        ({ client: who, address, rule: section }) => [who, address, section],
      );
    assert.deepEqual(rows(), [
      [MAC, ADDRESS, 'video'],
      [MAC, '2001:db8::7', 'video'],
      [OTHER, ADDRESS, 'video'],
      [null, '2001:db8::7', 'video'],
    ]);
    assert.deepEqual(rows(OTHER), [
      [OTHER, ADDRESS, 'video'],
      [OTHER, '2001:db8::7', 'video'],
    ]);
  });

  it('has one answer for each client of an address', () => {
    const facts = [www, { ...www, client: OTHER, name: 'example.net' }, { ...www, stray: true }];
    const rows = explain(sourceOf({ rules: [video], facts }), ADDRESS);
    assert.deepEqual(
      rows.map(({ client, name, rule: section }) => [client, name, section]),
      [
        [MAC, 'www.example.com', 'video'],
        [OTHER, 'example.net', null],
      ],
    );
  });

  it('shows the other names of an address, and what rule each would take', () => {
    const facts = [
      www,
      { ...www, client: OTHER, name: 'cdn.test' },
      { ...www, client: '::', name: 'cdn.test', stray: true },
      { ...www, client: OTHER, name: 'old.test', expires: NOW, stray: true },
      { ...www, client: OTHER },
    ];
    const cdn = rule('cdn', { domains: ['cdn.test'], clients: [OTHER] });
    assert.deepEqual(one({ rules: [video, cdn], facts }, ADDRESS, MAC).competing, [
      { name: 'cdn.test', client: OTHER, rule: 'cdn' },
      { name: 'cdn.test', client: null, rule: null },
    ]);
  });

  it('finds the facts of a client that is asked for by its address', () => {
    const identities = { '192.168.3.5': [MAC, '192.168.3.5'] };
    const answer = one({ rules: [video], facts: [www], identities }, ADDRESS, '192.168.3.5');
    assert.deepEqual([answer.client, answer.rule], [MAC, 'video']);
  });

  it('says whose name counts where the one asked for was told, too', () => {
    const facts = [www, { ...www, name: 'later.test', stray: true }];
    const answer = one({ rules: [video, rest], facts }, 'www.example.com');
    assert.deepEqual([answer.name, answer.rule], ['later.test', 'rest']);
    assert.deepEqual(answer.competing, [{ name: 'www.example.com', client: MAC, rule: 'video' }]);
    assert.equal(
      answer.reason,
      "the address was later told as 'later.test'; no rule names 'later.test', the default rule 'rest' takes it",
    );
  });

  describe('says what is missing:', () => {
    it('no name is known for an address', () => {
      const answer = one({ rules: [video] }, ADDRESS);
      assert.deepEqual(answer, {
        query: ADDRESS,
        client: null,
        name: null,
        chain: [],
        address: ADDRESS,
        rule: null,
        action: null,
        mark: null,
        interface: null,
        expires_in: null,
        competing: [],
        reason: 'no name is known for this address; there is no default rule',
      });
      assert.equal(
        reason({ rules: [rest] }, ADDRESS),
        "no name is known for this address; the default rule 'rest' takes it",
      );
      const some = rule('some', { domains: ['.'], clients: [OTHER] });
      assert.equal(
        reason({ rules: [some] }, ADDRESS, MAC),
        "no name is known for this address; the default rule 'some' is limited to other clients",
      );
    });

    it('only others were told a name for an address', () => {
      assert.equal(
        reason({ rules: [video], facts: [www] }, ADDRESS, OTHER),
        'names of this address were told to other clients only; there is no default rule',
      );
      assert.equal(
        reason({ rules: [video], facts: [www] }, ADDRESS, '::'),
        'names of this address were told to clients only; there is no default rule',
      );
    });

    it('nobody asked for a name: which rule would take it', () => {
      const answer = one({ rules: [video] }, 'www.example.com');
      assert.deepEqual(
        [answer.name, answer.chain, answer.address, answer.client, answer.expires_in],
        ['www.example.com', ['www.example.com'], null, null, null],
      );
      assert.deepEqual(
        [answer.rule, answer.action, answer.mark, answer.interface],
        ['video', 'route', '0x1000000', 'wg0'],
      );
      assert.equal(
        answer.reason,
        "no client asked for 'www.example.com' since the start, or the answer is too old; " +
          "rule 'video' would take 'www.example.com' by the domain 'example.com'",
      );
    });

    it('others asked for a name, this client did not', () => {
      assert.equal(
        reason({ rules: [rest], facts: [www] }, 'www.example.com', OTHER),
        "this client was told no address of 'www.example.com', only others were; " +
          "no rule names 'www.example.com', the default rule 'rest' would take it",
      );
    });

    it('no rule names it, or only one that is not enabled', () => {
      assert.equal(reason({ facts: [www] }, ADDRESS), "no rule names 'www.example.com'");
      const off = rule('off', { domains: ['=example.org', 'example.com'], enabled: false });
      assert.equal(
        reason({ rules: [off], facts: [www] }, ADDRESS),
        "rule 'off' names 'www.example.com', but is not enabled",
      );
      for (const domains of [['=example.com'], ['ample.com'], ['.'], ['a.www.example.com']]) {
        const other = rule('off', { domains, enabled: false });
        assert.equal(
          reason({ rules: [other], facts: [www] }, ADDRESS),
          "no rule names 'www.example.com'",
        );
      }
      const target = rule('off', { domains: ['edge.test'], enabled: false });
      const aliases = [['www.example.com', 'edge.test']] as const;
      assert.equal(
        reason({ rules: [target], facts: [www], aliases }, ADDRESS),
        "rule 'off' names 'www.example.com', but is not enabled",
      );
    });

    it('the rule is for other clients', () => {
      const some = rule('some', { domains: ['example.com'], clients: [OTHER] });
      const refused = "rule 'some' names 'www.example.com', but is limited to other clients";
      assert.equal(reason({ rules: [some], facts: [www] }, ADDRESS), refused);
      assert.equal(
        reason({ rules: [some, rest], facts: [www] }, ADDRESS),
        `${refused}: the default rule 'rest' takes it`,
      );
      assert.equal(
        reason({ rules: [some, video], facts: [www] }, ADDRESS),
        `rule 'video' takes 'www.example.com' by the domain 'example.com' (${refused})`,
      );
      const wide = rule('wide', { domains: ['com'], clients: [OTHER] });
      assert.equal(
        reason({ rules: [wide, video], facts: [www] }, ADDRESS),
        "rule 'video' takes 'www.example.com' by the domain 'example.com'",
        'a wider domain would not have counted',
      );
    });

    it('the rule is for certain clients, and none was said', () => {
      const some = rule('some', { domains: ['example.com'], clients: [MAC] });
      assert.equal(
        reason({ rules: [some] }, 'example.com'),
        "no client asked for 'example.com' since the start, or the answer is too old; " +
          "rule 'some' names 'example.com', but is limited to certain clients",
      );
      assert.match(reason({ rules: [some] }, 'example.com', MAC), /rule 'some' would take/);
    });

    it('the address is private, or protected', () => {
      assert.equal(
        reason({ rules: [video], facts: [www], protected: { [ADDRESS]: 2 } }, ADDRESS),
        "rule 'video' names 'www.example.com', but the address is private and the rule has no option 'private'",
      );
      const answer = one({ rules: [video], facts: [www], protected: { [ADDRESS]: 1 } }, ADDRESS);
      assert.equal(answer.reason, 'the address is protected: no rule takes it');
      assert.deepEqual([answer.name, answer.rule], ['www.example.com', null]);
    });

    it('the name matched by what it is an alias of', () => {
      const aliases = [['www.example.com', 'edge.test']] as const;
      const edge = rule('edge', { domains: ['test'] });
      assert.equal(
        reason({ rules: [edge], facts: [www], aliases }, ADDRESS),
        "rule 'edge' takes 'www.example.com', an alias of 'edge.test', by the domain 'test'",
      );
    });

    it('the router was told, not the client', () => {
      assert.equal(
        reason({ rules: [video], facts: [{ ...www, client: '::' }] }, ADDRESS, MAC),
        'the router itself was told, which holds for every client; ' +
          "rule 'video' takes 'www.example.com' by the domain 'example.com'",
      );
    });

    it('the search takes too many steps', () => {
      const labels = (count: number): string => Array.from({ length: count }, () => 'a').join('.');
      const world = {
        rules: [rule('deep', { domains: [`x.${labels(126)}`] })],
        facts: [{ ...www, name: labels(127) }],
        aliases: [[labels(127), labels(126)]] as const,
      };
      assert.match(
        reason(world, ADDRESS),
        /^its names and rules take more than 256 steps, so no rule/,
      );
      const { rule: section, reason: why } = one({ ...world, facts: [] }, labels(127));
      assert.equal(section, null);
      assert.match(why, /more than 256 steps, so no rule would take it$/);
    });
  });

  it('refuses what is neither a name nor an address, and clients that are none', () => {
    const usage = (message: RegExp) => ({ code: 'usage', message });
    assert.throws(() => explain(sourceOf({}), 'a b'), usage(/domain name 'a b': has a space/));
    assert.throws(() => explain(sourceOf({}), '1.2.3.4', 'me'), usage(/client 'me': is neither/));
  });
});
