/** The kernel matrix: what must hold on the oldest and the newest Linux that OpenWrt and Debian ship. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundle } from './bundle.ts';
import { fetchKernel, KERNELS, KERNELS_DIRECTORY, type KernelVersion } from './fetch.ts';
import { runInGuest, type GuestOptions } from './guest.ts';
import type { FuzzResult } from '../bpf/fuzz.ts';
import type { LoadReport } from './guests/load.ts';
import type { StartReport } from './guests/start.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
const OBJECTS = ['lan', 'wan', 'local'].map((name) => `${name}.bpf.o`);
const GUEST_OBJECTS = '/guest/bpf';
const FRAMES = 100_000;
const SEED = 20;
/** A guest is 10 to 20 times slower than this machine, and that may be busy: 300 frames a second, then. */
const TIMEOUT_SECONDS = 1200;
const TEST_TIMEOUT = (TIMEOUT_SECONDS + 60) * 1000;

/** What `start` reads: every hook is wanted. */
const CONFIGURATION = `
config domainroute 'main'
	option enabled '1'
	list lan 'lan0'
	list wan 'wan0'
	option local '1'

config rule 'video'
	list domain 'example.com'
	option mark '0x23/0xff'
	option on_change 'drop'
`;
/** Without nf_conntrack_netlink. */
const ROUTING_MODULES = ['veth', 'nf_tables', 'nf_conntrack', 'nft_ct'];

const objectFiles = Object.fromEntries(
  OBJECTS.map((name) => [join(GUEST_OBJECTS, name), join(DIST, 'bpf', name)]),
);
const addonFile = { '/guest/libbpf.node': join(DIST, 'libbpf.node') };

/** Run test/kernels/guests/<name>.ts in a guest; gives the JSON of its last line. */
async function runGuest(
  kernel: KernelVersion,
  name: string,
  options: Pick<GuestOptions, 'argv' | 'files' | 'modules'>,
): Promise<unknown> {
  const program = bundle(join(import.meta.dirname, 'guests', `${name}.ts`));
  const { exitStatus, output } = await runInGuest({
    ...options,
    kernel,
    bundle: program,
    files: { ...addonFile, ...objectFiles, ...options.files },
    timeoutSeconds: TIMEOUT_SECONDS,
  });
  assert.equal(exitStatus, 0, `the guest's program failed:\n${output}`);
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
}

/** `start` and `stop` in a guest with a LAN and a WAN device. */
async function startInGuest(kernel: KernelVersion): Promise<StartReport> {
  const configuration = join(KERNELS_DIRECTORY, 'configuration');
  mkdirSync(KERNELS_DIRECTORY, { recursive: true });
  writeFileSync(configuration, CONFIGURATION);
  const report = await runGuest(kernel, 'start', {
    modules: ROUTING_MODULES,
    files: {
      '/guest/domainroute.cjs': join(DIST, 'domainroute.cjs'),
      '/etc/config/domainroute': configuration,
      '/usr/sbin/ip': '/usr/sbin/ip',
      '/usr/sbin/nft': '/usr/sbin/nft',
    },
  });
  return report as StartReport;
}

function fuzz(kernel: KernelVersion): Promise<FuzzResult> {
  const argv = [String(FRAMES), String(SEED)];
  return runGuest(kernel, 'fuzz', { argv }) as Promise<FuzzResult>;
}

for (const kernel of KERNELS) {
  describe(`Linux ${kernel}`, function () {
    this.timeout(TEST_TIMEOUT);

    before(() => void fetchKernel(kernel));

    it('takes every program', async () => {
      const argv = Object.keys(objectFiles);
      const { release, reports } = (await runGuest(kernel, 'load', { argv })) as {
        readonly release: string;
        readonly reports: readonly LoadReport[];
      };
      assert.ok(release.startsWith(`${kernel}.`), release);
      assert.deepEqual(
        reports.map(({ object }) => object),
        OBJECTS,
      );
      for (const { object, error, programs } of reports) {
        assert.equal(error, undefined, `${object}: ${error}`);
        assert.equal(programs.length, 4, `${object} has ${programs.length} programs`);
        for (const { name, jitedSize } of programs) {
          assert.ok(jitedSize !== undefined && jitedSize > 0, `${name} is not compiled`);
        }
      }
    });
  });
}

describe('The programs and their reference model', function () {
  this.timeout(TEST_TIMEOUT);
  const runs = new Map<KernelVersion, Promise<FuzzResult>>();

  before('start a guest of each kernel, side by side', () => {
    for (const kernel of KERNELS) {
      fetchKernel(kernel);
      const run = fuzz(kernel);
      run.catch(() => undefined); // the test of this kernel says what went wrong
      runs.set(kernel, run);
    }
  });

  for (const kernel of KERNELS) {
    it(`agree on ${FRAMES} mutated frames in Linux ${kernel}`, async () => {
      const result = await runs.get(kernel);
      assert.ok(result !== undefined);
      assert.equal(result.differences, 0, JSON.stringify(result.firstDifference));
      assert.equal(result.frames, FRAMES);
      assert.ok(result.refused < FRAMES / 10, `${result.refused} frames were refused`);
      assert.ok(result.unclear < result.rounds / 10, `${result.unclear} rounds were given up`);
    });
  }
});

describe('domainroute start on Linux 6.1, which has no tcx', function () {
  this.timeout(TEST_TIMEOUT);
  before(() => void fetchKernel('6.1'));

  it('says in one line what is missing and leaves nothing behind', async () => {
    const { start, links, left } = await startInGuest('6.1');
    assert.notEqual(start.status, 0);
    assert.equal(start.stdout, '');
    assert.match(
      start.stderr,
      /^domainroute: Cannot attach '\w+': needs Linux 6\.6 or newer[^\n]*\n$/,
    );
    assert.deepEqual(links, {});
    assert.deepEqual(left, []);
  });
});

describe('domainroute start on Linux 6.12', function () {
  this.timeout(TEST_TIMEOUT);
  before(() => void fetchKernel('6.12'));

  it('attaches to tcx and cgroup hooks, ends no connections without ctnetlink, and stop takes everything away', async () => {
    const { start, links, reload, stop, left } = await startInGuest('6.12');
    assert.equal(start.status, 0, start.stderr);
    const [cgroup, tcx] = [3, 11]; // enum bpf_link_type
    const expected = {
      connect4: { type: cgroup, attachType: 10, attached: true },
      connect6: { type: cgroup, attachType: 11, attached: true },
      sendmsg4: { type: cgroup, attachType: 14, attached: true },
      sendmsg6: { type: cgroup, attachType: 15, attached: true },
      lan_ingress: { type: tcx, attachType: 46, attached: true },
      lan_egress: { type: tcx, attachType: 47, attached: true },
      wan_ingress: { type: tcx, attachType: 46, attached: true },
      wan_egress: { type: tcx, attachType: 47, attached: true },
    };
    // the pins of devices end in the ifindex; the router's own queries are also seen on lo
    const byHook = Object.fromEntries(
      Object.entries(links).map(([pin, link]) => [pin.replace(/_\d+$/, ''), link]),
    );
    assert.deepEqual(byHook, expected);
    assert.equal(reload.status, 0, reload.stderr);
    assert.match(
      reload.stderr,
      /on_change 'drop' are kept: Cannot read live connections: the kernel lacks ctnetlink \(install kmod-nf-conntrack-netlink\)\n/,
    );
    assert.equal(stop.status, 0, stop.stderr);
    assert.deepEqual(left, []);
  });
});
