/** What the programs cost: a packet with a verdict, one without a name, an answer learnt. */
import { BpfObject, type BpfProgram } from '#libbpf-ts';
import { MAP_NAMES, readReasons } from '../../src/datapath/index.ts';
import { address } from '../bpf/frames/bytes.ts';
import { ANSWER, message, pointer, TYPE } from '../bpf/frames/dns.ts';
import { frame } from '../bpf/frames/packet.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { domainroute, MAIN, type Bench } from './bench.ts';
import { DataPath, markOf, undisturbed, runTime } from './data-path.ts';
import { inTurns, median } from './statistics.ts';

const RULE = `config rule 'video'
	list domain 'example.com'
	option mark '0x23/0xff'
`;
const MARK = 0x23;

const NAME = 'www.video.example.com';
const SERVER6 = '2a00:1450:4001::5';
const UNKNOWN6 = '2a00:1450:4001::99';
const CLIENT6 = ADDRESSES.client.inet6;

const TO_ROUTER = { source: ADDRESSES.client.mac, destination: ADDRESSES.router.mac };
const TO_CLIENT = { source: ADDRESSES.router.mac, destination: ADDRESSES.client.mac };
/** The client asks over IPv4, as most do. */
const ASK = { source: ADDRESSES.client.inet, destination: ADDRESSES.router.inet };
const REPLY = { source: ADDRESSES.router.inet, destination: ADDRESSES.client.inet };
const CLIENT_PORT = 40_000;

function queryFrame(name: string, type: number): Uint8Array {
  const ports = { protocol: 'udp', sourcePort: CLIENT_PORT, destinationPort: 53 } as const;
  return frame(TO_ROUTER, ASK, ports, message({ id: 7, question: { name, type } })).bytes;
}

/** The address is what the message ends with. */
function answerFrame(name: string, type: number, server: string): Uint8Array {
  const ports = { protocol: 'udp', sourcePort: 53, destinationPort: CLIENT_PORT } as const;
  const answers = [{ owner: pointer(12), type, ttl: 300, data: address(server) }];
  const payload = message({ id: 7, flags: ANSWER, question: { name, type }, answers });
  return frame(TO_CLIENT, REPLY, ports, payload).bytes;
}

function packetTo(destination: string): Uint8Array {
  const ports = { protocol: 'udp', sourcePort: CLIENT_PORT, destinationPort: 443 } as const;
  const network = { source: CLIENT6, destination };
  return frame(TO_ROUTER, network, ports, new Uint8Array(18)).bytes;
}

/** Leaves domainroute stopped. */
export async function measureDataPath(bench: Bench): Promise<void> {
  const { lab } = bench;
  lab.configure(MAIN + RULE);
  await domainroute(lab, 'start');
  const path = new DataPath(lab);
  try {
    await undisturbed(() => {
      measurePackets(bench, path);
      measureLearning(bench, path);
    });
  } finally {
    path.close();
    await domainroute(lab, 'stop');
  }
}

function measurePackets(bench: Bench, path: DataPath): void {
  const ingress = path.program('lan_ingress');
  const egress = path.program('lan_egress');
  ingress.testRun({ data: queryFrame(NAME, TYPE.AAAA) });
  egress.testRun({ data: answerFrame(NAME, TYPE.AAAA, SERVER6) });

  const hit = packetTo(SERVER6);
  const miss = packetTo(UNKNOWN6);
  expectMark(ingress, hit, MARK);
  expectMark(ingress, miss, 0);

  const object = BpfObject.load(bench.tools.emptyObject);
  try {
    const empty = object.program('empty');
    const repeat = 100_000;
    const times = inTurns(bench.quick ? 11 : 61, {
      empty: () => runTime(empty, hit, repeat),
      hit: () => runTime(ingress, hit, repeat),
      miss: () => runTime(ingress, miss, repeat),
    });
    bench.record('datapath.hit_ratio', times.hit / times.empty);
    bench.record('datapath.miss_ratio', times.miss / times.empty);
    const text = Object.entries(times).map(([name, time]) => `${name} ${time.toFixed(1)} ns`);
    bench.note(`datapath: a run of the program: ${text.join(', ')}`);
  } finally {
    object.close();
  }
  expectMark(ingress, hit, MARK);
}

function expectMark(program: BpfProgram, data: Uint8Array, wanted: number): void {
  const mark = markOf(program, data);
  if (mark === wanted) return;
  throw new Error(`Cannot time lan_ingress: mark is 0x${mark.toString(16)}, not ${wanted}`);
}

/** struct learning of learn.bpf.c, in fields of 8 bytes. */
interface Learning {
  readonly serial: bigint;
  readonly fresh: boolean;
}
const LEARNING_SIZE = 40;
const KEY = new Uint8Array(4);
/** Fewer than fit into the ring of events. */
const BATCH = 1_000;
/** Entries of `facts`, option facts. */
const FACTS = 16_384;

function measureLearning(bench: Bench, path: DataPath): void {
  const object = path.load(bench.tools.learnObject, ['bench_learn', 'bench_answer'], MAP_NAMES);
  const program = object.program('bench_learn');
  const events = path.events();
  const data = answerFrame('aaaaaaaa.www.example.com', TYPE.A, '5.0.0.1');

  /** The mean time of one answer, of a batch. */
  const learn = ({ serial, fresh }: Learning): number => {
    const before = new BigUint64Array([serial, fresh ? 1n : 0n, 0n, 0n, 0n]);
    object.map('learnings').update(KEY, new Uint8Array(before.buffer));
    const { returnValue } = program.testRun({ data, repeat: BATCH });
    events.consume();
    const after = object.map('learnings').lookup(KEY);
    if (returnValue !== 0 || after?.length !== LEARNING_SIZE) {
      throw new Error(`Cannot time lan_egress: bench_learn ended with ${returnValue}`);
    }
    const [, , time = 0n, clock = 0n, answers = 0n] = new BigUint64Array(
      Uint8Array.from(after).buffer,
    );
    return Number(time - clock) / Number(answers);
  };
  let serial = 1n;
  const learnFresh = (): number => {
    const time = learn({ serial, fresh: true });
    serial += BigInt(BATCH);
    return time;
  };

  const known = readReasons(path.maps)['fact_learnt'] ?? 0;
  const filling = Array.from({ length: Math.floor(FACTS / BATCH) - 2 }, learnFresh);
  for (let i = 0; i < 8; i++) learnFresh();
  learn({ serial: 0n, fresh: false });
  const times = inTurns(bench.quick ? 15 : 101, {
    fresh: learnFresh,
    refresh: () => learn({ serial: 0n, fresh: false }),
  });

  const learnt = (readReasons(path.maps)['fact_learnt'] ?? 0) - known;
  if (BigInt(learnt) < serial - 1n) {
    throw new Error(`Cannot time lan_egress: of ${serial - 1n} answers it learnt ${learnt}`);
  }
  bench.record('datapath.learn_a_ns', times.fresh);
  bench.record('datapath.learn_refresh_ns', times.refresh);
  bench.note(`datapath: a new A record while there is room: ${median(filling).toFixed(0)} ns`);
}
