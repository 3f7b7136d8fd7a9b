/** The BGP speaker of a configuration: neighbours come and go without the others noticing. */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../base/errors.ts';
import {
  Speaker,
  tcpTransport,
  type NeighborStatus,
  type RouteAttributes,
} from '../../bgp/index.ts';
import { socketCalls } from '../../datapath/index.ts';
import { formatAddress } from '../../model/address.ts';
import type { BgpOptions } from '../../model/bgp.ts';
import type { Prefix } from '../../model/prefix.ts';
import type { Configuration } from '../../model/rule.ts';
import { withKey, type KeyedNeighbor } from './neighbor-key.ts';
import type { RouteSink } from './route-table.ts';
import type { BgpNeighbor } from './status.ts';

export type BgpConfiguration = Pick<Configuration, 'neighbors' | 'rules'>;

/** Problems of one neighbour that are remembered: more can be words of its own. */
const SAID_MAX = 8;

export type BgpLog = (problem: string) => void;

export class BgpSpeaker implements RouteSink {
  readonly options: BgpOptions;
  readonly #log: BgpLog;
  readonly #speaker: Speaker;
  readonly #neighbors = new Map<string, KeyedNeighbor>();
  /** What the log has of whom, so that an attempt every few seconds does not fill it. */
  readonly #said = new Map<string, string[]>();
  /** By UCI section of the rule. */
  #attributes: ReadonlyMap<string, RouteAttributes> = new Map();

  /** Nothing is opened before {@link start}. */
  constructor(options: BgpOptions, log: BgpLog) {
    this.options = options;
    this.#log = log;
    const { asn, routerId, listen, port, gracefulRestartSeconds: restartTime } = options;
    this.#speaker = new Speaker({
      asn,
      routerId,
      ...(listen.length > 0 && { listen: { addresses: listen, port } }),
      ...(restartTime > 0 && { gracefulRestart: { restartTime } }),
      transport: tcpTransport(socketCalls),
      onState: (status) => this.#tell(status),
      onRefused: log,
    });
  }

  /**
   * Neighbours and communities as they are to be; what cannot be had is in the log, and tried again by the next call. True
   * if communities of a rule are others than before: its routes are to be announced again.
   */
  configure({ neighbors, rules }: BgpConfiguration): boolean {
    const attributes = new Map(
      rules.map(({ section, communities, largeCommunities }) => {
        return [section, { communities, largeCommunities }];
      }),
    );
    const areOther = !isDeepStrictEqual(attributes, this.#attributes);
    this.#attributes = attributes;
    const wanted = new Map<string, KeyedNeighbor>();
    for (const neighbor of neighbors.filter(({ enabled }) => enabled)) {
      this.#try(neighbor.section, () => wanted.set(neighbor.section, withKey(neighbor)));
    }
    for (const [section, old] of this.#neighbors) {
      if (isDeepStrictEqual(wanted.get(section), old)) continue;
      this.#speaker.removeNeighbor(old);
      this.#neighbors.delete(section);
      this.#said.delete(section);
    }
    for (const [section, neighbor] of wanted) {
      if (this.#neighbors.has(section)) continue;
      this.#try(section, () => {
        this.#speaker.addNeighbor(neighbor);
        this.#neighbors.set(section, neighbor);
      });
    }
    return areOther;
  }

  /**
   * When all is announced that is known: a neighbour that kept routes of before drops the others then. What it cannot
   * listen on is in the log, and tried again by the next call.
   */
  start(): void {
    this.#try('', () => this.#speaker.start());
  }

  announce(prefix: Prefix, section: string): void {
    this.#try('', () => this.#speaker.announce(prefix, this.#attributes.get(section)));
  }

  withdraw(prefix: Prefix): void {
    this.#speaker.withdraw(prefix);
  }

  /** Graceful: neighbours keep the routes for a while, as we come back. */
  close(graceful: boolean): Promise<void> {
    return this.#speaker.close({ graceful, reason: 'domainroute stops' });
  }

  neighbors(): BgpNeighbor[] {
    return this.#speaker.states().map((status) => ({
      section: this.#sectionOf(status),
      address: formatAddress(status.address),
      asn: status.asn,
      state: status.state,
      uptime: status.uptimeSeconds ?? null,
      families: status.families,
      hold_time: status.holdTime ?? null,
      announced: status.announced,
      pending: status.pending,
      sent: status.sent,
      received: status.received,
      last_error: status.lastError?.reason ?? null,
    }));
  }

  #sectionOf({ address, netns }: NeighborStatus): string {
    const found = [...this.#neighbors.values()].find(
      (each) => each.netns === netns && Buffer.compare(each.address, address) === 0,
    );
    return found?.section ?? formatAddress(address);
  }

  #tell(status: NeighborStatus): void {
    const section = this.#sectionOf(status);
    if (status.state === 'Established') this.#said.delete(section);
    else if (status.lastError !== undefined) {
      this.#say(section, `BGP neighbor '${section}': ${status.lastError.reason}`);
    }
  }

  #try(section: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#say(section, messageOf(error));
    }
  }

  #say(section: string, problem: string): void {
    const said = this.#said.get(section) ?? [];
    if (said.includes(problem)) return;
    this.#said.set(section, [...said, problem].slice(-SAID_MAX));
    this.#log(problem);
  }
}
