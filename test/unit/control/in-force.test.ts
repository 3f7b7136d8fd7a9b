import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseUci } from '#uci-parser';
import { parseConfiguration } from '../../../src/config/parse.ts';
import { readInForce, removeInForce, stageInForce } from '../../../src/control/in-force.ts';

const CONFIGURATION = parseConfiguration(
  parseUci(`
config domainroute 'main'
	list lan 'lan'

config rule 'video'
	list domain 'example.com'
	list client '192.168.3.0/24'
	list client '@guest'
	option interface 'wg0'
	option announce '1'
	list community '65000:100'
	list community '65000:1:2'

config dnstap 'unbound'
	option socket '/dnstap.sock'
	option group 'unbound'

config bgp 'bgp'
	option asn '65001'
	option router_id '192.0.2.1'
	list listen '::'

config neighbor 'core'
	option address '2001:db8::2'
	option asn '65000'
	option password_file '/etc/domainroute/core.key'
	option netns 'wan'
	option next_hop '192.0.2.1'

config list 'unused'
	option file '/etc/list'
`),
);

describe('the configuration in force', () => {
  let run = '';
  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), 'in-force-'));
  });
  afterEach(() => {
    rmSync(run, { recursive: true });
  });

  it('comes back as it was, without names, lists and clients that are no interface', () => {
    assert.deepEqual(CONFIGURATION.diagnostics, []);
    stageInForce(run, CONFIGURATION)();
    assert.deepEqual(readInForce(run), {
      ...CONFIGURATION,
      rules: CONFIGURATION.rules.map(({ mark, ...rule }) => {
        assert.equal(mark, undefined);
        return { ...rule, domains: [], clients: [{ kind: 'interface', name: 'guest' }] };
      }),
      lists: new Map(),
      diagnostics: [],
    });
  });

  it('is for root alone', () => {
    stageInForce(run, CONFIGURATION)();
    const path = join(run, 'in-force.json');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('may have no BGP', () => {
    const none = { ...CONFIGURATION, bgp: undefined, neighbors: [], dnstap: [] };
    stageInForce(run, none)();
    assert.equal(readInForce(run)?.bgp, undefined);
    assert.deepEqual(readInForce(run)?.neighbors, []);
  });

  it('is nothing where no file is, or half of one', () => {
    assert.equal(readInForce(run), undefined);
    stageInForce(run, CONFIGURATION)();
    const path = join(run, 'in-force.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
    assert.equal(readInForce(run), undefined);
    stageInForce(run, CONFIGURATION)();
    removeInForce(run);
    assert.equal(readInForce(run), undefined);
  });
});
