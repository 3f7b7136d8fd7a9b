import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import type { SinkLine } from './support/dnstap-sink.ts';
import { programArgv } from './support/program.ts';
import { startBind, startUnbound, type ResolverOptions } from './support/resolvers.ts';

/** Of the router, where dnstap goes to; of client2, where the resolvers are. */
const SINK = { address: '192.168.77.1', port: 6000 } as const;
const SERVERS = {
  'unbound, unix': { inet: '192.168.77.21', inet6: '2001:db8:77::21' },
  'unbound, TCP': { inet: '192.168.77.22', inet6: '2001:db8:77::22' },
  bind: { inet: '192.168.77.23', inet6: '2001:db8:77::23' },
} as const;
type ServerName = keyof typeof SERVERS;
const NAMES = Object.keys(SERVERS) as readonly ServerName[];
const CLIENT = { inet: '192.168.77.10', inet6: '2001:db8:77::10' } as const;

/** Resolvers connect again after up to five seconds, fstrm's interval. */
const RECONNECT_MS = 15_000;

describe('dnstap of real resolvers', () => {
  const cnames = {
    'alias.example.com': 'second.example.com',
    'second.example.com': 'www.example.com',
  };
  const lab = useLab({ cnames }, ['unbound', 'named']);
  const processes: ChildProcess[] = [];
  let lines: SinkLine[] = [];
  let sink: ChildProcess;
  let socket: string;

  async function startSink(): Promise<void> {
    lines = [];
    const argv = [...programArgv(lab(), 'dnstap-sink'), socket, SINK.address, String(SINK.port)];
    sink = lab().router.spawn(argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    processes.push(sink);
    assert.ok(sink.stdout !== null);
    createInterface(sink.stdout).on('line', (line) => lines.push(JSON.parse(line) as SinkLine));
    await until('the sink listens', () => lines.some(({ kind }) => kind === 'listening'));
  }

  type Answer = Extract<SinkLine, { kind: 'answer' }>;

  /** What the sink is told of a question that is asked until it is. */
  function told(
    name: ServerName,
    question: string,
    what: {
      readonly type?: 'A' | 'AAAA';
      readonly protocol?: 'udp' | 'tcp';
      readonly family?: 'inet' | 'inet6';
    } = {},
  ): Promise<Answer> {
    const { type = 'A', protocol = 'udp', family = 'inet' } = what;
    return until(
      `${name} tells of ${question}`,
      async () => {
        await lab().client.resolve(question, type, {
          server: SERVERS[name][family],
          protocol,
          timeoutMs: 1000,
        });
        return lines.find(
          (line): line is Answer =>
            line.kind === 'answer' &&
            line.identity === name &&
            line.name === question.toLowerCase() &&
            line.protocol === protocol.toUpperCase() &&
            line.client === CLIENT[family] &&
            line.addresses.some((address) => address.includes(':') === (type === 'AAAA')),
        );
      },
      RECONNECT_MS,
    );
  }

  before(async function () {
    this.timeout(60_000);
    const directory = `/run/${lab().name}/dnstap`;
    mkdirSync(directory);
    socket = `${directory}/tap.sock`;
    const addresses = Object.values(SERVERS).flatMap(({ inet, inet6 }) => [
      `address add ${inet}/24 dev eth0`,
      `address add ${inet6}/64 dev eth0 nodad`,
    ]);
    await lab().client2.output(['ip', '-batch', '-'], addresses.join('\n'));
    await startSink();

    const options = (name: ServerName): ResolverOptions => ({
      directory: `${directory}/${name}`,
      address: SERVERS[name].inet,
      address6: SERVERS[name].inet6,
      forwarder: SINK.address,
      identity: name,
    });
    const tcp = `dnstap-ip: "${SINK.address}@${SINK.port}"\n  dnstap-tls: no\n  dnstap-bidirectional: no`;
    const { client2 } = lab();
    processes.push(
      startUnbound(client2, options('unbound, unix'), `dnstap-socket-path: "${socket}"`),
      startUnbound(client2, options('unbound, TCP'), tcp),
      startBind(client2, options('bind'), socket),
    );
  });

  after(() => {
    for (const child of processes) child.kill('SIGKILL');
  });

  for (const name of NAMES) {
    it(`${name}: an address, who asked, and how`, async () => {
      const answer = await told(name, 'www.example.com');
      assert.deepEqual([answer.addresses, answer.links], [['203.0.113.10'], []]);
      assert.ok(Math.abs(answer.age) < 60, `${answer.age} s`);
      assert.equal(answer.from, name === 'unbound, TCP' ? '192.168.77.11' : 'unix');
    });

    it(`${name}: every name of a chain`, async () => {
      const { addresses, links } = await told(name, 'Alias.Example.com');
      assert.deepEqual(addresses, ['203.0.113.10']);
      assert.deepEqual(links, ['second.example.com', 'www.example.com']);
    });

    it(`${name}: IPv6, asked for over TCP and IPv6`, async () => {
      const answer = await told(name, 'video.example.com', {
        type: 'AAAA',
        protocol: 'tcp',
        family: 'inet6',
      });
      assert.deepEqual(answer.addresses, ['2001:db8:113::20']);
    });
  }

  it('is found well-formed', () => {
    assert.deepEqual(
      lines.filter(({ kind }) => kind === 'problem'),
      [],
    );
  });

  it('comes again after the one who takes it was killed', async function () {
    this.timeout(60_000);
    sink.kill('SIGKILL');
    await once(sink, 'exit');
    assert.ok(lstatSync(socket).isSocket());
    await startSink();
    for (const name of NAMES) await told(name, 'plain.example.org');
  });
});
