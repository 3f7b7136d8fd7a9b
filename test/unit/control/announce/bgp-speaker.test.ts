import assert from 'node:assert/strict';

import { parseUci } from '#uci-parser';
import { parseConfiguration } from '../../../../src/config/parse.ts';
import { BgpSpeaker } from '../../../../src/control/announce/bgp-speaker.ts';
import type { Configuration } from '../../../../src/model/rule.ts';

function configuration(rule: readonly string[], neighbor: readonly string[] = []): Configuration {
  const lines = [
    "config domainroute 'main'",
    "config bgp 'bgp'",
    ...["option asn '65001'", "option router_id '10.9.0.1'"],
    "config rule 'video'",
    ...["option domain 'example.com'", "option announce '1'", ...rule],
    "config neighbor 'core'",
    ...["option address '10.9.0.2'", "option asn '65002'", ...neighbor],
  ];
  const read = parseConfiguration(parseUci(`${lines.join('\n')}\n`));
  assert.deepEqual(read.diagnostics, []);
  return read;
}

function speakerOf({ bgp }: Configuration): {
  readonly speaker: BgpSpeaker;
  readonly log: string[];
} {
  assert.ok(bgp !== undefined);
  const log: string[] = [];
  return { speaker: new BgpSpeaker(bgp, (problem) => log.push(problem)), log };
}

describe('the BGP speaker of a configuration', () => {
  it('has routes announced again when communities of a rule are others, and only then', () => {
    const plain = configuration([]);
    const tagged = configuration(["list community '65001:100'"]);
    const { speaker } = speakerOf(plain);
    assert.equal(speaker.configure(plain), true);
    assert.equal(speaker.configure(configuration([])), false);
    assert.equal(speaker.configure(tagged), true);
    assert.equal(speaker.configure(configuration([], ["option med '7'"])), true);
    assert.equal(speaker.configure(configuration([], ["option med '8'"])), false);
  });

  it('says once what is wrong with a neighbour, however often it is configured', () => {
    const read = configuration([], ["option password_file '/nonexistent/key'"]);
    const { speaker, log } = speakerOf(read);
    for (let i = 0; i < 3; i++) speaker.configure(read);
    assert.deepEqual(log, ["Cannot read key '/nonexistent/key': ENOENT"]);
    assert.deepEqual(speaker.neighbors(), []);
  });
});
