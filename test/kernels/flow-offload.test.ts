/** Software flow offload, which the guests' kernels have: offloaded connections, and rules that change. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';

import { bundle } from './bundle.ts';
import { fetchKernel } from './fetch.ts';
import { runInGuest } from './guest.ts';
import type { OffloadReport } from './guests/offload.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
const TIMEOUT_SECONDS = 600;
const MODULES = [
  'veth',
  'nf_conntrack_netlink',
  'nf_flow_table_inet',
  'nft_flow_offload',
  'nft_chain_nat',
  'nft_masq',
  'nft_ct',
  'nft_fib_inet',
  'nft_reject_inet',
];

describe('connections that the kernel has offloaded', function () {
  this.timeout((TIMEOUT_SECONDS + 60) * 1000);
  let report: OffloadReport;

  before(async () => {
    fetchKernel('6.12');
    const objects = ['lan', 'wan', 'local'].map((name) => `${name}.bpf.o`);
    const programs = ['/usr/sbin/ip', '/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/unshare'];
    const { exitStatus, output } = await runInGuest({
      kernel: '6.12',
      bundle: bundle(join(import.meta.dirname, 'guests/offload.ts')),
      files: {
        '/guest/domainroute.cjs': join(DIST, 'domainroute.cjs'),
        '/guest/libbpf.node': join(DIST, 'libbpf.node'),
        ...Object.fromEntries(
          objects.map((name) => [`/guest/bpf/${name}`, join(DIST, 'bpf', name)]),
        ),
        ...Object.fromEntries(programs.map((path) => [path, path])),
      },
      modules: MODULES,
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    assert.equal(exitStatus, 0, output);
    report = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as OffloadReport;
  });

  const offloaded = (lines: readonly string[], wan: string): number =>
    lines.filter((line) => line.includes('[OFFLOAD]') && line.includes(` dst=${wan} `)).length;
  const [WAN1, WAN2] = ['198.51.100.2', '198.51.101.2'];

  it('go by the uplink of their rule', () => {
    assert.deepEqual(report.first.answers, ['uplink2', 'uplink2']);
    assert.equal(offloaded(report.first.connections, WAN2), 2, report.first.connections.join('\n'));
  });

  it('stay there, offloaded, when the rule says another', () => {
    assert.deepEqual(report.kept.answers, ['uplink2', 'uplink2']);
    assert.equal(offloaded(report.kept.connections, WAN2), 2, report.kept.connections.join('\n'));
  });

  it('do not keep a new one from the way of the new rule', () => {
    assert.deepEqual(report.second.answers, ['uplink1']);
    assert.equal(offloaded(report.second.connections, WAN1), 1);
    assert.equal(offloaded(report.second.connections, WAN2), 1);
  });

  it("end when on_change 'drop' sends them elsewhere, and not where they are there already", () => {
    assert.deepEqual(report.dropped.answers, ['uplink2', 'ECONNRESET']);
    assert.equal(offloaded(report.dropped.connections, WAN1), 0);
    assert.equal(offloaded(report.dropped.connections, WAN2), 1);
    assert.equal(report.third, 'uplink2');
  });
});
