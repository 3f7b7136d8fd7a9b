/** What user space learns of an answer is what the kernel programs learn: compared with their reference model. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { DnsReason } from '../../../src/dns/dns-error.ts';
import { learnFrom, type Lesson } from '../../../src/dns/learn.ts';
import { concat, toHex, u16, u8 } from '../../bpf/frames/bytes.ts';
import { ANSWER, message, pointer, TYPE } from '../../bpf/frames/dns.ts';
import { labelHash, wholeHash } from '../../bpf/model/hash.ts';
import { ANY, binary, mapped, PROTECTED, SIDE } from '../../bpf/model/layout.ts';
import { MESSAGE_MAX } from '../../bpf/model/limits.ts';
import { readAnswer, readQuery } from '../../bpf/model/message.ts';
import { readCarried, readPacket, type Carried, type Packet } from '../../bpf/model/packet.ts';
import { REASON, reasonName } from '../../bpf/model/reasons.ts';
import { emptyState, type Policy, type State } from '../../bpf/model/state.ts';
import { seededRandom } from '../../bpf/random.ts';
import { Scenes } from '../../bpf/scenes.ts';

const MESSAGES = Number(process.env['DR_LEARN_MESSAGES'] ?? 30_000);
const SEED = Number(process.env['DR_LEARN_SEED'] ?? 0x1ea2);

const CLIENT = mapped(u8(192, 0, 2, 1));
const SERVER = mapped(u8(192, 0, 2, 53));
const HASH_SEED = 0x0123456789abcdefn;
/** Some of what Z2 has, of each family. */
const NEVER = [
  { address: mapped(u8(127, 0, 0, 0)), bits: 96 + 8, value: PROTECTED.NEVER },
  {
    address: binary(concat(u16(0xfe80), new Uint8Array(14))),
    bits: 16,
    value: PROTECTED.NEVER,
  },
];
/** No rules: all that is learnt are strays, and matching a name takes one step. */
const POLICY: Policy = {
  config: { generation: 1, markMask: 0, seed: HASH_SEED, hold: 0n, levels: 0, maxLabels: 0 },
  rules: new Map(),
  actions: new Map(),
  clients: [],
  protected: NEVER,
};

function isNever(address: Uint8Array): boolean {
  const text = binary(address);
  return NEVER.some(({ address: prefix, bits }) => text.startsWith(prefix.slice(0, bits / 8)));
}

const PACKET: Packet = {
  mac: undefined,
  source: SERVER,
  destination: CLIENT,
  length: 0,
  fragment: 'whole',
  protocol: 17,
  transport: u8(),
};

/** What the programs do that saw the query of this answer. */
function runModel(bytes: Uint8Array): {
  readonly state: State;
  readonly reason: string | undefined;
} {
  const state = emptyState(POLICY);
  if (bytes.length < 12) return { state, reason: 'SHORT_MESSAGE' };
  const cut = bytes.subarray(0, MESSAGE_MAX);
  const carried: Carried = { protocol: 17, sourcePort: 53, destinationPort: 4000, message: cut };
  const query = cut.slice();
  query.set(u16(0x0100), 2);
  readQuery(
    state,
    { ...PACKET, source: CLIENT, destination: SERVER },
    { ...carried, sourcePort: 4000, destinationPort: 53, message: query },
    SIDE.LAN,
    ANY,
    1n,
  );
  const [unnoted] = counted(state);
  state.reasons.fill(0);
  readAnswer(state, PACKET, carried, SIDE.LAN, 2n);
  const ends = counted(state).filter((reason) => !PASSING.includes(reason));
  assert.ok(ends.length <= 1, ends.join());
  const [end] = ends;
  // no query could be noted: the same is wrong with the answer
  return { state, reason: end === 'UNASKED' ? unnoted : end };
}

/** Reasons that do not end the reading. */
const PASSING = ['FACT_LEARNT', 'FACT_REFRESHED', 'OFF_CHAIN', 'PROTECTED_ANSWER'];

function counted(state: State): readonly string[] {
  return state.reasons.flatMap((times, reason) => (times > 0 ? [reasonName(reason)] : []));
}

/** A lesson in the form of the model's maps. */
function asState({
  links,
  addresses,
  offChain,
  protectedAnswers,
}: Lesson): Record<string, unknown> {
  const times = (reason: number, count: number): unknown => [reasonName(reason), count];
  return {
    facts: new Map(
      addresses.map((a) => [binary(a.address), `${toHex(a.name)}00 ${a.ttlSeconds}`] as const),
    ),
    aliases: new Map(
      links.map(({ owner, target }) => [hashOf(owner), `${toHex(target)}00`] as const),
    ),
    learnt: addresses.length,
    reasons: [times(REASON.OFF_CHAIN, offChain), times(REASON.PROTECTED_ANSWER, protectedAnswers)],
  };
}

function hashOf(wire: Uint8Array): bigint {
  const labels: bigint[] = [];
  for (let at = 0; at < wire.length; at += 1 + (wire[at] ?? 0)) {
    labels.push(labelHash(HASH_SEED, wire.subarray(at + 1, at + 1 + (wire[at] ?? 0))));
  }
  return wholeHash(HASH_SEED, labels);
}

function modelState({ strays, strayAliases, reasons }: State): Record<string, unknown> {
  const times = (reason: number): number => reasons[reason] ?? 0;
  return {
    facts: new Map(
      [...strays].map(([pair, { name, expires, told }]) => [
        pair.slice(16),
        `${toHex(name)} ${(expires - told) / 1_000_000_000n}`,
      ]),
    ),
    aliases: new Map([...strayAliases].map(([hash, { name }]) => [hash, toHex(name)])),
    learnt: times(REASON.FACT_LEARNT) + times(REASON.FACT_REFRESHED),
    reasons: [REASON.OFF_CHAIN, REASON.PROTECTED_ANSWER].map((r) => [reasonName(r), times(r)]),
  };
}

/** Both must do the same; the reason, if nothing or not all was learnt. */
function compare(bytes: Uint8Array): string | undefined {
  const learnt = learnFrom(bytes, isNever);
  const { state, reason } = runModel(bytes);
  if (typeof learnt === 'string') {
    assert.equal(learnt, reason, toHex(bytes));
    assert.deepEqual([state.strays.size, state.strayAliases.size], [0, 0]);
  } else if (reason === 'STEPS' || bytes.length > MESSAGE_MAX) {
    assertBegins(learnt, state, bytes);
  } else {
    assert.equal(learnt.ended, reason, toHex(bytes));
    assert.deepEqual(asState(learnt), modelState(state), toHex(bytes));
  }
  return reason;
}

/** The kernel stopped sooner: what it learnt is what user space learnt first. */
function assertBegins(lesson: Lesson, state: State, bytes: Uint8Array): void {
  const { facts, aliases, learnt } = modelState(state);
  const begins = (links: number): boolean => {
    const begun = asState({
      ...lesson,
      links: lesson.links.slice(0, links),
      addresses: lesson.addresses.slice(0, learnt as number),
    });
    return isDeepStrictEqual([begun['facts'], begun['aliases']], [facts, aliases]);
  };
  // a link of an owner that had one before replaces it, so their number does not tell how far it came
  assert.ok([...lesson.links.keys(), lesson.links.length].some(begins), toHex(bytes));
}

describe('user space and the kernel programs', () => {
  it(`learn the same of ${MESSAGES} plausible and mutated answers (DR_LEARN_SEED=${SEED})`, function () {
    this.timeout(600_000);
    const scenes = new Scenes(seededRandom(SEED));
    const seen = new Map<string, number>();
    for (let messages = 0; messages < MESSAGES;) {
      const { program, frame } = scenes.next();
      if (!/^(lan_egress|wan_ingress)/.test(program)) continue;
      const packet = readPacket(frame, program.endsWith('_l3'));
      const carried = typeof packet === 'number' ? undefined : readCarried(packet, 'answer');
      if (typeof carried !== 'object') continue;
      messages++;
      const reason = compare(carried.message) ?? 'whole';
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
    }
    const reasons: readonly (DnsReason | 'whole')[] = [
      'whole',
      'NOT_ANSWER',
      'TRUNCATED',
      'RCODE',
      'QDCOUNT',
      'BAD_NAME',
      'QTYPE',
      'STEPS',
      'CHAIN',
      'BAD_RECORD',
    ];
    const missing = reasons.filter((reason) => !seen.has(reason));
    assert.deepEqual(missing, [], 'reasons that no message came to');
    if (MESSAGES > 100_000) console.log(seen);
  });

  it('find half a pointer to be none, though the other half be zero', () => {
    const text = { owner: pointer(12), type: TYPE.TXT, data: new Uint8Array(213) };
    const cname = { owner: pointer(12), type: TYPE.CNAME, data: { name: 't' } }; // RDATA is at 0x100
    const bytes = message({
      flags: ANSWER,
      question: { name: 'q', type: TYPE.A },
      answers: [text, cname],
      counts: [1, 3, 0, 0],
      trailer: u8(0xc1),
    });
    assert.deepEqual([...bytes.subarray(0x100)], [1, 0x74, 0, 0xc1]);
    assert.equal(compare(bytes), 'BAD_NAME');
  });

  it('differ where the kernel stops reading: after 4,096 bytes', () => {
    const text = { owner: 'q', type: TYPE.TXT, data: new Uint8Array(4080) };
    const a = { owner: 'q', type: TYPE.A, data: u8(203, 0, 113, 1) };
    const bytes = message({
      flags: ANSWER,
      question: { name: 'q', type: TYPE.A },
      answers: [a, text, { ...a, data: u8(203, 0, 113, 2) }],
    });
    assert.equal(compare(bytes), 'BAD_RECORD');
    const learnt = learnFrom(bytes, isNever);
    assert.ok(typeof learnt !== 'string');
    assert.deepEqual([learnt.addresses.length, learnt.ended], [2, undefined]);
  });

  it('differ where the kernel stops reading: after 256 steps', () => {
    const hints = {
      key: 4,
      value: concat(...Array.from({ length: 256 }, (_, i) => u8(203, 0, 113, i))),
    };
    const bytes = message({
      flags: ANSWER,
      question: { name: 'q', type: TYPE.HTTPS },
      answers: [
        { owner: 'q', type: TYPE.HTTPS, data: { priority: 1, target: '', params: [hints] } },
      ],
    });
    assert.equal(compare(bytes), 'STEPS');
    const learnt = learnFrom(bytes, isNever);
    assert.ok(typeof learnt !== 'string');
    assert.deepEqual([learnt.addresses.length, learnt.ended], [256, undefined]);
  });
});
