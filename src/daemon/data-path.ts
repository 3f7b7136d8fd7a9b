/**
 * Keeps the data path as the configuration and the network want it. Whatever needs the lists runs in a process of its
 * own; what only follows the network is done here, in milliseconds.
 */
import { messageOf } from '../base/errors.ts';
import { forgetExpired } from '../control/ageing.ts';
import { follow, type InterfaceState } from '../control/follow.ts';
import type { ReadNetifd } from '../control/host.ts';
import { readInForce } from '../control/in-force.ts';
import { runOwn } from '../control/own-process.ts';
import { generationInForce, isNotRunning } from '../control/session.ts';
import type { Settings } from '../control/settings.ts';
import { repairTable } from '../control/connections.ts';
import type { Diagnostic } from '../model/rule.ts';
import { Jobs } from './jobs.ts';
import type { Log } from './log.ts';

export interface DataPathOptions {
  readonly settings: Settings;
  /** argv of this program without options. */
  readonly program: readonly string[];
  readonly log: Log;
  readonly readNetifd: ReadNetifd;
  /** May the network be followed now? Not while nobody knows what netifd would say. */
  readonly canFollow: () => boolean;
  /** What did not work, null when it does again. */
  readonly onProblem: (problem: string | null) => void;
  readonly onInterface: (state: InterfaceState) => void;
}

/** What start and reload print. */
export interface Applied {
  readonly generation: number;
  readonly rules: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** What check prints. */
export interface Checked {
  readonly valid: boolean;
  readonly rules: number;
  readonly domains: number;
  readonly diagnostics: readonly Diagnostic[];
}

export class DataPath {
  readonly #options: DataPathOptions;
  readonly #jobs = new Jobs();
  /** Apart, as they change nothing; one at a time, as each takes memory for all lists. */
  readonly #checks = new Jobs();
  #interfaces: readonly InterfaceState[] = [];
  /** The last start or reload failed for want of something that may come: it is tried again. */
  #failed = false;

  constructor(options: DataPathOptions) {
    this.#options = options;
  }

  /** Starts what does not run, and adopts what does. Rejects with DomainrouteError. */
  start(): Promise<Applied> {
    return this.#jobs.run('start', () => this.#apply('start'));
  }

  /** Rejects with DomainrouteError: what was in force is in force. */
  reload(): Promise<Applied> {
    return this.#jobs.run('reload', () =>
      this.#apply(generationInForce(this.#options.settings) === 0 ? 'start' : 'reload'),
    );
  }

  /** Rejects with DomainrouteError. */
  check(): Promise<Checked> {
    const { settings, program } = this.#options;
    return this.#checks.run(
      'check',
      async () => (await runOwn<Checked>(program, settings, 'check')).value,
    );
  }

  /** The network has changed. Never rejects. */
  follow(): Promise<void> {
    return this.#quietly('follow', () => this.#follow());
  }

  /** Somebody changed the nft tables. Never rejects. */
  repair(): Promise<void> {
    return this.#quietly('repair', async () => {
      const { settings, log } = this.#options;
      if (await repairTable(settings)) log.info('nft table inet domainroute was gone, and is back');
    });
  }

  /** What is due from time to time, and what no event tells of: netifd does not say that a gateway is another one. */
  tick(): Promise<void> {
    return this.#quietly('tick', async () => {
      await this.#follow();
      if (generationInForce(this.#options.settings) !== 0) forgetExpired(this.#options.settings);
    });
  }

  /** When all that was asked for has ended. */
  idle(): Promise<void> {
    return this.#jobs.run('idle', () => Promise.resolve());
  }

  async #apply(verb: 'start' | 'reload'): Promise<Applied> {
    const { settings, program, log, onProblem } = this.#options;
    try {
      const { value, said } = await runOwn<Applied>(program, settings, verb);
      said.forEach((line) => log.problem(line));
      log.info('rules are in force', { generation: value.generation, rules: value.rules });
      this.#failed = false;
      onProblem(null);
      return value;
    } catch (error) {
      const message = messageOf(error);
      log.problem(message);
      onProblem(message);
      this.#failed = verb === 'start';
      throw error;
    }
  }

  async #follow(): Promise<void> {
    const { settings, log, readNetifd, canFollow, onInterface } = this.#options;
    if (!canFollow()) return;
    if (readInForce(settings.run) === undefined || generationInForce(settings) === 0) {
      // a device that start has missed may have come; who was stopped by the user stays stopped
      if (this.#failed) await this.#apply('start');
      return;
    }
    const before = this.#interfaces;
    const { changes, interfaces } = await follow(settings, readNetifd, before);
    this.#interfaces = interfaces;
    for (const state of changes) {
      const { interface: name, up, device } = state;
      log.info(`interface is ${up ? 'up' : 'down'}`, { interface: name, device: device ?? '-' });
      onInterface(state);
    }
  }

  #quietly(name: string, task: () => Promise<void>): Promise<void> {
    return this.#jobs.run(name, async () => {
      try {
        await task();
      } catch (error) {
        // it was stopped in between
        if (isNotRunning(error)) return;
        this.#options.log.problem(messageOf(error));
      }
    });
  }
}
