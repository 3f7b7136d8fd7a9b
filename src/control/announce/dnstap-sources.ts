/** The dnstap servers of a configuration: one that is as it was goes on, with its senders. */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../base/errors.ts';
import { createDnstapServer, type DnstapServer } from '../../dnstap/server.ts';
import { isReserved } from '../../model/client.ts';
import type { DnstapSource } from '../../model/dnstap.ts';
import type { DnstapSourceStatus } from './status.ts';

interface Running {
  readonly source: DnstapSource;
  readonly server: DnstapServer;
}

/** An answer, and who asked: 16 bytes, or undefined where the source does not tell clients apart. */
export type OnAnswer = (message: Uint8Array, client: Uint8Array | undefined) => void;

export class DnstapSources {
  readonly #running = new Map<string, Running>();
  readonly #onAnswer: OnAnswer;
  readonly #log: (problem: string) => void;

  constructor(onAnswer: OnAnswer, log: (problem: string) => void) {
    this.#onAnswer = onAnswer;
    this.#log = log;
  }

  /** What cannot listen is in the log; the others do. */
  async configure(sources: readonly DnstapSource[]): Promise<void> {
    const wanted = new Map(
      sources.filter(({ enabled }) => enabled).map((source) => [source.section, source]),
    );
    for (const [section, { source, server }] of this.#running) {
      if (isDeepStrictEqual(wanted.get(section), source)) continue;
      this.#running.delete(section);
      await server.close();
    }
    for (const [section, source] of wanted) {
      if (this.#running.has(section)) continue;
      try {
        this.#running.set(section, { source, server: await this.#open(source) });
      } catch (error) {
        this.#log(`dnstap '${section}': ${messageOf(error)}`);
      }
    }
  }

  status(): DnstapSourceStatus[] {
    return [...this.#running].map(([section, { server }]) => {
      const { messages, malformed } = server.stats();
      return { section, senders: server.senders().length, messages, malformed };
    });
  }

  #open({ section, listen, messageTypes, client }: DnstapSource): Promise<DnstapServer> {
    return createDnstapServer({
      listen,
      messageTypes,
      onMessage: ({ message, queryAddress }) => {
        if (!client) this.#onAnswer(message, undefined);
        // of nobody who is known: it would hold for others
        else if (queryAddress !== undefined && !isReserved(queryAddress)) {
          this.#onAnswer(message, queryAddress);
        }
      },
      onProblem: (problem) => this.#log(`dnstap '${section}': ${problem.message}`),
    });
  }
}
