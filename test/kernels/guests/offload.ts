/**
 * Runs in a guest: a router with software flow offload as fw4 sets it up, a client and two uplinks, each in a network
 * namespace with a copy of this program. Live connections are offloaded; then rules change. One line of JSON.
 *
 *     client eth0 ── lan0  router  wan1 ── eth0 uplink1
 *                                  wan2 ── eth0 uplink2
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Who answers is `uplink1`, `uplink2` or an error code; connections are lines of conntrack. */
export interface OffloadReport {
  /** The first connections, by uplink2, of TCP and UDP: who answers them, and what the kernel has of them. */
  readonly first: Seen;
  /** They, when the rule says uplink1. */
  readonly kept: Seen;
  /** A connection by the new rule, and the TCP connections that the kernel has then. */
  readonly second: Seen;
  /** TCP when a rule with on_change 'drop' says uplink2 again: of the first connection and the second. */
  readonly dropped: Seen;
  /** What a new connection comes by. */
  readonly third: string;
}

export interface Seen {
  readonly answers: readonly string[];
  readonly connections: readonly string[];
}

const SERVER = '203.0.113.20';
const PORT = 7000;
const PATIENCE_MS = 60_000;

function run(argv: readonly string[], input = ''): string {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', input });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`Cannot run "${argv.join(' ')}": ${stderr.trim()}`);
  return stdout;
}

function ip(...lines: readonly string[]): void {
  run(['ip', '-batch', '-'], lines.join('\n'));
}

/** A namespace's program. It is told what to do, one at a time, and answers each. */
class Peer {
  readonly #child: ChildProcess;

  constructor(role: string) {
    const argv = ['--net', process.execPath, process.argv[1] ?? '', role];
    this.#child = spawn('unshare', argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(...request: readonly string[]): Promise<string> {
    const answer = once(this.#child, 'message') as Promise<[string]>;
    this.#child.send(request);
    return (await answer)[0];
  }
}

/** A name, then a line for each line, and a datagram for each datagram, with the name in front. */
async function serve(name: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => socket.write(`${name} ${String(data)}`));
  });
  server.listen(PORT);
  await once(server, 'listening');
  const datagrams = createSocket('udp4');
  datagrams.on('message', (data, { port, address }) =>
    datagrams.send(`${name} ${String(data)}`, port, address),
  );
  datagrams.bind(PORT, SERVER);
  await once(datagrams, 'listening');
  return name;
}

const streams = new Map<string, Socket>();
const sockets = new Map<string, Datagrams>();

/** Who answers on the connection of this name: the server's name, or what went wrong. */
async function talk(protocol: string, name: string): Promise<string> {
  const answer = protocol === 'tcp' ? talkTcp(name) : talkUdp(name);
  return Promise.race([answer, wait(PATIENCE_MS, 'ETIMEDOUT')]);
}

async function talkTcp(name: string): Promise<string> {
  try {
    let socket = streams.get(name);
    if (socket === undefined) {
      socket = connect(PORT, SERVER);
      streams.set(name, socket);
      await once(socket, 'connect');
    }
    if (socket.destroyed) return 'closed';
    const answer = once(socket, 'data');
    socket.write('line\n');
    return String((await answer)[0]).split(' ')[0] ?? '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function talkUdp(name: string): Promise<string> {
  let socket = sockets.get(name);
  if (socket === undefined) {
    socket = createSocket('udp4');
    sockets.set(name, socket);
  }
  const answer = once(socket, 'message');
  socket.send('datagram', PORT, SERVER);
  return String((await answer)[0]).split(' ')[0] ?? '';
}

function peer(role: string): void {
  const handlers: Readonly<Record<string, (...args: string[]) => Promise<string> | string>> = {
    ip: (...lines) => (ip(...lines), ''),
    serve: () => serve(role),
    talk,
  };
  process.on('message', ([operation = '', ...args]: string[]) => {
    void Promise.resolve(handlers[operation]?.(...args)).then((answer) => process.send?.(answer));
  });
}

/** As fw4 with `option flow_offloading '1'`, and masquerading WANs. */
const FIREWALL = `table inet fw4 {
  flowtable ft {
    hook ingress priority 0
    devices = { lan0, wan1, wan2 }
    counter
  }
  chain forward {
    type filter hook forward priority filter
    meta l4proto { tcp, udp } flow offload @ft
  }
  chain srcnat {
    type nat hook postrouting priority srcnat
    oifname { wan1, wan2 } masquerade
  }
}
`;

function rules(uplink: string, onChange: string): void {
  writeFileSync(
    '/etc/config/domainroute',
    `config domainroute 'main'
	option enabled '1'
	list lan 'lan0'
	list wan 'wan1'
	option local '0'

config rule 'all'
	list domain '.'
	option interface '${uplink}'
	option on_change '${onChange}'
`,
  );
}

function domainroute(verb: string): void {
  run([process.execPath, '/guest/domainroute.cjs', verb]);
}

/** What conntrack says of the live connections to the server. */
function tracked(protocol: string): string[] {
  const lines = run(['conntrack', '-L', '-p', protocol, '-d', SERVER]).split('\n');
  return lines.filter((line) => line.includes('src=')).sort();
}

async function until(probe: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await probe())) {
    if (performance.now() > end) {
      throw new Error(
        `Waited in vain: ${what}; ${[...tracked('tcp'), ...tracked('udp')].join('; ')}`,
      );
    }
  }
}

async function connectPeers(): Promise<Peer> {
  const [client, uplink1, uplink2] = ['client', 'uplink1', 'uplink2'].map((role) => new Peer(role));
  if (client === undefined || uplink1 === undefined || uplink2 === undefined)
    throw new Error('no peers');
  const ends = [
    ['lan0', client, '192.168.1.1', '192.168.1.2'],
    ['wan1', uplink1, '198.51.100.2', '198.51.100.1'],
    ['wan2', uplink2, '198.51.101.2', '198.51.101.1'],
  ] as const;
  for (const [device, peer, near, far] of ends) {
    // an answer says that it has its namespace
    await peer.ask('ip', 'link set lo up');
    ip(
      `link add ${device} type veth peer name eth0 netns ${peer.pid}`,
      `address add ${near}/24 dev ${device}`,
      `link set ${device} up`,
    );
    await peer.ask('ip', 'link set eth0 up', `address add ${far}/24 dev eth0`);
  }
  ip(
    'route add default via 198.51.100.1 dev wan1 metric 10',
    'route add default via 198.51.101.1 dev wan2 metric 20',
  );
  await client.ask('ip', 'route add default via 192.168.1.1');
  for (const uplink of [uplink1, uplink2]) {
    await uplink.ask('ip', `address add ${SERVER}/32 dev lo`);
    await uplink.ask('serve');
  }
  return client;
}

async function route(): Promise<OffloadReport> {
  mkdirSync('/etc/config', { recursive: true });
  for (const sysctl of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) {
    writeFileSync(`/proc/sys/net/${sysctl}`, '1');
  }
  const client = await connectPeers();
  run(['nft', '-f', '-'], FIREWALL);
  rules('wan2', 'keep');
  domainroute('start');

  /** Talks until the kernel has taken all of its connections over. */
  const offload = async (protocol: string, name: string, count: number): Promise<void> => {
    await until(async () => {
      await client.ask('talk', protocol, name);
      return tracked(protocol).filter((line) => line.includes('[OFFLOAD]')).length === count;
    }, `${name} is offloaded`);
  };
  const see = async (...talks: readonly (readonly [string, string])[]): Promise<Seen> => {
    const protocols = [...new Set(talks.map(([protocol]) => protocol))];
    const connections = protocols.flatMap(tracked);
    const answers = [];
    for (const [protocol, name] of talks) answers.push(await client.ask('talk', protocol, name));
    return { answers, connections };
  };
  await offload('tcp', 'first', 1);
  await offload('udp', 'first', 1);
  const first = await see(['tcp', 'first'], ['udp', 'first']);

  rules('wan1', 'keep');
  domainroute('reload');
  const kept = await see(['tcp', 'first'], ['udp', 'first']);
  await offload('tcp', 'second', 2);
  const second = await see(['tcp', 'second']);

  rules('wan2', 'drop');
  domainroute('reload');
  const dropped = await see(['tcp', 'first'], ['tcp', 'second']);
  const third = await client.ask('talk', 'tcp', 'third');
  domainroute('stop');
  return { first, kept, second, dropped, third };
}

const [, , role] = process.argv;
if (role === undefined) {
  void route().then((report) =>
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0)),
  );
} else {
  peer(role);
}
