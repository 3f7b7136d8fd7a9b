/** Plausible traffic of the world: queries, their answers, packets to what was answered; some of it mutated. */
import { concat, u16, u8, address as addressBytes } from './frames/bytes.ts';
import {
  ANSWER,
  labelsOf,
  message,
  OPT,
  pointer,
  QUERY,
  TYPE,
  wireName,
  withLength,
  type DnsRecord,
  type NameLike,
  type Param,
} from './frames/dns.ts';
import { frame, type Extension, type Frame, type Link, type Network } from './frames/packet.ts';
import type { ProgramName, Run } from './model/model.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import {
  ADDRESSES_V4,
  ADDRESSES_V6,
  HOSTS,
  linkFrom,
  linkTo,
  LONG_NAMES,
  LOOPBACK,
  RESOLVERS,
  ROUTER,
  SHORT_NAMES,
  type Host,
} from './world.ts';

const QTYPES = [TYPE.A, TYPE.A, TYPE.AAAA, TYPE.AAAA, TYPE.HTTPS, TYPE.SVCB];
const TTLS = [0, 60, 300, 3600, 86_400, 86_401, 0x7fffffff, 0x80000000, 0xffffffff];

/** A question that was sent. */
interface Open {
  readonly host: Host;
  readonly lan: boolean;
  readonly v6: boolean;
  readonly over: 'udp' | 'tcp';
  readonly client: string;
  readonly server: string;
  readonly port: number;
  readonly id: number;
  readonly name: NameLike;
  readonly type: number;
  /** How it was sent, if it was sent as it should be. */
  readonly run: Run | undefined;
}

/** A question and its answer, kept to be asked again and answered wrongly. */
interface Pair {
  readonly query: Run;
  readonly answer: Run;
  readonly built: Frame;
  readonly dns: { readonly over: 'udp' | 'tcp'; readonly question: number };
}

/** How many questions and pairs are kept. */
const KEPT = 24;

export class Scenes {
  private readonly random: Random;
  private open: Open[] = [];
  /** Answered addresses, which packets go to. */
  private answered: string[] = [];
  private readonly pairs: Pair[] = [];
  private following: Run | undefined;

  constructor(random: Random) {
    this.random = random;
  }

  /** The next frame and the program that meets it. */
  next(): Run {
    const { random } = this;
    const { following } = this;
    this.following = undefined;
    if (following !== undefined) return following;
    const pair = this.pairs[random.below(2 * KEPT)];
    if (pair !== undefined) {
      // cheaper than making frames anew, and the answer is looked at to its end
      this.following = { ...pair.answer, frame: mutate(pair.built, random, pair.dns) };
      return pair.query;
    }
    const die = random.below(100);
    if (die < 3) return this.noise();
    if (die < 33 || this.open.length === 0) return die < 66 ? this.query() : this.data();
    return die < 70 ? this.answer() : this.data();
  }

  private run(program: string, layer3: boolean, bytes: Uint8Array): Run {
    const { random } = this;
    const mark = random.oneIn(4) ? random.below(0x100000000) : 0;
    const name = `${program}${layer3 ? '_l3' : ''}` as ProgramName;
    return { program: name, frame: bytes, mark, ifindex: LOOPBACK };
  }

  private noise(): Run {
    const { random } = this;
    const bytes = random.bytes(15 + random.below(120));
    if (random.oneIn(2)) bytes.set(u16(random.pick([0x0800, 0x86dd, 0x8100, 0x0806])), 12);
    if (random.oneIn(2)) bytes.set(u8(random.pick([0x45, 0x46, 0x60])), random.pick([0, 14]));
    const program = random.pick(['lan_ingress', 'lan_egress', 'wan_ingress', 'wan_egress']);
    return this.run(program, random.oneIn(3), bytes);
  }

  /** The long ones seldom: they take most of the time. */
  private anyName(): NameLike {
    return this.random.oneIn(12) ? this.random.pick(LONG_NAMES) : this.random.pick(SHORT_NAMES);
  }

  /** Labels in any case, as some resolvers send them. */
  private mixCase(name: NameLike): NameLike {
    const { random } = this;
    if (typeof name !== 'string' && 'raw' in name) return name;
    const labels = typeof name === 'string' ? labelsOf(name) : name;
    if (!random.oneIn(3)) return name;
    return labels.map((label) => {
      const mixed = label.slice();
      for (let i = random.below(8); i < mixed.length; i += 1 + random.below(4)) {
        const letter = (mixed[i] ?? 0) | 0x20;
        if (letter >= 0x61 && letter <= 0x7a) mixed[i] = letter ^ (random.below(2) << 5);
      }
      return mixed;
    });
  }

  private query(): Run {
    const { random } = this;
    const lan = !random.oneIn(4);
    const host = lan ? random.pick(HOSTS) : ROUTER;
    const v6 = random.oneIn(2);
    const resolver = random.pick(RESOLVERS);
    const open: Omit<Open, 'run'> = {
      host,
      lan,
      v6,
      over: random.oneIn(5) ? 'tcp' : 'udp',
      client: v6 ? host.ipv6 : host.ipv4,
      server: v6 ? resolver.ipv6 : resolver.ipv4,
      port: random.oneIn(20) ? 53 : 1024 + random.below(4),
      id: random.below(8),
      name: this.mixCase(this.anyName()),
      type: random.oneIn(20) ? TYPE.TXT : random.pick(QTYPES),
    };
    const bytes = message({
      id: open.id,
      flags: random.oneIn(8) ? random.pick([0, 0x0120, 0x8100, 0x2800]) : QUERY,
      question: { name: open.name, type: open.type },
      additional: random.oneIn(2) ? [OPT] : [],
    });
    const built = frame(
      lan ? linkFrom(host, random) : this.wanLink(random),
      this.network(open.client, open.server),
      this.transport(open.over, open.port, 53),
      open.over === 'tcp' ? withLength(bytes) : bytes,
      random.oneIn(10) ? random.below(20) : 0,
    );
    const dns = { over: open.over, question: 16 + wireName(open.name).length };
    const mutated = random.oneIn(4);
    const out = mutated ? mutate(built, random, dns) : built.bytes;
    const run = this.run(lan ? 'lan_ingress' : 'wan_egress', built.network === 0, out);
    this.open.push({ ...open, run: mutated ? undefined : run });
    if (this.open.length > KEPT) this.open.shift();
    return run;
  }

  private wanLink(random: Random): Link | undefined {
    if (random.oneIn(2)) return undefined;
    return { source: '02:00:00:00:00:fe', destination: '02:00:00:00:01:fe' };
  }

  private transport(over: 'udp' | 'tcp', sourcePort: number, destinationPort: number) {
    const options =
      over === 'tcp' && this.random.oneIn(2) ? { options: new Uint8Array(12).fill(1) } : {};
    return { protocol: over, sourcePort, destinationPort, ...options };
  }

  /** Now and then with options, extension headers, or as a fragment. */
  private network(source: string, destination: string): Network {
    const { random } = this;
    const base = { source, destination };
    const fragment = random.oneIn(30)
      ? { fragment: { offset: random.oneIn(2) ? 0 : 8 * random.below(100), more: random.oneIn(2) } }
      : {};
    const lengthError = random.oneIn(40) ? { lengthError: random.pick([-1, 1, -8, 4]) } : {};
    if (!random.oneIn(8)) return { ...base, ...fragment, ...lengthError };
    if (!source.includes(':')) {
      return { ...base, ...fragment, options: new Uint8Array(4 * (1 + random.below(10))).fill(1) };
    }
    const count = random.oneIn(4) ? 7 + random.below(4) : 1 + random.below(3);
    const extensions = Array.from({ length: count }, (_, i): Extension => ({
      type: i === 0 && random.oneIn(2) ? 0 : random.oneIn(20) ? 51 : random.pick([43, 60]),
      body: new Uint8Array(6 + 8 * random.below(2)),
    }));
    return { ...base, ...fragment, extensions };
  }

  private answer(): Run {
    const { random } = this;
    const at = random.below(this.open.length);
    const open = this.open[at];
    if (open === undefined) return this.noise();
    if (!random.oneIn(5)) this.open.splice(at, 1);
    const bytes = message({
      id: open.id,
      flags: random.oneIn(20) ? random.pick([0x0180, 0x8380, 0x8183, 0x9180]) : ANSWER,
      question: { name: open.name, type: open.type },
      compress: !random.oneIn(3),
      ...this.records(open),
    }).subarray(0, 3400);
    const built = frame(
      open.lan ? linkTo(open.host, random) : this.wanLink(random),
      this.network(open.server, open.client),
      this.transport(open.over, 53, open.port),
      open.over === 'tcp' ? withLength(bytes) : bytes,
      random.oneIn(10) ? random.below(20) : 0,
    );
    const dns = { over: open.over, question: 16 + wireName(open.name).length };
    const out = random.oneIn(2) ? mutate(built, random, dns) : built.bytes;
    const run = this.run(open.lan ? 'lan_egress' : 'wan_ingress', built.network === 0, out);
    if (open.run !== undefined) {
      this.pairs[random.below(KEPT)] = { query: open.run, answer: run, built, dns };
    }
    return run;
  }

  private records(open: Open) {
    const { random } = this;
    const answers: DnsRecord[] = [];
    let owner = open.name;
    const links = random.oneIn(2) ? 0 : random.oneIn(8) ? 9 + random.below(5) : 1 + random.below(3);
    for (let i = 0; i < links; i++) {
      const target = this.mixCase(this.anyName());
      answers.push({ owner, type: TYPE.CNAME, data: { name: target } });
      owner = target;
    }
    const flood = random.oneIn(60);
    const count = flood ? 100 + random.below(40) : random.below(5);
    for (let i = 0; i < count; i++) {
      answers.push(this.record(links === 0 && random.oneIn(4) ? pointer(12) : owner, open, flood));
    }
    if (random.oneIn(10)) random.pick([() => answers.reverse(), () => answers.splice(1, 1)])();
    const additional = random.oneIn(2) ? [OPT] : [this.record(owner, open, false)];
    return { answers, additional };
  }

  private record(owner: NameLike, open: Open, flood: boolean): DnsRecord {
    const { random } = this;
    if (flood) {
      const data = concat(u8(198, 18), random.bytes(2));
      return { owner: pointer(12), type: TYPE.A, ttl: 60, data };
    }
    const stray = random.oneIn(12);
    const base = {
      owner: stray ? this.anyName() : owner,
      ttl: random.pick(TTLS),
      class: random.oneIn(30) ? 3 : 1,
    };
    const type = random.oneIn(6) ? random.pick([...QTYPES, TYPE.TXT, TYPE.NS]) : open.type;
    switch (type) {
      case TYPE.A:
        return { ...base, type, data: addressBytes(this.reply(ADDRESSES_V4)) };
      case TYPE.AAAA:
        return { ...base, type, data: addressBytes(this.reply(ADDRESSES_V6)) };
      case TYPE.HTTPS:
      case TYPE.SVCB:
        return {
          ...base,
          type,
          data: {
            priority: random.below(3),
            target: random.oneIn(2) ? '' : this.anyName(),
            params: this.params(),
          },
        };
      default:
        return { ...base, type, data: random.bytes(random.below(30)) };
    }
  }

  private reply(pool: readonly string[]): string {
    const address = this.random.pick(pool);
    this.answered.push(address);
    if (this.answered.length > 12) this.answered.shift();
    return address;
  }

  private params(): Param[] {
    const { random } = this;
    const hints = (pool: readonly string[]): Uint8Array =>
      concat(...Array.from({ length: 1 + random.below(3) }, () => addressBytes(this.reply(pool))));
    return Array.from({ length: random.below(4) }, () =>
      random.pick<() => Param>([
        () => ({ key: 1, value: u8(2, 0x68, 0x32) }),
        () => ({ key: 4, value: hints(ADDRESSES_V4) }),
        () => ({ key: 6, value: hints(ADDRESSES_V6) }),
        () => ({ key: random.below(8), value: random.bytes(random.below(33)) }),
      ])(),
    );
  }

  /** A packet of a client to somewhere, mostly to an address that it was told. */
  private data(): Run {
    const { random } = this;
    const host = random.pick(HOSTS);
    const destination =
      this.answered.length > 0 && !random.oneIn(4)
        ? random.pick(this.answered)
        : random.pick([...ADDRESSES_V4, ...ADDRESSES_V6]);
    const source = destination.includes(':') ? host.ipv6 : host.ipv4;
    const built = frame(
      linkFrom(host, random),
      this.network(source, destination),
      this.transport(random.oneIn(2) ? 'udp' : 'tcp', 40_000, random.oneIn(20) ? 53 : 443),
      random.bytes(random.below(60)),
      random.oneIn(10) ? random.below(20) : 0,
    );
    const out = random.oneIn(5) ? mutate(built, random) : built.bytes;
    return this.run('lan_ingress', built.network === 0, out);
  }
}
