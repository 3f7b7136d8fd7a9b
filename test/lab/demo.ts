/**
 * `make demo`: the product at work in the lab, as a transcript that can be read, with real dnsmasq, curl and
 * packets. Exit status 1 if anything is not as it says.
 */
import { readdirSync } from 'node:fs';

import { createLab, type Lab } from './lab.ts';
import { labObstacle } from './mocha.ts';
import type { RunResult } from './protocol.ts';
import { ADDRESSES } from './topology.ts';
import { Transcript } from './transcript.ts';

const NETWORK = `
client  ┐              ┌ wan1 ── uplink1 ┐
        ├ br-lan router┤                 ├ the same servers: each says by which uplink it was asked
client2 ┘              └ wan2 ── uplink2 ┘   203.0.0.0/16, 2001:db8:113::/48`.slice(1);

const UCI = `config domainroute 'main'
	option enabled '1'
	list lan 'br-lan'
	list wan 'wan1'
	list wan 'wan2'

config rule 'video'
	list domain 'video.example.com'
	list domain 'one.example.net'
	option interface 'wan2'

config rule 'ads'
	list domain 'ads.example.org'
	option action 'block'
`;

interface Decision {
  readonly client: string | null;
  readonly address: string;
  readonly name: string | null;
  readonly rule: string | null;
  readonly interface: string | null;
}

interface Explanation {
  readonly name: string | null;
  readonly address: string | null;
  readonly rule: string | null;
  readonly interface: string | null;
  readonly reason: string;
}

async function demo(lab: Lab, script: Transcript): Promise<void> {
  const { client, client2, router, zone } = lab;
  const domainroute = (...args: readonly string[]): Promise<RunResult> =>
    script.run(router, lab.cliArgv(...args), `domainroute ${args.join(' ')}`);
  const json = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await router.output(lab.cliArgv(...args, '--json'))) as T;
  const curl = async (host: typeof client, family: 4 | 6, target: string): Promise<string> => {
    const argv = ['curl', '-sS', '--max-time', '3', `-${family}`, `http://${target}/`];
    const { status, stdout } = await script.run(host, argv);
    return status === 0 ? stdout.trim() : `status ${status}`;
  };
  const expect = async (
    uplink: string,
    host: typeof client,
    family: 4 | 6,
    target: string,
    why: string,
  ) => {
    const answered = await curl(host, family, target);
    script.claim(`${why}: by ${uplink}, IPv${family}`, answered === uplink, answered);
  };

  script.heading('The network');
  script.say(NETWORK);

  script.heading('Two rules');
  const before = await kernelState(lab);
  lab.configure(UCI);
  await script.run(
    router,
    ['cat', `${lab.directories.config}/domainroute`],
    'cat /etc/config/domainroute',
  );
  const started = await domainroute('start');
  script.claim('it starts, and no process of its own stays', started.status === 0, started);
  if (started.status !== 0) return;

  script.heading('A name decides where a connection goes');
  for (const family of [4, 6] as const) {
    await expect('uplink2', client, family, 'video.example.com', 'the rule "video"');
    await expect('uplink1', client, family, 'plain.example.org', 'no rule');
  }
  const blocked = await curl(client, 4, 'ads.example.org');
  script.claim('the rule "ads": refused at once', blocked === 'status 7', blocked);
  await expect('uplink2', router, 4, 'video.example.com', "the router's own connections, too");

  script.heading('One address, two names: told apart by who asked for which');
  await expect('uplink2', client, 4, 'one.example.net', 'client asked for the name of a rule');
  await expect(
    'uplink1',
    client2,
    4,
    'two.example.net',
    'client2 asked for another name at the same address',
  );
  await expect('uplink2', client, 4, '203.0.113.50', 'client comes back');
  await expect('uplink1', client2, 4, '203.0.113.50', 'client2 comes back');

  script.heading('A rule that comes later takes effect at once');
  await expect('uplink1', client, 4, 'www.example.com', 'no rule as yet');
  const live = await client.open('203.0.113.10');
  const queries = zone.queries();
  await domainroute('rule', 'add', 'late', '--domain', 'www.example.com', '--interface', 'wan2');
  await expect(
    'uplink2',
    client,
    4,
    '203.0.113.10',
    'the address that client has had all the time',
  );
  const asked = zone.queries() - queries;
  script.claim(
    'nobody asked a resolver meanwhile: what was learnt before is still known',
    asked === 0,
    asked,
  );
  const said = await live.say('hello').catch(String);
  script.claim('a connection that was open stays where it is', said === 'uplink1 hello', said);
  await live.close();

  script.heading('Why?');
  await domainroute('rule', 'list');
  await domainroute('rdns');
  const facts =
    await json<readonly { name: string; address: string; client: string | null }[]>('rdns');
  const fact = facts.find(
    ({ name, address }) => name === 'www.example.com' && address === '203.0.113.10',
  );
  script.claim('rdns knows who was told which name', fact?.client === ADDRESSES.client.mac, facts);
  await domainroute('decisions');
  const decisions = await json<readonly Decision[]>('decisions');
  const shared = decisions.filter(({ address }) => address === '203.0.113.50');
  const rules = new Map(shared.map((decision) => [decision.client, decision.rule]));
  script.claim(
    'decisions: the shared address has a rule for one client and none for the other',
    rules.get(ADDRESSES.client.mac) === 'video' &&
      (rules.get(ADDRESSES.client2.mac) ?? null) === null,
    shared,
  );
  await domainroute('explain', '203.0.113.10', '--client', ADDRESSES.client.inet);
  const why = await json<Explanation>('explain', '203.0.113.10', '--client', ADDRESSES.client.inet);
  const explained =
    why.name === 'www.example.com' && why.rule === 'late' && why.interface === 'wan2';
  script.claim('explain names the name, the rule and the way', explained, why);

  script.heading('Nothing is left of it');
  const stopped = await domainroute('stop');
  script.claim('it stops', stopped.status === 0, stopped);
  await expect('uplink1', client, 4, '203.0.113.10', 'all goes as it went before');
  const after = await kernelState(lab);
  script.claim(
    'ip rules, routes, nft tables and pins are those of the beginning',
    after === before,
    after,
  );
}

/** All that the product could leave in the kernel, as text. */
async function kernelState(lab: Lab): Promise<string> {
  const commands = [
    'ip -4 rule show',
    'ip -6 rule show',
    'ip -4 route show table all',
    'ip -6 route show table all',
    'nft list ruleset',
    'tc qdisc show',
  ];
  const outputs = await Promise.all(
    commands.map((command) => lab.router.output(command.split(' '))),
  );
  const pins = readdirSync(new URL('.', `file://${lab.directories.pin}`), { recursive: true });
  return [...outputs, ...pins.map(String).sort()].join('\n');
}

const obstacle = labObstacle(['curl', 'tc']);
if (obstacle !== undefined) {
  console.error(`Cannot show the demo: it ${obstacle}`);
  process.exit(1);
}
const script = new Transcript();
const lab = await createLab();
try {
  await demo(lab, script);
} finally {
  await lab.close();
}
const { failures } = script;
console.log(failures === 0 ? '\nAll of it held.' : `\n${failures} of it did not hold.`);
process.exitCode = failures === 0 ? 0 : 1;
