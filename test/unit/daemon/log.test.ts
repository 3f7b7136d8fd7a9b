import assert from 'node:assert/strict';
import { createLog } from '../../../src/daemon/log.ts';

describe("the daemon's log", () => {
  const lines: string[] = [];
  const log = createLog(
    (line) => lines.push(`info ${line}`),
    (line) => lines.push(`problem ${line}`),
  );
  beforeEach(() => lines.splice(0));

  it('is one fact, then key=value', () => {
    log.info('rules are in force', { generation: 3, rules: 2, nothing: undefined });
    log.problem('Cannot start');
    assert.deepEqual(lines, [
      'info rules are in force generation=3 rules=2',
      'problem Cannot start',
    ]);
  });

  it('is one line whatever it is told (Z6)', () => {
    log.problem('a\nb\u001b[2J\u202e', { name: 'x\ny' });
    assert.deepEqual(lines, ['problem a\\x0ab\\x1b[2J\\u{202e} name=x\\x0ay']);
  });
});
