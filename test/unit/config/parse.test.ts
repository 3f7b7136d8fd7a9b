import assert from 'node:assert/strict';
import { parseUci } from '#uci-parser';
import { formatDiagnostic } from '../../../src/config/diagnostic.ts';
import { parseConfiguration } from '../../../src/config/parse.ts';
import { parseClientMatch } from '../../../src/model/client.ts';
import { formatDomainPattern } from '../../../src/model/domain-name.ts';
import type { Configuration } from '../../../src/model/rule.ts';

const read = (file: string): Configuration => parseConfiguration(parseUci(file));

/** Diagnostics as `error rule 'x' …`. */
const said = ({ diagnostics }: Configuration): string[] =>
  diagnostics.map((diagnostic) => `${diagnostic.severity}: ${formatDiagnostic(diagnostic)}`);

const MAIN = "config domainroute 'main'\n";
const LIST = "config list 'l'\n\toption file '/etc/l'\n";
const BGP = "config bgp 'bgp'\n\toption asn 65001\n\toption router_id 192.0.2.1\n";

/** A file with one rule of these lines, which is right but for them. */
const rule = (...options: readonly string[]): string =>
  [MAIN, LIST, BGP, "config rule 'r'", ...options.map((option) => `\t${option}`), ''].join('\n');

describe('the configuration', () => {
  it('everything that can be given is read', () => {
    const configuration = read(`
config domainroute 'main'
	option enabled 'on'
	list lan 'lan'
	list lan 'guest'
	list wan 'wan'
	option local 'no'
	option mark_mask '0xff0000'
	option table '100'
	option facts '64'
	option hold '0'

config rule 'video'
	option enabled '0'
	list domain 'Example.com'
	list domain '=www.example.org'
	list domain '.'
	list list 'later'
	list client '192.168.3.0/24'
	list client '02:00:00:00:00:01'
	list client '@guest'
	option interface 'wg0'
	option action 'route'
	option local 'bind'
	option fallback 'main'
	option address 'fake'
	option announce '1'
	list community '65000:100'
	list community '4200000000:1:2'
	list community 'no_export'
	option on_change 'drop'
	option private '1'

config rule
	list domain 'a.example'
	option mark '0x23/0xff'

config list 'later'
	option url 'https://example.com/list.txt?x=1'
	option format 'adblock'
	option interval '3600'
	option allow_tld '1'
`);
    assert.deepEqual(said(configuration), []);
    assert.deepEqual(configuration.main, {
      enabled: true,
      lan: ['lan', 'guest'],
      wan: ['wan'],
      local: false,
      markMask: 0xff0000,
      table: 100,
      facts: 64,
      holdSeconds: 0,
    });
    const [video, second] = configuration.rules;
    assert.deepEqual(video?.domains.map(formatDomainPattern), [
      'example.com',
      '=www.example.org',
      '.',
    ]);
    assert.deepEqual(
      { ...video, domains: undefined },
      {
        section: 'video',
        enabled: false,
        domains: undefined,
        lists: ['later'],
        clients: ['192.168.3.0/24', '02:00:00:00:00:01', '@guest'].map(parseClientMatch),
        interface: 'wg0',
        mark: undefined,
        action: 'route',
        local: 'bind',
        fallback: 'main',
        address: 'fake',
        announce: true,
        communities: [65000 * 65536 + 100, 0xffffff01],
        largeCommunities: [[4200000000, 1, 2]],
        onChange: 'drop',
        private: true,
      },
    );
    assert.deepEqual(
      { ...second, domains: undefined },
      {
        section: 'cfg0392bd',
        enabled: true,
        domains: undefined,
        lists: [],
        clients: [],
        interface: undefined,
        mark: { value: 0x23, mask: 0xff },
        action: 'route',
        local: 'mark',
        fallback: 'block',
        address: 'real',
        announce: false,
        communities: [],
        largeCommunities: [],
        onChange: 'keep',
        private: false,
      },
    );
    assert.deepEqual(
      [...configuration.lists],
      [
        [
          'later',
          {
            section: 'later',
            url: 'https://example.com/list.txt?x=1',
            file: undefined,
            format: 'adblock',
            intervalSeconds: 3600,
            allowTld: true,
          },
        ],
      ],
    );
  });

  it('nothing given is the defaults, and said', () => {
    const configuration = read('');
    assert.deepEqual(said(configuration), [
      "warning: domainroute 'main' is missing: every option has its default",
    ]);
    assert.deepEqual(configuration.main, {
      enabled: false,
      lan: [],
      wan: [],
      local: true,
      markMask: 0x3f000000,
      table: 24000,
      facts: 16384,
      holdSeconds: 86400,
    });
    assert.deepEqual(configuration.rules, []);
    assert.deepEqual(configuration.dnstap, []);
    assert.equal(configuration.bgp, undefined);
    assert.deepEqual(configuration.neighbors, []);
  });

  it('a bad section is left out and the rest loads', () => {
    const configuration = read(
      `${rule('list domain a.example', "option mark '0x1ff/0xff'")}config rule 'good'\n\tlist domain b.example\n\toption mark 1\n`,
    );
    assert.deepEqual(
      configuration.rules.map(({ section }) => section),
      ['good'],
    );
    assert.deepEqual(configuration.diagnostics, [
      {
        severity: 'error',
        type: 'rule',
        section: 'r',
        option: 'mark',
        value: '0x1ff/0xff',
        message: 'value has bits outside the mask',
      },
    ]);
    assert.deepEqual(said(configuration), [
      "error: rule 'r' option 'mark' specifies invalid value '0x1ff/0xff': value has bits outside the mask",
    ]);
  });

  it('a bad value in main is as if it were not there, and an error', () => {
    const configuration = read(
      `${MAIN}\toption enabled 1\n\toption mark_mask 0x5\n\tlist lan 'lan'\n\tlist lan 'a b'\n\toption table 32701\n`,
    );
    assert.deepEqual(said(configuration), [
      "error: domainroute 'main' option 'lan' specifies invalid value 'a b': must be the name of an interface: up to 31 of A-Z a-z 0-9 _ . @ : -",
      "error: domainroute 'main' option 'mark_mask' specifies invalid value '0x5': has bits that do not lie side by side",
      "error: domainroute 'main' option 'table' specifies invalid value '32701': must be a whole number from 1 to 32700",
    ]);
    assert.deepEqual(configuration.main.lan, ['lan']);
    assert.equal(configuration.main.markMask, 0x3f000000);
    assert.equal(configuration.main.table, 24000);
    assert.equal(configuration.main.enabled, true);
  });

  it('booleans are read as OpenWrt reads them', () => {
    for (const [words, value] of [
      ['1 on yes true enabled', true],
      ['0 off no false disabled', false],
    ] as const) {
      for (const word of words.split(' ')) {
        assert.equal(read(`${MAIN}\toption enabled '${word}'\n`).main.enabled, value, word);
      }
    }
    for (const word of ['2', 'On', 'y', ' 1']) {
      assert.match(
        said(read(`${MAIN}\toption local '${word}'\n`)).join(),
        /'local' specifies invalid value/,
        word,
      );
    }
  });

  it("'option' where 'list' is meant holds one value or some with blanks", () => {
    assert.deepEqual(read(`${MAIN}\toption lan 'lan  guest'\n`).main.lan, ['lan', 'guest']);
    assert.deepEqual(read(`${MAIN}\toption lan 'lan'\n`).main.lan, ['lan']);
  });

  describe('what is said of a rule', () => {
    const ok = ['list domain a.example', 'option mark 1'];
    const rows: readonly [what: string, options: readonly string[], said: readonly string[]][] = [
      ['nothing, if it is right', ok, []],
      ['block has no destination', ['list domain a.example', 'option action block'], []],
      ['proxy may have one', [...ok, 'option action proxy'], []],
      ['proxy may have none', ['list domain a.example', 'option action proxy'], []],
      ['a list is enough', ['list list l', 'option mark 1'], []],
      [
        'no domain and no list',
        ['option mark 1'],
        ["error: rule 'r' needs at least one 'domain' or 'list'"],
      ],
      [
        'no destination',
        ['list domain a.example'],
        [
          "error: rule 'r' needs option 'interface' or option 'mark' for action 'route', or option 'announce'",
        ],
      ],
      [
        'a rule that announces needs no destination',
        ['list domain a.example', 'option announce 1', 'list community no_export'],
        [],
      ],
      [
        'to bind it needs one all the same',
        ['list domain a.example', 'option announce 1', 'option local bind'],
        [
          "error: rule 'r' option 'local' specifies invalid value 'bind': there is no option 'interface' to bind to",
        ],
      ],
      [
        'what is blocked is not announced',
        ['list domain a.example', 'option action block', 'option announce 1'],
        ["warning: rule 'r' option 'announce' has no effect with action 'block'"],
      ],
      [
        'what is proxied is not announced',
        [...ok, 'option action proxy', 'option announce 1'],
        ["warning: rule 'r' option 'announce' has no effect with action 'proxy'"],
      ],
      [
        'communities of what is not announced',
        [...ok, 'list community 1:1'],
        ["warning: rule 'r' option 'community' has no effect without option 'announce'"],
      ],
      [
        'more communities than a message holds',
        [
          ...ok,
          'option announce 1',
          ...Array.from({ length: 101 }, (_, i) => `list community 1:1:${i}`),
        ],
        ["error: rule 'r' option 'community' has 101 values: 100 are the most"],
      ],
      [
        'two destinations',
        [...ok, 'option interface wg0'],
        ["error: rule 'r' has both option 'interface' and option 'mark': remove one of them"],
      ],
      [
        'two destinations of a proxy',
        [...ok, 'option interface wg0', 'option action proxy'],
        ["error: rule 'r' has both option 'interface' and option 'mark': remove one of them"],
      ],
      [
        'block with a destination',
        [...ok, 'option action block'],
        [
          "error: rule 'r' has action 'block' and a destination: remove option 'interface' or 'mark'",
        ],
      ],
      [
        'bind without an interface',
        [...ok, 'option local bind'],
        [
          "error: rule 'r' option 'local' specifies invalid value 'bind': there is no option 'interface' to bind to",
        ],
      ],
      [
        'an unknown action',
        [...ok, 'option action drop'],
        [
          "error: rule 'r' option 'action' specifies invalid value 'drop': must be one of route, block, proxy",
        ],
      ],
      [
        'a list that is not there',
        [...ok, 'list list nowhere'],
        [
          "error: rule 'r' option 'list' specifies invalid value 'nowhere': there is no such section of type 'list', or it has an error",
        ],
      ],
      [
        'a rule is no list',
        [...ok, 'list list r'],
        [
          "error: rule 'r' option 'list' specifies invalid value 'r': there is no such section of type 'list', or it has an error",
        ],
      ],
      [
        'a name of Object.prototype is no list',
        [...ok, 'list list constructor', 'list list __proto__'],
        [
          "error: rule 'r' option 'list' specifies invalid value 'constructor': there is no such section of type 'list', or it has an error",
          "error: rule 'r' option 'list' specifies invalid value '__proto__': there is no such section of type 'list', or it has an error",
        ],
      ],
      [
        'an unknown option',
        [...ok, 'option intreface wg0', 'option __proto__ 1'],
        [
          "warning: rule 'r' option 'intreface' is unknown and has no effect",
          "warning: rule 'r' option '__proto__' is unknown and has no effect",
        ],
      ],
      [
        'a domain given twice',
        [...ok, 'list domain A.example.', 'list domain =a.example'],
        ["warning: rule 'r' option 'domain' value 'a.example' is given twice"],
      ],
      [
        'an option given as a list of two',
        ['list domain a.example', 'list mark 1', 'list mark 2'],
        ["error: rule 'r' option 'mark' is given more than once"],
      ],
      [
        'a bad domain is not missing as well',
        ['list domain *.example.com', 'option mark 1'],
        [
          "error: rule 'r' option 'domain' specifies invalid value '*.example.com': leading '*.' is not needed: a name stands for all below it, too",
        ],
      ],
      [
        'a bad client',
        [...ok, 'list client 192.168.1.0/33'],
        [
          "error: rule 'r' option 'client' specifies invalid value '192.168.1.0/33': must be an address, a prefix, a MAC address or '@interface'",
        ],
      ],
    ];
    for (const [what, options, expected] of rows) {
      it(what, () => {
        const configuration = read(rule(...options));
        assert.deepEqual(said(configuration), expected);
        const failed = expected.some((line) => line.startsWith('error'));
        assert.equal(configuration.rules.length, failed ? 0 : 1);
      });
    }

    it('it announces to nobody', () => {
      const announcing = rule(...ok, 'option announce 1');
      const lines = said(read(announcing.replace(BGP, '')));
      assert.deepEqual(lines, [
        "warning: rule 'r' option 'announce' has no effect without a section 'bgp'",
      ]);
      assert.deepEqual(said(read(announcing)), []);
    });

    it('many bad values are told in few lines', () => {
      const bad = Array.from({ length: 1000 }, (_, i) => `list domain bad..${i}`);
      const lines = said(read(rule(...bad, 'option mark 1')));
      assert.equal(lines.length, 9);
      assert.equal(lines[8], "error: rule 'r' option 'domain' specifies 992 more invalid values");
    });

    it('a duplicate is left out', () => {
      const [only] = read(rule(...ok, 'list domain A.Example', 'list list l', 'list list l')).rules;
      assert.deepEqual(only?.domains.map(formatDomainPattern), ['a.example']);
      assert.deepEqual(only.lists, ['l']);
    });
  });

  describe('a domain that an earlier rule takes', () => {
    const two = (first: readonly string[], second: readonly string[]): string[] =>
      said(
        read(
          [
            MAIN,
            "config rule 'one'",
            ...first,
            'option mark 1',
            "config rule 'two'",
            ...second,
            'option mark 2',
            '',
          ].join('\n'),
        ),
      );
    const never = [
      "warning: rule 'two' option 'domain' value 'a.example' is never reached: rule 'one' names it first",
    ];
    const domain = 'list domain a.example';

    it('is said', () => assert.deepEqual(two([domain], [domain]), never));
    it('is said also of a rule for some clients', () =>
      assert.deepEqual(two([domain], [domain, 'list client 192.0.2.1']), never));
    it('is not said where the earlier rule is for some clients', () =>
      assert.deepEqual(two([domain, 'list client 192.0.2.1'], [domain]), []));
    it('is not said where the earlier rule is not enabled', () =>
      assert.deepEqual(two([domain, 'option enabled 0'], [domain]), []));
    it('is not said of a rule that is not enabled', () =>
      assert.deepEqual(two([domain], [domain, 'option enabled 0']), []));
    it('is not said of the exact name', () =>
      assert.deepEqual(two([domain], ['list domain =a.example']), []));
    it('is not said where private addresses are left to the later one', () =>
      assert.deepEqual(two([domain], [domain, 'option private 1']), []));
    it('is said where the earlier one has private addresses, too', () =>
      assert.deepEqual(two([domain, 'option private 1'], [domain]), never));
  });

  describe('what is said of a list', () => {
    const rows: readonly [options: readonly string[], said: RegExp | undefined][] = [
      [['option file /etc/x'], undefined],
      [['option url http://192.0.2.1:8080/x'], undefined],
      [[], /^error: list 'l' needs either option 'url' or option 'file'$/],
      [
        ['option file /x', 'option url http://a.example/'],
        /needs either option 'url' or option 'file'$/,
      ],
      [['option file x'], /must begin with '\/'$/],
      [[`option file /${'x'.repeat(255)}`], /longer than 255 bytes$/],
      [["option file '/a\nb'"], /specifies invalid value '\/a\\x0ab': has a control character$/],
      [['option url ftp://a.example/'], /must be a URL that begins with/],
      [['option url file:///etc/passwd'], /must be a URL that begins with/],
      [['option url javascript:alert(1)'], /must be a URL that begins with/],
      [["option url ' http://a.example/'"], /must be a URL that begins with/],
      [["option url 'http://a.example/\nx'"], /must be a URL that begins with/],
      [['option url http://'], /must be a URL that begins with/],
      [['option url http://user:secret@a.example/'], /must not hold a user name$/],
      [[`option url http://a.example/${'x'.repeat(4096)}`], /longer than 2048 characters$/],
      [
        ['option file /x', 'option format csv'],
        /must be one of plain, hosts, dnsmasq, adblock, geosite$/,
      ],
      [['option file /x', 'option interval 299'], /must be a whole number from 300 to 31536000$/],
      [['option file /x', 'option interval 1e6'], /must be a whole number/],
      [['option file /x', 'option interval -1'], /must be a whole number/],
    ];
    for (const [options, expected] of rows) {
      it(JSON.stringify(options.join(' ').slice(0, 60)), () => {
        const configuration = read([MAIN, "config list 'l'", ...options, ''].join('\n'));
        const lines = said(configuration);
        assert.equal(configuration.lists.size, expected === undefined ? 1 : 0);
        if (expected === undefined) assert.deepEqual(lines, []);
        else assert.match(lines.join('\n'), expected);
      });
    }

    it('a list with an error takes the rules that use it along', () => {
      const configuration = read(
        `${MAIN}config list 'l'\nconfig rule 'r'\n\tlist list l\n\toption mark 1\n`,
      );
      assert.equal(configuration.rules.length, 0);
      assert.equal(configuration.diagnostics.length, 2);
    });
  });

  it('sections that are none of ours are said', () => {
    assert.deepEqual(
      said(
        read(
          `${MAIN}config rulee 'x'\nconfig domainroute 'other'\nconfig domainroute\nconfig bgp 'z'\nconfig a\x7e 'y'\n`,
        ),
      ),
      [
        "warning: rulee 'x' is of an unknown type and has no effect",
        "warning: domainroute 'other' is not read: the section must have the name 'main'",
        "warning: domainroute 'cfg04722c' is not read: the section must have the name 'main'",
        "warning: bgp 'z' is not read: the section must have the name 'bgp'",
        "warning: a~ 'y' is of an unknown type and has no effect",
      ],
    );
  });

  it('a section name has 63 characters at most', () => {
    const named = (length: number): string =>
      `${MAIN}config rule '${'x'.repeat(length)}'\n\tlist domain a.example\n\toption mark 1\n`;
    assert.equal(read(named(63)).rules.length, 1);
    assert.equal(read(named(64)).rules.length, 0);
    assert.match(said(read(named(64))).join(), /has a name longer than 63 characters$/);
  });

  it('1023 rules are the most', () => {
    const some = (count: number): string =>
      MAIN +
      Array.from(
        { length: count },
        (_, i) => `config rule\n\tlist domain d${i}.example\n\toption mark 1\n`,
      ).join('');
    assert.deepEqual(said(read(some(1023))), []);
    const configuration = read(some(1025));
    assert.equal(configuration.rules.length, 1023);
    assert.match(
      said(configuration).join('\n'),
      /^error: rule 'cfg\w+' is one too many: 1023 rules are the most$/,
    );
  });

  it('a table keeps its rules before the main table', () => {
    assert.equal(read(`${MAIN}\toption table 32700\n`).main.table, 32700);
    for (const table of ['0', '-1', '0x10', '32701', '']) {
      assert.equal(read(`${MAIN}\toption table '${table}'\n`).main.table, 24000, table);
    }
  });
});

describe('values that mean harm (A4, Z6)', () => {
  const hostile = [
    'wan;touch /tmp/x',
    '$(touch /tmp/x)',
    '`id`',
    'wan\nlan',
    'wan|id',
    '../../etc/passwd',
    '..',
    '-batch',
    '--help',
    'wan\x1b[2J',
    "wan'",
    'x'.repeat(4096),
    'ｗａｎ',
    'wan\u202e',
    '',
  ];
  const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
  const options: readonly [option: string, others: string][] = [
    ['interface', 'list domain a.example\n'],
    ['mark', 'list domain a.example\n'],
    ['domain', 'option mark 1\n'],
    ['list', 'list domain a.example\noption mark 1\n'],
    ['client', 'list domain a.example\noption mark 1\n'],
    ['community', 'list domain a.example\noption mark 1\noption announce 1\n'],
    ['action', 'list domain a.example\noption mark 1\n'],
  ];
  for (const [option, others] of options) {
    it(`none is taken for option '${option}'`, () => {
      for (const value of hostile) {
        // full-width letters are those of an internationalized name, and become plain ones
        if (option === 'domain' && (value === 'ｗａｎ' || value.startsWith('-'))) continue;
        const configuration = read(
          `${MAIN}config rule 'r'\n${others}list ${option} ${quote(value)}\n`,
        );
        assert.equal(configuration.rules.length, 0, JSON.stringify(value));
        const [line = '', ...more] = said(configuration);
        assert.deepEqual(more, []);
        assert.match(line, /^error: rule 'r' option '\w+' specifies invalid value /);
        assert.match(line, /^[\x20-\x7e\uff00-\uffef…]*$/, 'printable');
        assert.ok(line.length < 260, line);
      }
    });
  }

  it('section types, names of options and values are escaped and cut', () => {
    assert.equal(
      formatDiagnostic({
        severity: 'error',
        type: 'a\x1b[31m',
        section: 'b\n',
        option: 'c\r',
        value: '\0'.repeat(81),
        message: 'is bad',
      }),
      `a\\x1b[31m 'b\\x0a' option 'c\\x0d' specifies invalid value '${'\\x00'.repeat(80)}…': is bad`,
    );
  });
});
