/** A second encoder and decoder, dns-packet, and what its answers teach by a walk along the chain. */
import assert from 'node:assert/strict';
import dnsPacket from 'dns-packet';
import { learnFrom } from '../../../src/dns/learn.ts';
import { formatAddress, parseAddress } from '../../../src/model/address.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import { concat, u16, u8 } from '../../bpf/frames/bytes.ts';
import { ANSWER, message, pointer, TYPE, type DnsRecord } from '../../bpf/frames/dns.ts';
import { seededRandom, type Random } from '../../bpf/random.ts';

const TYPES = ['A', 'AAAA', 'CNAME', 'TXT'] as const;
const NAMES = ['example.com', 'www.Example.com', 'a.b.c.d.example.com', 'x-1_y.test', 'com'];
const MESSAGES = 4_000;

/** One line a link, an address and a record that nobody asked for. */
type Lines = readonly string[];

function learnt(bytes: Uint8Array): Lines {
  const lesson = learnFrom(bytes, () => false);
  assert.ok(typeof lesson === 'object' && lesson.ended === undefined);
  return [
    ...lesson.links.map(({ owner, target }) => `${name(owner)} is ${name(target)}`),
    ...lesson.addresses.map(
      (each) => `${name(each.name)} ${formatAddress(each.address)} ${each.ttlSeconds}`,
    ),
    `${lesson.offChain} others`,
  ];
}

const name = (wire: Uint8Array): string => formatDomainName(wire);

/** The same of what dns-packet has decoded, or was given to encode. */
function expected(asked: string, answers: readonly dnsPacket.Answer[]): Lines {
  const qname = asked.toLowerCase();
  const links: string[] = [];
  const addresses: string[] = [];
  let current = qname;
  let others = 0;
  for (const record of answers) {
    if (record.name.toLowerCase() !== current) {
      others++;
    } else if (record.type === 'CNAME') {
      const target = record.data.toLowerCase();
      links.push(`${current} is ${target}`);
      current = target;
    } else if (record.type === 'A' || record.type === 'AAAA') {
      const address = formatAddress(parseAddress(record.data) ?? u8());
      addresses.push(`${qname} ${address} ${Math.min(record.ttl ?? 0, 86_400)}`);
    }
  }
  return [...links, ...addresses, `${others} others`];
}

/** Mostly of the name that the records before lead to. */
function owner(random: Random, current: string): string {
  return random.oneIn(4) ? random.pick(NAMES) : current;
}

describe('learning from DNS messages of a second encoder', () => {
  function record(random: Random, current: string): dnsPacket.Answer {
    const ttl = random.pick([0, 300, random.below(0x7fffffff)]);
    const base = { name: owner(random, current), ttl, class: 'IN' as const };
    const type = random.pick(TYPES);
    switch (type) {
      case 'A':
        return { ...base, type, data: Array.from(random.bytes(4)).join('.') };
      case 'AAAA':
        return { ...base, type, data: formatAddress(concat(u8(0x20, 1), random.bytes(14))) };
      case 'CNAME':
        return { ...base, type, data: random.pick(NAMES) };
      case 'TXT':
        return { ...base, type, data: [Buffer.from(random.bytes(random.below(20)))] };
    }
  }

  it('gives what was encoded', () => {
    const random = seededRandom(0x5eed);
    for (let i = 0; i < MESSAGES; i++) {
      const asked = random.pick(NAMES);
      let current = asked;
      const answers = Array.from({ length: random.below(8) }, () => {
        const each = record(random, current);
        if (each.type === 'CNAME' && each.name === current) current = each.data;
        return each;
      });
      const bytes = dnsPacket.encode({
        type: 'response',
        id: random.below(0x10000),
        questions: [{ type: random.pick(['A', 'AAAA']), name: asked }],
        answers,
      });
      assert.deepEqual(learnt(bytes), expected(asked, answers), bytes.toString('hex'));
    }
  });

  it('gives what the second decoder finds in messages of ours', () => {
    const random = seededRandom(0x5eed + 1);
    for (let i = 0; i < MESSAGES; i++) {
      const asked = random.pick(NAMES);
      let current = asked;
      const answers = Array.from({ length: random.below(8) }, (): DnsRecord => {
        const of = random.oneIn(4) ? pointer(12) : owner(random, current);
        const type = random.pick([TYPE.A, TYPE.AAAA, TYPE.CNAME]);
        const ttl = random.below(0x7fffffff);
        if (type === TYPE.CNAME) {
          const target = random.pick(NAMES);
          if (of === current) current = target;
          return { owner: of, type, ttl, data: { name: target } };
        }
        const data = type === TYPE.A ? random.bytes(4) : concat(u16(0x2001), random.bytes(14));
        return { owner: of, type, ttl, data };
      });
      const bytes = message({
        flags: ANSWER,
        question: { name: asked, type: TYPE.A },
        answers,
        compress: random.oneIn(2),
      });
      const decoded = dnsPacket.decode(Buffer.from(bytes));
      assert.deepEqual(learnt(bytes), expected(asked, decoded.answers ?? []));
    }
  });
});
