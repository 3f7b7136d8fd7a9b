import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import type { Host } from '../lab/host.ts';
import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import type { SinkLine } from './support/dnstap-sink.ts';
import { programArgv } from './support/program.ts';

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

const unbound = (name: ServerName, tap: string): string => `
server:
  interface: ${SERVERS[name].inet}
  interface: ${SERVERS[name].inet6}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  module-config: "iterator"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: ${SINK.address}
dnstap:
  dnstap-enable: yes
  ${tap}
  dnstap-send-identity: yes
  dnstap-identity: "${name}"
  dnstap-log-client-response-messages: yes
`;

const bind = (directory: string, socket: string): string => `
options {
  directory "${directory}";
  listen-on { ${SERVERS.bind.inet}; };
  listen-on-v6 { ${SERVERS.bind.inet6}; };
  allow-query { any; };
  allow-recursion { any; };
  recursion yes;
  forward only;
  forwarders { ${SINK.address}; };
  dnssec-validation no;
  pid-file none;
  session-keyfile none;
  dnstap { client response; };
  dnstap-output unix "${socket}";
  dnstap-identity "bind";
};
controls {};
`;

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

  /** Starts a program that runs until the end; its log is of no interest. */
  function spawn(host: Host, argv: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
    const child = host.spawn(argv, { stdio: ['ignore', stdout, 'ignore'] });
    processes.push(child);
    return child;
  }

  async function startSink(): Promise<void> {
    lines = [];
    const argv = [...programArgv(lab(), 'dnstap-sink'), socket, SINK.address, String(SINK.port)];
    sink = spawn(lab().router, argv, 'pipe');
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

    const unboundCopy = copy('unbound', directory);
    const taps = {
      'unbound, unix': `dnstap-socket-path: "${socket}"`,
      'unbound, TCP': `dnstap-ip: "${SINK.address}@${SINK.port}"\n  dnstap-tls: no\n  dnstap-bidirectional: no`,
    } as const;
    for (const [i, [name, tap]] of Object.entries(taps).entries()) {
      const file = `${directory}/unbound${i}.conf`;
      writeFileSync(file, unbound(name as ServerName, tap));
      spawn(lab().client2, [unboundCopy, '-d', '-p', '-c', file], 'ignore');
    }
    const file = `${directory}/named.conf`;
    writeFileSync(file, bind(directory, socket));
    spawn(lab().client2, [copy('named', directory), '-g', '-n', '1', '-c', file], 'ignore');
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

/** AppArmor has profiles by path, which let resolvers use no directory but their own. */
function copy(program: string, directory: string): string {
  const path = `${directory}/${program}`;
  copyFileSync(`/usr/sbin/${program}`, path);
  return path;
}
