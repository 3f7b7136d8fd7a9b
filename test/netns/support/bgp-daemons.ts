/** Real BGP daemons as neighbours, and their routes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { until } from '../../lab/until.ts';
import type { BgpLab, Peer, Program } from './bgp-lab.ts';
import { OUR_ASN, PEER_ASN } from './bgp-routes.ts';

const run = promisify(execFile);

export interface DaemonOptions {
  /** Family of the transport; default 4. */
  readonly transport?: 4 | 6;
  readonly asn?: number;
  readonly passive?: boolean;
  readonly md5?: string;
  readonly ttlSecurity?: boolean;
}

export interface Daemon {
  /** How many {@link routes} there are, which is sooner said. */
  count(): Promise<number>;
  /** Prefixes learnt from us, sorted; those that wait for a restart of ours too. */
  routes(): Promise<readonly string[]>;
  /** How many routes have come, gone or become others, as the daemon itself counts; undefined: it does not. */
  changes?(): Promise<number>;
  /** All the daemon knows of one. */
  route(prefix: string): Promise<string>;
  /** What the daemon says of the session with us. */
  session(): Promise<string>;
  /** Is it up? */
  established(): Promise<boolean>;
  /** As a power failure would. */
  kill(): Promise<void>;
}

export type StartDaemon = (lab: BgpLab, peer: Peer, options?: DaemonOptions) => Promise<Daemon>;

async function capture(netns: string, argv: readonly string[]): Promise<string> {
  const args = [`--net=${netns}`, '--', ...argv];
  const { stdout } = await run('nsenter', args, { maxBuffer: 1 << 27 });
  return stdout;
}

function sortedMatches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, prefix = '']) => prefix).sort();
}

function ends(peer: Peer, transport: 4 | 6): { ours: string; theirs: string } {
  const { ours, theirs } = peer;
  return transport === 4
    ? { ours: ours.inet, theirs: theirs.inet }
    : { ours: ours.inet6, theirs: theirs.inet6 };
}

export const startBird: StartDaemon = async (lab, peer, options = {}) => {
  const { transport = 4, asn = PEER_ASN, passive = false, md5, ttlSecurity = false } = options;
  const { ours, theirs } = ends(peer, transport);
  const configuration = `${peer.directory}/bird.conf`;
  const socket = `${peer.directory}/bird.ctl`;
  writeFileSync(
    configuration,
    `router id 192.0.2.2;
log stderr { remote };
protocol device {}
protocol bgp ours {
  local ${theirs} as ${asn};
  neighbor ${ours} as ${OUR_ASN};
  ${asn === OUR_ASN ? '' : `ttl security ${ttlSecurity ? 'on' : 'off'};`}
  ${md5 === undefined ? '' : `password "${md5}";`}
  passive ${passive ? 'on' : 'off'};
  connect delay time 1;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
`,
  );
  const program = lab.spawn(peer.netns, ['bird', '-f', '-c', configuration, '-s', socket]);
  const birdc = (...args: readonly string[]): Promise<string> =>
    capture(peer.netns, ['birdc', '-r', '-s', socket, ...args]);
  await started('bird', program, () => birdc('show', 'status'));
  return {
    count: async () => Number(/Total: (\d+)/.exec(await birdc('show', 'route', 'count'))?.[1]),
    changes: async () => {
      // received, rejected, filtered, ignored, accepted: what was known like this already is ignored
      const pattern = /Import (?:updates|withdraws): .* (\d+)$/gm;
      const accepted = sortedMatches(await birdc('show', 'protocols', 'all', 'ours'), pattern);
      assert.equal(accepted.length, 4);
      return accepted.reduce((sum, count) => sum + Number(count), 0);
    },
    routes: async () => sortedMatches(await birdc('show', 'route'), /^([0-9a-f.:]+\/\d+) /gm),
    route: (prefix) => birdc('show', 'route', 'all', 'for', prefix),
    session: async () => `${await birdc('show', 'protocols', 'ours')}${program.output()}`,
    established: async () => /Established/.test(await birdc('show', 'protocols', 'ours')),
    kill: () => program.kill(),
  };
};

/** Of one family. */
interface FrrSummary {
  readonly tableVersion: number;
  /** By address; the prefixes learnt from it, those that wait for a restart of its too. */
  readonly peers: Readonly<Record<string, { readonly pfxRcd: number }>>;
}

export const startFrr: StartDaemon = async (lab, peer, options = {}) => {
  const { transport = 4, asn = PEER_ASN, passive = false, md5, ttlSecurity = false } = options;
  const { ours } = ends(peer, transport);
  const { directory } = peer;
  const neighbor = `neighbor ${ours}`;
  for (const file of ['zserv', 'bgpd.vty', 'zebra.vty'])
    rmSync(`${directory}/${file}`, { force: true });
  writeFileSync(
    `${directory}/bgpd.conf`,
    `router bgp ${asn}
 bgp router-id 192.0.2.3
 no bgp ebgp-requires-policy
 timers bgp 30 90
 ${neighbor} remote-as ${OUR_ASN}
 ${neighbor} timers connect 1
 ${passive ? `${neighbor} passive` : ''}
 ${md5 === undefined ? '' : `${neighbor} password ${md5}`}
 ${ttlSecurity ? `${neighbor} ttl-security hops 1` : ''}
 address-family ipv4 unicast
  ${neighbor} activate
 address-family ipv6 unicast
  ${neighbor} activate
`,
  );
  const common = ['-z', `${directory}/zserv`, '--vty_socket', directory];
  const frr = (name: string, file: string, ...more: readonly string[]): Program =>
    lab.spawn(peer.netns, [
      `/usr/lib/frr/${name}`,
      ...['-f', file, '-i', `${directory}/${name}.pid`],
      ...common,
      ...more,
    ]);
  const vtysh = (name: string, command: string): Promise<string> =>
    capture(peer.netns, ['vtysh', '--vty_socket', directory, '-d', name, '-c', command]);
  const zebra = frr('zebra', '/dev/null');
  await started('zebra', zebra, () => vtysh('zebra', 'show version'));
  const bgpd = frr('bgpd', `${directory}/bgpd.conf`, '--no_kernel');
  await started('bgpd', bgpd, () => vtysh('bgpd', 'show version'));
  const summary = async (): Promise<readonly FrrSummary[]> => {
    const text = await vtysh('bgpd', 'show bgp summary json');
    const { ipv4Unicast, ipv6Unicast } = JSON.parse(text) as Record<string, FrrSummary>;
    assert.ok(ipv4Unicast !== undefined && ipv6Unicast !== undefined);
    return [ipv4Unicast, ipv6Unicast];
  };
  const routes = async (): Promise<readonly string[]> => {
    const both = await Promise.all([
      vtysh('bgpd', 'show bgp ipv4 unicast json'),
      vtysh('bgpd', 'show bgp ipv6 unicast json'),
    ]);
    return both
      .flatMap((text) => Object.keys((JSON.parse(text) as { routes: object }).routes))
      .sort();
  };
  return {
    count: async () =>
      (await summary()).reduce((sum, { peers }) => sum + (peers[ours]?.pfxRcd ?? 0), 0),
    // goes up whenever the best path of a prefix is another one
    changes: async () => (await summary()).reduce((sum, { tableVersion }) => sum + tableVersion, 0),
    routes,
    route: (prefix) =>
      vtysh('bgpd', `show bgp ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast ${prefix}`),
    session: () => vtysh('bgpd', `show bgp neighbors ${ours}`),
    established: async () =>
      /BGP state = Established/.test(await vtysh('bgpd', `show bgp neighbors ${ours}`)),
    kill: async () => {
      await bgpd.kill();
      await zebra.kill();
    },
  };
};

export const startGobgp: StartDaemon = async (lab, peer, options = {}) => {
  const { transport = 4, asn = PEER_ASN, passive = false, md5, ttlSecurity = false } = options;
  const { ours, theirs } = ends(peer, transport);
  const configuration = `${peer.directory}/gobgp.toml`;
  const family = (name: string): string => `
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${name}"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
`;
  writeFileSync(
    configuration,
    `[global.config]
  as = ${asn}
  router-id = "192.0.2.4"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${ours}"
    peer-as = ${OUR_ASN}
    ${md5 === undefined ? '' : `auth-password = "${md5}"`}
  [neighbors.transport.config]
    passive-mode = ${passive}
    local-address = "${theirs}"
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.ttl-security.config]
    enabled = ${ttlSecurity}
    ttl-min = 255
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
${family('ipv4-unicast')}${family('ipv6-unicast')}`,
  );
  const program = lab.spawn(peer.netns, [
    ...['gobgpd', '-t', 'toml', '-f', configuration],
    ...['--api-hosts', '127.0.0.1:50051', '--pprof-disable'],
  ]);
  const gobgp = (...args: readonly string[]): Promise<string> =>
    capture(peer.netns, ['gobgp', ...args]);
  await started('gobgpd', program, () => gobgp('global'));
  return {
    count: async () => {
      const both = await Promise.all([
        gobgp('global', 'rib', 'summary', '-a', 'ipv4'),
        gobgp('global', 'rib', 'summary', '-a', 'ipv6'),
      ]);
      const counts = both.map((text) => Number(/Destination: (\d+)/.exec(text)?.[1]));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    routes: async () => {
      const both = await Promise.all([
        gobgp('global', 'rib', '-a', 'ipv4'),
        gobgp('global', 'rib', '-a', 'ipv6'),
      ]);
      return both.flatMap((text) => sortedMatches(text, /^[*>S ]*([0-9a-f.:]+\/\d+) /gm)).sort();
    },
    route: (prefix) =>
      gobgp('global', 'rib', prefix, '-a', prefix.includes(':') ? 'ipv6' : 'ipv4', '-j'),
    session: () => gobgp('neighbor', ours),
    established: async () => /BGP state = ESTABLISHED/i.test(await gobgp('neighbor', ours)),
    kill: () => program.kill(),
  };
};

async function started(name: string, program: Program, ask: () => Promise<unknown>): Promise<void> {
  try {
    await until(`${name} answers`, async () => {
      await ask();
      return true;
    });
  } catch (error) {
    await program.kill();
    throw new Error(`${name} did not start: ${program.output()}`, { cause: error });
  }
}
