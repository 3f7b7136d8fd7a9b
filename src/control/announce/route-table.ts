/** The addresses that are announced, by which name and rule, and until when. */
import { formatDomainName } from '../../model/domain-name.ts';
import type { Prefix } from '../../model/prefix.ts';

export interface Route {
  /** A single host: 16 bytes. */
  readonly address: Uint8Array;
  /** As text, escaped. */
  readonly name: string;
  /** UCI section of the rule. */
  readonly section: string;
  /** Nanoseconds of CLOCK_MONOTONIC: when it ages out, and when the name was told to be there. */
  readonly until: number;
  readonly told: number;
}

/** A route as it is offered: the name in wire form. Its bytes may be views of something that goes. */
export interface Offer extends Omit<Route, 'name'> {
  readonly name: Uint8Array;
}

/** Who is told: a BGP speaker. */
export interface RouteSink {
  announce(prefix: Prefix, section: string): void;
  withdraw(prefix: Prefix): void;
}

/** Addresses of one name at a time (Z3). */
const PER_NAME = 256;

const WHOLE = 128;

/** Its address is its key: a Uint8Array of its own would be the greater part of what a route takes. */
interface Entry extends Omit<Route, 'address'> {
  /** The round in which it was offered last. */
  readonly round: number;
}

export class RouteTable {
  readonly #routes = new Map<string, Entry>();
  readonly #perName = new Map<string, number>();
  readonly #sink: RouteSink;
  readonly #limit: number;
  #refused = 0;
  #round = 0;

  /** `limit`: routes, at most. */
  constructor(sink: RouteSink, limit: number) {
    this.#sink = sink;
    this.#limit = limit;
  }

  get size(): number {
    return this.#routes.size;
  }

  /** How many offers found no room. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Announces it, or lets what is announced stand for longer. Of several names or rules that have an address the one
   * told last counts: false if there is a later one.
   */
  offer({ address, name, section, until, told }: Offer): boolean {
    const key = keyOf(address);
    const known = this.#routes.get(key);
    const text = formatDomainName(name);
    const isSame = known?.name === text && known.section === section;
    if (known !== undefined && !isSame && told < known.told) return false;
    if (known?.name !== text && !this.#hasRoom(known, text)) {
      this.#refused++;
      return true;
    }
    if (known?.name !== text) {
      if (known !== undefined) this.#forgetName(known.name);
      this.#perName.set(text, (this.#perName.get(text) ?? 0) + 1);
    }
    // several clients may have been told
    const others = isSame && known.round === this.#round ? known : { until, told };
    this.#routes.set(key, {
      name: known?.name === text ? known.name : text,
      section,
      until: Math.max(until, others.until),
      told: Math.max(told, others.told),
      round: this.#round,
    });
    if (known?.section !== section) this.#sink.announce({ address, length: WHOLE }, section);
    return true;
  }

  /** Begins a round, in which all routes that are to stay are offered, and which {@link sweep} ends. */
  begin(): void {
    this.#round++;
  }

  /** Withdraws every route that was not offered in this round; returns how many. */
  sweep(): number {
    let withdrawn = 0;
    for (const [key, { name, round }] of this.#routes) {
      if (round === this.#round) continue;
      this.#routes.delete(key);
      this.#forgetName(name);
      this.#sink.withdraw({ address: addressOf(key), length: WHOLE });
      withdrawn++;
    }
    return withdrawn;
  }

  /** Tells everything once more: attributes of rules have changed. */
  repeat(): void {
    for (const [key, { section }] of this.#routes) {
      this.#sink.announce({ address: addressOf(key), length: WHOLE }, section);
    }
  }

  *routes(): Generator<Route, void> {
    for (const [key, route] of this.#routes) yield { ...route, address: addressOf(key) };
  }

  /** When the first of them ages out, ns; Infinity: there is none. */
  get next(): number {
    let next = Infinity;
    for (const { until } of this.#routes.values()) next = Math.min(next, until);
    return next;
  }

  #hasRoom(known: Entry | undefined, name: string): boolean {
    if (known === undefined && this.#routes.size >= this.#limit) return false;
    return (this.#perName.get(name) ?? 0) < PER_NAME;
  }

  #forgetName(name: string): void {
    const left = (this.#perName.get(name) ?? 1) - 1;
    if (left === 0) this.#perName.delete(name);
    else this.#perName.set(name, left);
  }
}

function keyOf(address: Uint8Array): string {
  return Buffer.from(address.buffer, address.byteOffset, 16).toString('latin1');
}

function addressOf(key: string): Uint8Array {
  return Uint8Array.from(Buffer.from(key, 'latin1'));
}
