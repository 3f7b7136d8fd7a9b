/** The names of the lab: a dnsmasq that knows them (in uplink1) and one that asks it (in the router). */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import type { Host } from './host.ts';
import { ADDRESSES } from './topology.ts';
import { until } from './until.ts';

/** Name to its IPv4 and IPv6 addresses. */
export type Hosts = Readonly<Record<string, readonly string[]>>;

export interface ZoneOptions {
  readonly hosts: Hosts;
  /** Alias to target. */
  readonly cnames: Readonly<Record<string, string>>;
  readonly ttlSeconds: number;
  /** More options for the router's dnsmasq. */
  readonly dnsmasq: readonly string[];
}

export const DEFAULT_HOSTS: Hosts = {
  'www.example.com': ['203.0.113.10', '2001:db8:113::10'],
  'video.example.com': ['203.0.113.20', '2001:db8:113::20'],
  'plain.example.org': ['203.0.113.30', '2001:db8:113::30'],
  'ads.example.org': ['203.0.113.40', '2001:db8:113::40'],
  // two sites at the same address
  'one.example.net': ['203.0.113.50', '2001:db8:113::50'],
  'two.example.net': ['203.0.113.50', '2001:db8:113::50'],
};

/** `--user=root`: it would drop to one that cannot read the lab's directory. */
const COMMON = [
  'dnsmasq',
  '--conf-file=/dev/null',
  '--keep-in-foreground',
  '--user=root',
  '--pid-file=',
];

export class Zone {
  readonly #directory: string;
  readonly #upstream: Host;
  readonly #router: Host;
  readonly #options: ZoneOptions;
  #cnames: Record<string, string>;
  #server: ChildProcess;
  #resolver: ChildProcess;
  #files = 0;

  /** Both resolvers are started, not yet ready. */
  constructor(directory: string, upstream: Host, router: Host, options: ZoneOptions) {
    this.#directory = `${directory}/zone`;
    this.#upstream = upstream;
    this.#router = router;
    this.#options = options;
    this.#cnames = { ...options.cnames };
    mkdirSync(this.#directory);
    this.#write(options.hosts);
    this.#server = this.#startServer();
    this.#resolver = this.#startResolver();
  }

  /** Log of the router's resolver. */
  get logFile(): string {
    return `${this.#directory}.log`;
  }

  /** Adds names while everything runs, ten thousand in well under a second. */
  async addHosts(hosts: Hosts): Promise<void> {
    const [name] = Object.keys(hosts).slice(-1);
    if (name === undefined) return;
    this.#write(hosts);
    // dnsmasq reads its hosts anew; with --hostsdir, which needs no signal, this many would take minutes
    this.#server.kill('SIGHUP');
    const type = (hosts[name] ?? []).some((address) => address.includes('.')) ? 'A' : 'AAAA';
    await until(`'${name}' is known upstream`, async () => {
      const answer = await this.#upstream.resolve(name, type, {
        server: '127.0.0.1',
        timeoutMs: 1_000,
      });
      return answer.addresses.length > 0;
    });
  }

  /** Adds aliases; the upstream server is started anew for them. */
  async addCnames(cnames: Readonly<Record<string, string>>): Promise<void> {
    this.#cnames = { ...this.#cnames, ...cnames };
    await ended(this.#server);
    this.#server = this.#startServer();
    await this.ready();
  }

  /** Starts the router's resolver anew: its cache is empty then. */
  async restartResolver(): Promise<void> {
    await ended(this.#resolver);
    this.#resolver = this.#startResolver();
    await this.ready();
  }

  /** Both answer. */
  async ready(): Promise<void> {
    const servers = [[this.#upstream, '127.0.0.1'] as const, [this.#router, '127.0.0.1'] as const];
    for (const [host, server] of servers) {
      await until(`the resolver of ${host.name} answers`, async () => {
        await host.resolve('ready.invalid', 'A', { server, timeoutMs: 500 });
        return true;
      });
    }
  }

  /** How many queries clients sent to the router's resolver, of one name or of all. */
  queries(name?: string): number {
    const lines = readFileSync(this.logFile, 'utf8').split('\n');
    return lines.filter((line) => {
      const asked = / query\[\S+\] (\S+) from /.exec(line)?.[1];
      return asked !== undefined && (name === undefined || asked === name);
    }).length;
  }

  /** A new file in the directory that dnsmasq reads; it must be there whole at once. */
  #write(hosts: Hosts): void {
    const lines = Object.entries(hosts).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`),
    );
    const file = `hosts${++this.#files}`;
    writeFileSync(`${this.#directory}.new`, lines.join(''));
    renameSync(`${this.#directory}.new`, `${this.#directory}/${file}`);
  }

  #startServer(): ChildProcess {
    const aliases = Object.entries(this.#cnames).map(
      ([alias, target]) => `--cname=${alias},${target}`,
    );
    const options = [
      '--no-resolv',
      '--no-hosts',
      `--addn-hosts=${this.#directory}`,
      '--cache-size=10000',
      `--local-ttl=${this.#options.ttlSeconds}`,
      // authoritative for all there is: NXDOMAIN instead of REFUSED
      ...['com', 'net', 'org', 'invalid'].map((domain) => `--local=/${domain}/`),
    ];
    return this.#upstream.spawn([...COMMON, ...options, ...aliases], { stdio: 'ignore' });
  }

  #startResolver(): ChildProcess {
    const options = [
      '--no-resolv',
      '--no-hosts',
      `--server=${ADDRESSES.uplink1.inet}`,
      '--interface=br-lan',
      '--bind-interfaces',
      '--cache-size=10000',
      '--log-queries',
      `--log-facility=${this.logFile}`,
    ];
    return this.#router.spawn([...COMMON, ...options, ...this.#options.dnsmasq], {
      stdio: 'ignore',
    });
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    child.kill();
  });
}
