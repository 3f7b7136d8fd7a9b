/**
 * From answers to routes: what dnstap tells becomes facts, facts whose rule announces become routes, and neighbours are
 * told. The facts are those of the kernel's maps, so that nothing is lost with this process.
 */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../base/errors.ts';
import {
  EVENT_FACT,
  Maps,
  monotonicNow,
  openLibbpf,
  PAIR,
  pinsBelow,
  readConfig,
  type Event,
} from '../../datapath/index.ts';
import { parseFactQuery, type FactQuery } from '../../facts/filter.ts';
import { formatAddress, isMapped } from '../../model/address.ts';
import { formatCommunity } from '../../model/community.ts';
import { formatDomainName } from '../../model/domain-name.ts';
import type { Configuration } from '../../model/rule.ts';
import type { Settings } from '../settings.ts';
import { BgpSpeaker } from './bgp-speaker.ts';
import { DnstapSources } from './dnstap-sources.ts';
import { RouteTable, type Offer } from './route-table.ts';
import { RuleFinder, type FoundRule } from './rule-finder.ts';
import { scanFacts } from './scan.ts';
import type { BgpStatus, RouteRow } from './status.ts';
import { Teacher, type Taught } from './teacher.ts';

const SECOND = 1e9;
/** Between two scans for what ages out. */
const REST_MS = 3_000;
/** The kernel refreshes facts without a word, and its events can be more than anybody reads. */
const LONGEST_MS = 60_000;

export interface AnnouncingOptions {
  readonly settings: Settings;
  readonly log: (problem: string) => void;
  /** A fact that dnstap has brought, and that was not known. */
  readonly onFact: (taught: Taught) => void;
}

export interface RouteQuery extends FactQuery {
  /** UCI section. */
  readonly rule?: string | undefined;
}

export class Announcing {
  readonly #options: AnnouncingOptions;
  readonly #maps: Maps;
  readonly #rules: RuleFinder;
  readonly #teacher: Teacher;
  readonly #sources: DnstapSources;
  #speaker: BgpSpeaker | undefined;
  #table: RouteTable | undefined;
  #configuration: Configuration | undefined;
  /** Of the rules that the last configuration came with. */
  #generation = 0;
  #scanning: Promise<void> = Promise.resolve();
  #hold = 0;
  #sections: ReadonlySet<string> = new Set();
  /** When the next route ages out, and the timer for it. */
  #due = Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** On the maps as they are pinned now. */
  constructor(options: AnnouncingOptions) {
    const { settings, log, onFact } = options;
    openLibbpf(settings.assets);
    this.#options = options;
    this.#maps = new Maps(pinsBelow(settings.pin));
    this.#rules = new RuleFinder(this.#maps);
    this.#teacher = new Teacher(this.#maps, this.#rules);
    this.#sources = new DnstapSources((message, client) => {
      this.#teacher.teach(message, client, (taught) => {
        if (taught.isNew) onFact(taught);
        const told = monotonicNow();
        this.#offer(taught, told, told + taught.ttlSeconds * SECOND);
      });
    }, log);
  }

  /** Are events of the kernel wanted? */
  get announces(): boolean {
    return this.#speaker !== undefined;
  }

  /** Are the maps still those that are pinned? Not so behind a stop and a start. */
  isCurrent(): boolean {
    const pinned = new Maps(pinsBelow(this.#options.settings.pin));
    try {
      return pinned.get('config').info.id === this.#maps.get('config').info.id;
    } finally {
      pinned.close();
    }
  }

  /**
   * What is in force is this. Settles when neighbours are being told of all that is known. What cannot be had, such as an
   * address to listen on, is in the log, and tried again by the next call.
   */
  async configure(configuration: Configuration): Promise<void> {
    const { generation } = this.#rules;
    const isSame =
      generation === this.#generation && isDeepStrictEqual(configuration, this.#configuration);
    this.#configuration = configuration;
    this.#generation = generation;
    this.#sections = new Set(configuration.rules.map(({ section }) => section));
    this.#hold = Number(readConfig(this.#maps)?.hold ?? 0);
    await this.#sources.configure(configuration.dnstap);
    const { bgp } = configuration;
    const wanted = bgp?.enabled === true ? bgp : undefined;
    if (!isDeepStrictEqual(this.#speaker?.options, wanted)) {
      await this.#speaker?.close(wanted !== undefined);
      this.#speaker = wanted && new BgpSpeaker(wanted, this.#options.log);
      this.#table = this.#speaker && new RouteTable(this.#speaker, wanted?.maxRoutes ?? 0);
    }
    const areOther = this.#speaker?.configure(configuration) === true;
    if (!isSame) await this.scan();
    if (areOther) this.#table?.repeat();
    this.#speaker?.start();
  }

  /** A fact that the programs have learnt. */
  learnt({ kind, pair, name, name_length: length, expires, time }: Event): void {
    if (this.#table === undefined || kind !== EVENT_FACT || length === 0) return;
    if (this.#rules.refresh() === undefined) return;
    const { client, address } = PAIR.decode(pair);
    const own = name.subarray(0, length - 1);
    const rule = this.#rules.find(own, address, client);
    this.#offer({ address, name: own, ...rule }, time, expires);
  }

  /**
   * Looks through all facts: what is still in use stands for longer, what has aged out or is no longer for a rule that
   * announces is withdrawn. One at a time, and none fails.
   */
  scan(): Promise<void> {
    this.#scanning = this.#scanning.then(() => this.#scan());
    return this.#scanning;
  }

  /** Of BGP and dnstap. */
  status(): BgpStatus {
    const bgp = this.#configuration?.bgp;
    return {
      enabled: this.#speaker !== undefined,
      asn: bgp?.asn ?? 0,
      router_id: bgp === undefined ? '' : formatAddress(bgp.routerId),
      routes: this.#table?.size ?? 0,
      refused: this.#table?.refused ?? 0,
      neighbors: this.#speaker?.neighbors() ?? [],
      dnstap: this.#sources.status(),
    };
  }

  /** Throws DomainrouteError 'usage'. */
  routes(query: RouteQuery): RouteRow[] {
    const { address, name, limit } = parseFactQuery(query);
    const wanted = name && formatDomainName(name.wire);
    const now = monotonicNow();
    const rules = new Map(this.#configuration?.rules.map((rule) => [rule.section, rule]));
    const rows: RouteRow[] = [];
    for (const route of this.#table?.routes() ?? []) {
      if (rows.length === limit) break;
      if (query.rule !== undefined && route.section !== query.rule) continue;
      if (address !== undefined && Buffer.compare(address, route.address) !== 0) continue;
      const isNamed =
        route.name === wanted || (name?.below === true && route.name.endsWith(`.${wanted}`));
      if (wanted !== undefined && !isNamed) continue;
      const { communities = [], largeCommunities = [] } = rules.get(route.section) ?? {};
      rows.push({
        prefix: `${formatAddress(route.address)}/${isMapped(route.address) ? 32 : 128}`,
        name: route.name,
        rule: route.section,
        communities: [...communities, ...largeCommunities].map(formatCommunity),
        expires_in: Math.max(0, Math.floor((route.until - now) / SECOND)),
      });
    }
    return rows;
  }

  /** Graceful: this process comes back, or another one. */
  async close(graceful: boolean): Promise<void> {
    clearTimeout(this.#timer);
    await this.#sources.configure([]);
    await this.#scanning;
    await this.#speaker?.close(graceful);
    this.#speaker = undefined;
    this.#table = undefined;
    this.#rules.close();
    this.#maps.close();
  }

  /** A fact of the moment `told`; both times are ns. */
  #offer(
    { address, name, section, announce }: FoundRule & Pick<Offer, 'address' | 'name'>,
    told: number,
    expires: number,
  ): void {
    if (!announce || section === undefined || !this.#isKnown(section)) return;
    const until = Math.max(expires, told + this.#hold);
    this.#table?.offer({ address, name, section, until, told });
    this.#scanAt(until);
  }

  /** Until we are told of a new rule its communities are unknown: the scan that comes with them finds what it takes. */
  #isKnown(section: string): boolean {
    return this.#sections.has(section);
  }

  /** Routes are withdrawn a second after they have aged out, or some more where many do. */
  #scanAt(until: number): void {
    if (this.#table === undefined || until >= this.#due) return;
    this.#due = until;
    clearTimeout(this.#timer);
    const waitMs = Math.max((until - monotonicNow()) / 1e6 + 1000, REST_MS);
    this.#timer = setTimeout(() => void this.scan(), Math.min(waitMs, LONGEST_MS)).unref();
  }

  async #scan(): Promise<void> {
    const table = this.#table;
    if (table === undefined) return;
    this.#due = Infinity;
    try {
      await this.#scanInto(table);
    } catch (error) {
      this.#options.log(`Cannot look through the facts: ${messageOf(error)}`);
    }
    this.#scanAt(Math.min(table.next, monotonicNow() + LONGEST_MS * 1e6));
  }

  async #scanInto(table: RouteTable): Promise<void> {
    /** Of addresses that have a later one, which may be about to go. */
    let second: Offer[];
    const take = (offer: Offer): void => {
      if (!this.#isKnown(offer.section) || table.offer(offer)) return;
      second.push({ ...offer, address: offer.address.slice(), name: offer.name.slice() });
    };
    let isThrough: boolean;
    do {
      second = [];
      table.begin();
      isThrough = await scanFacts(this.#maps, this.#rules, this.#hold, take);
    } while (!isThrough);
    table.sweep();
    for (const offer of second) table.offer(offer);
  }
}
