import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRules } from '../../../src/control/rules.ts';

describe('the rules of the file', () => {
  let config = '';
  beforeEach(() => {
    config = mkdtempSync(join(tmpdir(), 'rules-'));
  });
  afterEach(() => {
    rmSync(config, { recursive: true });
  });

  it('are known by the names of their sections, whatever their options are called', () => {
    const text = `
config rule 'video'
	option __proto__ 'x'
	option section 'news'
	list domain 'example.com'

config rule 'news'
	option interface 'wg0'
`;
    writeFileSync(join(config, 'domainroute'), text);
    const settings = { config, pin: '', cgroup: undefined, run: '', ubus: '', assets: '' };
    assert.equal(
      JSON.stringify(listRules(settings)),
      '[{"section":"video","__proto__":"x","domain":["example.com"]},{"section":"news","interface":"wg0"}]',
    );
  });
});
