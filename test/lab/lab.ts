/**
 * A small network on this machine, in network namespaces: two clients, a router with two uplinks, resolvers and
 * servers (drawn in topology.ts). Tests, benches and the demo share it.
 *
 *     const lab = await createLab();
 *     try {
 *       lab.configure("config domainroute 'main'\n\toption enabled '1'\n…");
 *       await lab.cli('start');
 *       await lab.whichUplink(lab.client, 'www.example.com'); // 'uplink1'
 *     } finally {
 *       await lab.close();
 *     }
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

import { buildSync } from 'esbuild';

import { cgroupRoot, labName, removeAtExit, removeNow, removeStaleLabs } from './cleanup.ts';
import { Host } from './host.ts';
import type { RunResult } from './protocol.ts';
import {
  addressing,
  ADDRESSES,
  FORWARDING,
  HOSTS,
  links,
  MASQUERADE_NFT,
  SYSCTL,
  UPLINK_NFT,
  type HostName,
} from './topology.ts';
import { until } from './until.ts';
import { DEFAULT_HOSTS, Zone, type ZoneOptions } from './zone.ts';

export interface LabOptions extends Partial<ZoneOptions> {
  /** The router hides the LAN behind its WAN addresses; default: it does not, uplinks route back. */
  readonly masquerade?: boolean;
}

export interface WhichOptions {
  readonly family?: 4 | 6;
  readonly protocol?: 'tcp' | 'udp';
  /** Source address. */
  readonly local?: string;
  readonly timeoutMs?: number;
}

export interface Lab extends Readonly<Record<HostName, Host>> {
  readonly name: string;
  readonly zone: Zone;
  /** What the CLI is given: `--config`, `--pin`, `--cgroup`, `--run`. */
  readonly directories: Readonly<Record<'config' | 'pin' | 'cgroup' | 'run', string>>;
  /** What the CLI is given as `--ubus`: nobody listens there, unless the test starts a ubusd. */
  readonly ubus: string;
  /** Writes /etc/config/domainroute of the router. */
  configure(uci: string): void;
  /** Runs the built CLI on the router, whatever its exit status. */
  cli(...args: readonly string[]): Promise<RunResult>;
  /** argv of {@link cli}, for `router.spawn`. */
  cliArgv(...args: readonly string[]): readonly string[];
  /**
   * Which server answers a host: `uplink1`, `uplink2`, or the error code of the attempt (EHOSTUNREACH …). A name
   * is resolved first, with a query that no cache of the host answers.
   */
  whichUplink(host: Host, target: string, options?: WhichOptions): Promise<string>;
  /** Ends all processes and leaves nothing. */
  close(): Promise<void>;
}

const CLI = new URL('../../dist/domainroute.cjs', import.meta.url).pathname;

let serial = 0;

/** Builds the network; all of it answers when this returns. Needs root. */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  removeStaleLabs();
  const name = labName(++serial);
  removeAtExit(name);
  try {
    return await build(name, options);
  } catch (error) {
    removeNow(name);
    throw error;
  }
}

async function build(name: string, options: LabOptions): Promise<Lab> {
  const namespace = (host: HostName): string => `${name}-${host}`;
  ip(
    [],
    HOSTS.map((host) => `netns add ${namespace(host)}`),
  );

  const directory = `/run/${name}`;
  const directories = makeDirectories(name, directory);
  const agent = `${directory}/agent.cjs`;
  buildSync({
    entryPoints: [new URL('agent.ts', import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    target: 'node20',
    outfile: agent,
    logLevel: 'error',
  });
  const resolver = (host: HostName): string =>
    host === 'client' || host === 'client2' ? ADDRESSES.router.inet : '127.0.0.1';
  const hosts = Object.fromEntries(
    HOSTS.map((host) => [host, new Host(host, namespace(host), resolver(host), agent)]),
  ) as Record<HostName, Host>;
  const { router, client, client2, uplink1, uplink2 } = hosts;

  await Promise.all(
    HOSTS.map(async (host) => {
      const resolvConf = `${directory}/resolv.conf.${host}`;
      writeFileSync(resolvConf, `nameserver ${resolver(host)}\n`);
      const sysctl = host === 'router' ? { ...SYSCTL, ...FORWARDING } : SYSCTL;
      const cgroup = host === 'router' ? { cgroup: directories.cgroup } : {};
      await hosts[host].request('prepare', { sysctl, resolvConf, ...cgroup });
    }),
  );
  await router.output(['ip', '-batch', '-'], links(namespace).join('\n'));
  await Promise.all([
    ...HOSTS.map((host) => hosts[host].output(['ip', '-batch', '-'], addressing(host).join('\n'))),
    ...[uplink1, uplink2].flatMap((uplink) => [
      uplink.output(['nft', '-f', '-'], UPLINK_NFT),
      uplink.request('serve', { name: uplink.name }),
    ]),
    ...(options.masquerade === true ? [router.output(['nft', '-f', '-'], MASQUERADE_NFT)] : []),
  ]);
  const zone = new Zone(directory, uplink1, router, {
    hosts: { ...DEFAULT_HOSTS, ...options.hosts },
    cnames: options.cnames ?? {},
    ttlSeconds: options.ttlSeconds ?? 300,
    dnsmasq: options.dnsmasq ?? [],
  });
  await Promise.all([zone.ready(), ...[client, client2].flatMap((host) => pathsOpen(host))]);

  const ubus = `${directory}/ubus.sock`;
  const cliArgv = (...args: readonly string[]): readonly string[] => [
    process.execPath,
    CLI,
    ...Object.entries({ ...directories, ubus }).flatMap(([option, value]) => [
      `--${option}`,
      value,
    ]),
    ...args,
  ];
  return {
    name,
    zone,
    directories,
    ubus,
    router,
    client,
    client2,
    uplink1,
    uplink2,
    configure: (uci) => writeFileSync(`${directories.config}/domainroute`, uci),
    cliArgv,
    cli: (...args) => router.run(cliArgv(...args)),
    whichUplink,
    close: () => {
      removeNow(name);
      return Promise.resolve();
    },
  };
}

/** Until a link is ready the kernel drops what is sent over it, up to a second after its carrier came. */
function pathsOpen(host: Host): readonly Promise<unknown>[] {
  const targets = [ADDRESSES.uplink1, ADDRESSES.uplink2].flatMap(({ inet, inet6 }) => [
    inet,
    inet6,
  ]);
  return targets.map((target) =>
    until(`${host.name} reaches ${target}`, () =>
      host.ask(target, { protocol: 'udp', timeoutMs: 100 }),
    ),
  );
}

function makeDirectories(name: string, directory: string): Lab['directories'] {
  const make = (path: string): string => {
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  make(directory);
  const bpf = make(`${directory}/bpf`);
  mount('bpf', bpf);
  let root = cgroupRoot();
  if (root === undefined) {
    root = make(`${directory}/cgroup`);
    mount('cgroup2', root);
  }
  return {
    config: make(`${directory}/config`),
    // the product makes these two
    pin: `${bpf}/domainroute`,
    run: `${directory}/run`,
    cgroup: make(`${root}/${name}`),
  };
}

function mount(type: string, target: string): void {
  const { status, stderr } = spawnSync('mount', ['-t', type, type, target], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Cannot mount ${type} at '${target}': ${stderr.trim()}`);
}

function ip(args: readonly string[], lines: readonly string[]): void {
  const result = spawnSync('ip', [...args, '-batch', '-'], {
    input: lines.join('\n'),
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`Cannot make namespaces: ${result.stderr.trim()}`);
}

async function whichUplink(
  host: Host,
  target: string,
  options: WhichOptions = {},
): Promise<string> {
  const { family = target.includes(':') ? 6 : 4, ...rest } = options;
  try {
    const address = /^[\d.]+$|:/.test(target)
      ? target
      : (await host.resolve(target, family === 4 ? 'A' : 'AAAA')).addresses[0];
    if (address === undefined) return 'ENODATA';
    return await host.ask(address, rest);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}
