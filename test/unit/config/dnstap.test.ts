import assert from 'node:assert/strict';
import { parseUci } from '#uci-parser';
import { formatDiagnostic } from '../../../src/config/diagnostic.ts';
import { DNSTAP } from '../../../src/config/options.ts';
import { parseConfiguration } from '../../../src/config/parse.ts';
import { MESSAGE_TYPES } from '../../../src/dnstap/dnstap-message.ts';
import type { DnstapSource } from '../../../src/model/dnstap.ts';

interface Read {
  readonly sources: readonly DnstapSource[];
  readonly said: readonly string[];
}

function read(...sections: readonly (readonly string[])[]): Read {
  const lines = sections.flatMap((options, i) => [`config dnstap 's${i}'`, ...options]);
  const { dnstap, diagnostics } = parseConfiguration(
    parseUci(["config domainroute 'main'", ...lines, ''].join('\n')),
  );
  return {
    sources: dnstap,
    said: diagnostics.map((each) => `${each.severity}: ${formatDiagnostic(each)}`),
  };
}

const longPath = (length: number): string => `/${'x'.repeat(length - 1)}`;

describe('the configuration of dnstap', () => {
  it('everything that can be given is read', () => {
    const { sources, said } = read(
      [
        'option enabled 0',
        'option socket /var/run/domainroute/dnstap.sock',
        'option group unbound',
        'list message resolver_response',
        'list message client_response',
        'option client 1',
      ],
      ['option listen 2001:DB8:0::1', 'option port 6001'],
    );
    assert.deepEqual(said, []);
    assert.deepEqual(sources, [
      {
        section: 's0',
        enabled: false,
        listen: { unix: { path: '/var/run/domainroute/dnstap.sock', group: 'unbound' } },
        messageTypes: ['RESOLVER_RESPONSE', 'CLIENT_RESPONSE'],
        client: true,
      },
      {
        section: 's1',
        enabled: true,
        listen: { tcp: { address: '2001:db8::1', port: 6001 } },
        messageTypes: ['CLIENT_RESPONSE'],
        client: false,
      },
    ]);
  });

  it('has defaults', () => {
    const [socket, tcp] = read(['option socket /s'], ['option listen 127.0.0.1']).sources;
    assert.deepEqual(socket?.listen, { unix: { path: '/s' } });
    assert.deepEqual(tcp?.listen, { tcp: { address: '127.0.0.1', port: 6000 } });
  });

  it('names messages as the schema does', () => {
    const choices = DNSTAP.options.flatMap((option) => ('choices' in option ? option.choices : []));
    assert.ok(choices.length > 0);
    for (const choice of choices) {
      assert.ok((MESSAGE_TYPES as readonly string[]).includes(choice.toUpperCase()), choice);
    }
  });

  const rows: readonly (readonly [options: readonly string[], said: string])[] = [
    [[], "error: dnstap 's0' needs either option 'socket' or option 'listen'"],
    [
      ['option socket /s', 'option listen ::1'],
      "error: dnstap 's0' needs either option 'socket' or option 'listen'",
    ],
    [
      ['option socket s'],
      "error: dnstap 's0' option 'socket' specifies invalid value 's': must begin with '/'",
    ],
    [
      ['option listen localhost'],
      "error: dnstap 's0' option 'listen' specifies invalid value 'localhost': must be an address of IPv4 or IPv6",
    ],
    [
      ['option listen fe80::1%eth0'],
      "error: dnstap 's0' option 'listen' specifies invalid value 'fe80::1%eth0': must be an address of IPv4 or IPv6",
    ],
    [
      ['option listen ::1', 'option port 0'],
      "error: dnstap 's0' option 'port' specifies invalid value '0': must be a whole number from 1 to 65535",
    ],
    [
      ['option socket /s', 'option group a:b'],
      "error: dnstap 's0' option 'group' specifies invalid value 'a:b': must be a name: up to 64 of A-Z a-z 0-9 _ . -",
    ],
    [
      ['option socket /s', 'list message client_query'],
      "error: dnstap 's0' option 'message' specifies invalid value 'client_query': must be one of client_response, resolver_response, forwarder_response, auth_response, stub_response, tool_response",
    ],
    [
      ['option listen ::1', 'option group dns'],
      "warning: dnstap 's0' option 'group' value 'dns' has no effect without option 'socket'",
    ],
    [
      ['option socket /s', 'option sockte /t'],
      "warning: dnstap 's0' option 'sockte' is unknown and has no effect",
    ],
  ];
  for (const [options, expected] of rows) {
    it(`${options.join(', ') || 'nothing'}: ${expected.split(':')[0]}`, () => {
      const { sources, said } = read(options);
      assert.deepEqual(said, [expected]);
      assert.equal(sources.length, expected.startsWith('error') ? 0 : 1);
    });
  }

  it('the path of a socket has 107 bytes at most', () => {
    assert.deepEqual(read([`option socket ${longPath(107)}`]).said, []);
    const { sources, said } = read([`option socket ${longPath(108)}`]);
    assert.deepEqual(sources, []);
    assert.match(said.join(), /option 'socket' specifies .*: is longer than 107 bytes$/);
  });

  it('two do not listen in one place', () => {
    const tcp = ['option listen 127.0.0.1'];
    const unix = ['option socket /s'];
    assert.equal(read(tcp, unix, [...tcp, 'option port 6001']).sources.length, 3);
    assert.equal(read(tcp, [...tcp, 'option enabled 0']).sources.length, 2);
    for (const place of [tcp, unix]) {
      const { sources, said } = read(place, place);
      assert.equal(sources.length, 1);
      assert.deepEqual(said, ["error: dnstap 's1' listens where section 's0' does"]);
    }
  });
});
