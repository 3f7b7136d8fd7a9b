/** Live connections by ctnetlink, of every kind that conntrack(8) can make. */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ADDON } from '../bpf/setup.ts';
import { useLab } from '../lab/mocha.ts';

const CHILD = fileURLToPath(new URL('support/conntrack-child.ts', import.meta.url));

interface Report {
  readonly read: readonly string[];
  readonly spared: number;
  readonly left: readonly number[];
  readonly many: number;
  readonly last: readonly string[];
  readonly refused: string;
}

describe('live connections in the kernel', function () {
  this.timeout(60_000);
  const lab = useLab({}, ['conntrack']);
  let report: Report;

  before(async () => {
    const argv = [CHILD, dirname(ADDON), `/run/${lab().name}/connections`];
    const text = await lab().router.output([process.execPath, '--import', 'tsx', ...argv]);
    report = JSON.parse(text) as Report;
  });

  it('are read, of both families, every protocol and zone', () => {
    assert.deepEqual(report.read, [
      '2001:db8::2 0',
      '2001:db8::3 0',
      '203.0.113.1 2147483649',
      '203.0.113.2 0',
      '203.0.113.3 0',
      '203.0.113.4 0',
      '203.0.113.5 0',
      '203.0.113.6 0',
    ]);
  });

  it('end one by one, and those that have ended are none to miss', () => {
    assert.deepEqual(report.left, [7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it('end in any number, and no others', () => {
    assert.equal(report.many, 600);
    assert.equal(report.last.length, 1);
  });

  it('stay if they began with the address and port of one that has ended', () => {
    assert.equal(report.spared, 8);
  });

  it('are nothing for those without rights', () => {
    assert.equal(
      report.refused,
      'DomainrouteError: Cannot read live connections: not permitted (run it as root)',
    );
  });
});
