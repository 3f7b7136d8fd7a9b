/** Someone who floods a client with forged answers, while it asks and is answered (W1, W2, L1). */
import assert from 'node:assert/strict';
import { u8 } from './frames/bytes.ts';
import { ANSWER, message, pointer, TYPE, withLength, type Message } from './frames/dns.ts';
import { frame, type Network, type Transport } from './frames/packet.ts';
import { Harness } from './harness.ts';
import { encodeQuery, exchangeKey, binary } from './model/layout.ts';
import type { ProgramName } from './model/model.ts';
import { addressOf, compilePolicy } from './policy.ts';
import { seededRandom, type Random } from './random.ts';
import { ADDON, needsKernel, OBJECTS } from './setup.ts';

const QUERIES = 10_000;
const FORGED_EACH = 10;
const CLIENT = '192.168.1.11';
const SERVER = '9.9.9.9';
const LINK = { source: '02:00:00:00:00:fe', destination: '02:00:00:00:00:01' };

interface Asked {
  readonly name: string;
  readonly id: number;
  readonly port: number;
}

/** What a forged answer has that the true one has not. */
interface Forgery {
  readonly asked?: Partial<Asked>;
  readonly type?: number;
  readonly class?: number;
  readonly message?: Message;
  readonly network?: Partial<Network>;
  readonly transport?: Partial<Transport>;
  readonly program?: ProgramName;
}

const FORGERIES: readonly ((asked: Asked, random: Random) => Forgery)[] = [
  ({ id }, random) => ({ asked: { id: (id + 1 + random.below(65_535)) & 0xffff } }),
  ({ port }, random) => ({ asked: { port: (port + 1 + random.below(60_000)) & 0xffff } }),
  () => ({ network: { source: '9.9.9.10' } }),
  () => ({ network: { destination: '192.168.1.12' } }),
  () => ({ transport: { protocol: 'tcp' } }),
  ({ name }) => ({ asked: { name: `x${name}` } }),
  ({ name }) => ({ asked: { name: `www.${name}` } }),
  ({ name }) => ({ asked: { name: name.replace('.example', '.exampIe') } }),
  ({ name }) => ({ asked: { name: name.replace('host', 'Host') } }),
  () => ({ type: TYPE.AAAA }),
  () => ({ class: 3 }),
  () => ({ message: { flags: 0x0180 } }),
  () => ({ message: { flags: 0x9180 } }),
  () => ({ message: { flags: 0x8380 } }),
  () => ({ message: { flags: 0x8182 } }),
  () => ({ message: { counts: [0, 1, 0, 0] } }),
  () => ({ message: { counts: [2, 1, 0, 0] } }),
  () => ({ network: { fragment: { offset: 0, more: true } } }),
  () => ({ network: { fragment: { offset: 8, more: false } } }),
  () => ({ transport: { lengthError: -1 } }),
  () => ({ transport: { lengthError: 1 } }),
  () => ({ network: { lengthError: -4 } }),
  () => ({ program: 'wan_ingress' }),
  () => ({ program: 'lan_ingress' }),
];

function answerFrame(asked: Asked, address: Uint8Array, forgery: Forgery = {}): Uint8Array {
  const { name, id, port } = { ...asked, ...forgery.asked };
  const bytes = message({
    id,
    flags: ANSWER,
    question: { name, type: forgery.type ?? TYPE.A, class: forgery.class ?? 1 },
    answers: [{ owner: pointer(12), type: TYPE.A, ttl: 300, data: address }],
    ...forgery.message,
  });
  const transport = {
    protocol: 'udp',
    sourcePort: 53,
    destinationPort: port,
    ...forgery.transport,
  } as const;
  const network = { source: SERVER, destination: CLIENT, ...forgery.network };
  return frame(LINK, network, transport, transport.protocol === 'tcp' ? withLength(bytes) : bytes)
    .bytes;
}

function queryFrame({ name, id, port }: Asked): Uint8Array {
  return frame(
    { source: LINK.destination, destination: LINK.source },
    { source: CLIENT, destination: SERVER },
    { protocol: 'udp', sourcePort: port, destinationPort: 53 },
    message({ id, question: { name, type: TYPE.A } }),
  ).bytes;
}

describe('forged answers', function () {
  needsKernel(this);
  this.timeout(120_000);
  let harness: Harness;

  before(() => {
    const sizes = { pending: 65_536, facts: 65_536, strays: 65_536 };
    harness = new Harness({ objectsDirectory: OBJECTS, addonPath: ADDON, maxEntries: sizes });
    harness.writePolicy(
      compilePolicy({ rules: [{ domains: ['example.com'], mark: 0x1000000, mask: 0x3f000000 }] }),
    );
  });
  after(() => harness.close());

  const run = (program: ProgramName, bytes: Uint8Array): void => {
    assert.ok(harness.run({ program, frame: bytes, mark: 0, ifindex: 1 }));
  };
  const forgedAddress = (n: number): Uint8Array => u8(198, 18 + ((n >> 16) & 1), n >> 8, n);

  it(`${QUERIES * FORGED_EACH} teach nothing, and ${QUERIES} true ones between them are learnt (W1, W2, L1)`, () => {
    const random = seededRandom(1);
    let forged = 0;
    for (let i = 0; i < QUERIES; i++) {
      const asked: Asked = {
        name: `host-${i}.example.com`,
        id: random.below(65_536),
        port: 1024 + random.below(60_000),
      };
      const forge = (): void => {
        const forgery = FORGERIES[forged % FORGERIES.length]?.(asked, random) ?? {};
        run(forgery.program ?? 'lan_egress', answerFrame(asked, forgedAddress(forged++), forgery));
      };
      run('lan_ingress', queryFrame(asked));
      for (let n = 0; n < FORGED_EACH - 3; n++) forge();
      run('lan_egress', answerFrame(asked, u8(100, 64, i >> 8, i)));
      for (let n = 0; n < 2; n++) {
        run('lan_egress', answerFrame(asked, forgedAddress(forged++))); // the true one but for its address, too late
      }
      forge();
    }
    assert.equal(forged, QUERIES * FORGED_EACH);
    const taught = [...harness.entries('facts').keys(), ...harness.entries('strays').keys()].map(
      (pair) => pair.slice(16),
    );
    const bad = taught.filter(
      (address) =>
        address.slice(0, 12) === addressOf('0.0.0.0').slice(0, 12) &&
        address.charCodeAt(12) === 198,
    );
    assert.equal(bad.length, 0);
    assert.ok(taught.length <= QUERIES);
    assert.ok(taught.length >= 0.999 * QUERIES, `${taught.length} were learnt`);
  });

  it('1000 that come after ten seconds teach nothing (W1)', () => {
    harness.clearTables();
    const random = seededRandom(2);
    for (let i = 0; i < 1000; i++) {
      const asked: Asked = {
        name: `late-${i}.example.com`,
        id: random.below(65_536),
        port: 1024 + i,
      };
      run('lan_ingress', queryFrame(asked));
      const key = exchangeKey(
        addressOf(CLIENT),
        addressOf(SERVER),
        asked.port,
        53,
        asked.id,
        17,
        0,
      );
      const value = harness.entries('pending').get(key);
      assert.ok(value);
      const time = value.readBigUInt64LE(8) - 10_500_000_000n;
      const query = {
        question: value.readBigUInt64LE(0),
        time,
        client: binary(value.subarray(16)),
      };
      harness.map('pending').update(Buffer.from(key, 'latin1'), encodeQuery(query));
      run('lan_egress', answerFrame(asked, forgedAddress(i)));
      assert.equal(harness.entries('pending').size, 0);
    }
    assert.equal(harness.entries('facts').size + harness.entries('strays').size, 0);
  });
});
