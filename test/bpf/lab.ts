/** Fixed scenarios: who asks, what is answered, where packets go; each step through programs and model. */
import assert from 'node:assert/strict';
import { address as addressBytes, toHex } from './frames/bytes.ts';
import {
  ANSWER,
  message,
  pointer,
  TYPE,
  withLength,
  type DnsRecord,
  type Message,
  type NameLike,
} from './frames/dns.ts';
import { frame, type Frame, type Network, type Transport } from './frames/packet.ts';
import { ANY, clientOfMac, type Address, type Fact, type Verdict } from './model/layout.ts';
import type { ProgramName } from './model/model.ts';
import { labelsOfWire } from './model/hash.ts';
import { REASON, reasonName } from './model/reasons.ts';
import { addressOf, compilePolicy, type PolicySpec, type RuleSpec } from './policy.ts';
import { ADDON, OBJECTS } from './setup.ts';
import { Twin } from './twin.ts';
import { mac } from './frames/bytes.ts';

export const CLIENT_MAC = '02:00:00:00:00:01';
export const OTHER_MAC = '02:00:00:00:00:02';
export const ROUTER_MAC = '02:00:00:00:00:fe';
export const CLIENT = '192.168.1.11';
export const OTHER = '192.168.1.12';
export const SERVER = '192.168.1.1';
export const RESOLVER = '9.9.9.9';
export const ROUTER = '203.0.113.5';
export const MARK = 0x01000000;
export const MASK = 0x3f000000;

/** What is asked, by whom, over what; what is left out is as a plain A query of {@link CLIENT} over UDP. */
export interface Exchange {
  readonly name?: NameLike;
  readonly type?: number;
  readonly class?: number;
  readonly id?: number;
  readonly mac?: string;
  readonly client?: string;
  readonly server?: string;
  readonly port?: number;
  readonly over?: 'udp' | 'tcp';
  /** wan: the router itself asks. */
  readonly side?: 'lan' | 'wan';
  readonly layer3?: boolean;
  readonly tags?: readonly { readonly tpid: number; readonly tci: number }[];
  readonly network?: Partial<Network>;
  readonly transport?: Partial<Transport>;
  readonly padding?: number;
  /** Instead of or beside the question. */
  readonly message?: Message;
}

/** A record of the question's name. */
export function a(address: string, owner: NameLike = pointer(12), ttl = 300): DnsRecord {
  const data = addressBytes(address);
  return { owner, type: data.length === 4 ? TYPE.A : TYPE.AAAA, ttl, data };
}

export function cname(owner: NameLike, target: NameLike): DnsRecord {
  return { owner, type: TYPE.CNAME, ttl: 300, data: { name: target } };
}

export class Lab {
  private readonly twin: Twin;
  private reasonsBefore: number[] = [];

  constructor() {
    this.twin = new Twin({
      policy: compilePolicy({ rules: [] }),
      objectsDirectory: OBJECTS,
      addonPath: ADDON,
    });
  }

  close(): void {
    this.twin.close();
  }

  /** Empty maps and these rules. */
  begin(spec: PolicySpec): void {
    this.twin.restart(compilePolicy(spec));
    this.reasonsBefore = [];
  }

  /** Other rules, nothing forgotten. */
  change(spec: PolicySpec): void {
    this.twin.changePolicy(compilePolicy(spec));
  }

  /** Runs a frame, compares everything with the model, and returns the mark after. */
  run(program: ProgramName, bytes: Uint8Array, mark = 0): number {
    const run = { program, frame: bytes, mark, ifindex: 1 };
    const difference = this.twin.step(run) ?? this.twin.stateDifference();
    assert.equal(difference, undefined, `${program} ${toHex(bytes)}`);
    return this.twin.lastMark;
  }

  private build(exchange: Exchange, direction: 'query' | 'answer', m: Message): Frame {
    const { over = 'udp', client = CLIENT, server = SERVER, port = 4000, padding = 0 } = exchange;
    const lan = exchange.side !== 'wan';
    const asks = direction === 'query';
    const clientMac = lan ? (exchange.mac ?? CLIENT_MAC) : ROUTER_MAC;
    const serverMac = lan ? ROUTER_MAC : OTHER_MAC;
    const link = {
      source: asks ? clientMac : serverMac,
      destination: asks ? serverMac : clientMac,
    };
    const bytes = message(m);
    return frame(
      exchange.layer3 === true ? undefined : { ...link, tags: exchange.tags ?? [] },
      { source: asks ? client : server, destination: asks ? server : client, ...exchange.network },
      {
        protocol: over,
        sourcePort: asks ? port : 53,
        destinationPort: asks ? 53 : port,
        ...exchange.transport,
      },
      over === 'tcp' ? withLength(bytes) : bytes,
      padding,
    );
  }

  /** A query goes out; what was counted for it. */
  ask(exchange: Exchange = {}): string[] {
    const { name = 'www.example.com', type = TYPE.A, id = 7 } = exchange;
    const question = { name, type, class: exchange.class ?? 1 };
    const built = this.build(exchange, 'query', { id, question, ...exchange.message });
    const program = exchange.side === 'wan' ? 'wan_egress' : 'lan_ingress';
    this.run(exchange.layer3 === true ? `${program}_l3` : program, built.bytes);
    return this.counted();
  }

  /** An answer comes in; what was counted for it. */
  reply(answers: readonly DnsRecord[], exchange: Exchange = {}): string[] {
    const { name = 'www.example.com', type = TYPE.A, id = 7 } = exchange;
    const question = { name, type, class: exchange.class ?? 1 };
    const m = { id, flags: ANSWER, question, answers, ...exchange.message };
    const built = this.build(exchange, 'answer', m);
    const program = exchange.side === 'wan' ? 'wan_ingress' : 'lan_egress';
    this.run(exchange.layer3 === true ? `${program}_l3` : program, built.bytes);
    return this.counted();
  }

  /** Both; what was counted for the answer. */
  learn(answers: readonly DnsRecord[], exchange: Exchange = {}): string[] {
    this.ask(exchange);
    return this.reply(answers, exchange);
  }

  /** A packet of a client; the mark after. */
  send(destination: string, options: Exchange & { readonly mark?: number } = {}): number {
    const source = options.client ?? (destination.includes(':') ? 'fd00:1::11' : CLIENT);
    const link = {
      source: options.mac ?? CLIENT_MAC,
      destination: ROUTER_MAC,
      tags: options.tags ?? [],
    };
    const built = frame(
      options.layer3 === true ? undefined : link,
      { source, destination, ...options.network },
      { protocol: 'tcp', sourcePort: 40_000, destinationPort: 443 },
      new Uint8Array(10),
      options.padding ?? 0,
    );
    return this.run(
      options.layer3 === true ? 'lan_ingress_l3' : 'lan_ingress',
      built.bytes,
      options.mark ?? 0,
    );
  }

  /** Names of the reasons counted since the last call; the reasons for verdicts of DNS packets left out. */
  counted(): string[] {
    const { reasons } = this.twin.state;
    const names = reasons.flatMap((total, reason) => {
      const times = total - (this.reasonsBefore[reason] ?? 0);
      if (OF_VERDICTS.includes(reason)) return [];
      return new Array<string>(times).fill(reasonName(reason));
    });
    this.reasonsBefore = [...reasons];
    return names;
  }

  /** `client name address`, in no order that matters; client `any`, a MAC address or hex. */
  facts(): string[] {
    return list(this.twin.state.facts);
  }

  strays(): string[] {
    return list(this.twin.state.strays);
  }

  fact(address: string, client: Address = clientOfMac(mac(CLIENT_MAC))): Fact | undefined {
    const { facts, strays } = this.twin.state;
    const pair = client + addressOf(address);
    return facts.get(pair) ?? strays.get(pair);
  }

  verdict(address: string, client: Address = clientOfMac(mac(CLIENT_MAC))): Verdict | undefined {
    return this.twin.state.verdicts.get(client + addressOf(address));
  }

  pendingCount(): number {
    return this.twin.state.pending.size;
  }

  /** All pending queries were asked so many seconds ago. */
  agePending(seconds: number): void {
    const time = process.hrtime.bigint() - BigInt(Math.round(seconds * 1e9));
    for (const [key, query] of this.twin.state.pending)
      this.twin.rewrite('pending', key, { ...query, time });
  }

  /** The facts of an address were told and used at the boot of the machine. */
  ageFact(address: string): void {
    for (const table of ['facts', 'strays'] as const) {
      for (const [key, fact] of this.twin.state[table]) {
        if (!key.endsWith(addressOf(address))) continue;
        this.twin.rewrite(table, key, { ...fact, told: 1n, expires: 2n, lastSeen: 1n });
      }
    }
  }
}

const OF_VERDICTS: readonly number[] = [
  REASON.PROTECTED,
  REASON.NO_FACT,
  REASON.NO_RULE,
  REASON.RULE,
  REASON.DECIDE_STEPS,
];

function list(table: ReadonlyMap<string, Fact>): string[] {
  return [...table]
    .map(([pair, { name }]) => {
      const hex = (part: string): string => Buffer.from(part, 'latin1').toString('hex');
      const client =
        pair.slice(0, 16) === ANY
          ? 'any'
          : pair.slice(0, 16).startsWith('\x01\0')
            ? hex(pair.slice(10, 16))
            : hex(pair.slice(0, 16));
      const labels = labelsOfWire(name).map((label) => Buffer.from(label).toString('latin1'));
      return `${client} ${labels.join('.')} ${hex(pair.slice(16))}`;
    })
    .sort();
}

/** An address of the world outside, and as {@link Lab.facts} writes it. */
export const IP = '198.51.100.1';
export const IP_HEX = '00000000000000000000ffffc6336401';
export const IP6 = '2001:db8:a::1';
export const IP6_HEX = '20010db8000a00000000000000000001';
export const EXAMPLE: PolicySpec = { rules: [rule(['example.com'], MARK)] };

export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export function rule(
  domains: RuleSpec['domains'],
  mark: number,
  more: Partial<RuleSpec> = {},
): RuleSpec {
  return { domains, mark, mask: MASK, ...more };
}
