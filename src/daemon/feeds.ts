/**
 * Who is told what the data path learns: subscribers on ubus, and neighbours over BGP. The ring of events is read only
 * while somebody is.
 */
import { messageOf } from '../base/errors.ts';
import type { Announcing, RouteQuery } from '../control/announce/announcing.ts';
import type { BgpStatus, RouteRow } from '../control/announce/status.ts';
import { readInForce } from '../control/in-force.ts';
import { taughtEvent, watchRing, type MonitorEvent } from '../control/monitor.ts';
import { generationInForce, isNotRunning } from '../control/session.ts';
import type { Settings } from '../control/settings.ts';
import type { Configuration } from '../model/rule.ts';
import { Jobs } from './jobs.ts';
import type { Log } from './log.ts';

export interface FeedsOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** To the subscribers. */
  readonly notify: (event: MonitorEvent) => void;
}

const OFF: BgpStatus = {
  enabled: false,
  asn: 0,
  router_id: '',
  routes: 0,
  refused: 0,
  neighbors: [],
  dnstap: [],
};

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #jobs = new Jobs();
  #subscribed = false;
  #announcing: Announcing | undefined;
  #ring = new AbortController();

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  /** Somebody has subscribed, or nobody is left. */
  subscribed(active: boolean): void {
    this.#subscribed = active;
    this.#watch();
  }

  /**
   * Something else is in force, in other maps maybe, or nothing; or it is time to try again what could not be had. Never
   * rejects.
   */
  refresh(): Promise<void> {
    return this.#jobs.run('refresh', async () => {
      const { settings, log } = this.#options;
      try {
        const running = generationInForce(settings) !== 0;
        await this.#announce(running ? readInForce(settings.run) : undefined);
      } catch (error) {
        log.problem(messageOf(error));
      }
      this.#watch();
    });
  }

  bgp(): BgpStatus {
    return this.#announcing?.status() ?? OFF;
  }

  /** Throws DomainrouteError 'usage'. */
  routes(query: RouteQuery): RouteRow[] {
    return this.#announcing?.routes(query) ?? [];
  }

  /** Neighbours keep their routes for a while, as the next daemon comes; unless the data path was stopped. */
  close(): Promise<void> {
    return this.#jobs.run('close', async () => {
      this.#ring.abort();
      await this.#announcing?.close(generationInForce(this.#options.settings) !== 0);
    });
  }

  async #announce(configuration: Configuration | undefined): Promise<void> {
    const { settings, log, notify } = this.#options;
    const isWanted =
      configuration?.bgp?.enabled === true ||
      configuration?.dnstap.some(({ enabled }) => enabled) === true;
    if (this.#announcing !== undefined && !(isWanted && this.#announcing.isCurrent())) {
      const ending = this.#announcing;
      this.#announcing = undefined;
      await ending.close(isWanted);
    }
    if (!isWanted) return;
    // most have neither dnstap nor BGP, and their daemon none of their code
    const { Announcing } = await import('../control/announce/announcing.ts');
    this.#announcing ??= new Announcing({
      settings,
      log: (problem) => log.problem(problem),
      onFact: (taught) => {
        if (this.#subscribed) notify(taughtEvent(taught));
      },
    });
    await this.#announcing.configure(configuration);
  }

  #watch(): void {
    const { settings, log, notify } = this.#options;
    this.#ring.abort();
    this.#ring = new AbortController();
    if (!this.#subscribed && this.#announcing?.announces !== true) return;
    watchRing(
      settings,
      (event, describe) => {
        this.#announcing?.learnt(event);
        if (this.#subscribed) notify(describe());
      },
      this.#ring.signal,
    ).catch((error: unknown) => {
      if (!isNotRunning(error)) log.problem(messageOf(error));
    });
  }
}
