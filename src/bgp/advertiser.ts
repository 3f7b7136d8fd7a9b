/** Brings one neighbour to what we announce, as fast as it takes it and no faster. */
import type { Clock } from './clock.ts';
import { type Family, MAX_MESSAGE_LENGTH } from './constants.ts';
import type { Rib, View } from './rib.ts';
import type { PathOptions } from './route.ts';
import type { Session } from './session.ts';
import {
  announcement,
  endOfRib,
  type UpdateTemplate,
  UpdateWriter,
  withdrawal,
} from './update-writer.ts';

/** Bytes written in one turn of the event loop: some 12,000 IPv4 host routes, 3 ms; a round of 100,000 is sorted in 20. */
const CHUNK = 65_536;

export class Advertiser {
  readonly #rib: Rib;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #paths: PathOptions;
  readonly #families: readonly Family[];
  readonly view: View;
  #round: Uint32Array = new Uint32Array();
  #at = 0;
  readonly #templates = new Map<number, UpdateTemplate>();
  /** Families that are to be told from the beginning. */
  readonly #again = new Set<Family>();
  #initial = true;
  #scheduled = false;
  #closed = false;

  constructor(
    rib: Rib,
    session: Session,
    clock: Clock,
    paths: PathOptions,
    families: readonly Family[],
  ) {
    this.#rib = rib;
    this.#session = session;
    this.#clock = clock;
    this.#paths = paths;
    this.#families = families;
    this.view = rib.open(families);
  }

  /** Sends what there is, in this turn of the event loop or, where there is much, in those that follow. */
  flush(): void {
    if (this.#closed || this.#scheduled || this.#session.blocked) return;
    if (this.#at >= this.#round.length) this.#beginRound();
    if (this.#at < this.#round.length) this.#writeChunk();
    const done = this.#at >= this.#round.length;
    if (done && this.#initial) {
      this.#initial = false;
      for (const family of this.#families) this.#session.write(endOfRib(family), 1);
    }
    if (!done || this.view.pending > 0 || this.#again.size > 0) this.#flushSoon();
  }

  /** All of a family once more (RFC 2918): with the next round, however often it is asked for meanwhile. */
  refresh(family: Family): void {
    this.#again.add(family);
    if (!this.#scheduled) this.#flushSoon();
  }

  close(): void {
    this.#closed = true;
    this.view.close();
  }

  #flushSoon(): void {
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** What changes from here on is for the next round. */
  #beginRound(): void {
    for (const family of this.#again) this.view.refresh(family);
    this.#again.clear();
    this.#round = this.view.pending === 0 ? new Uint32Array() : this.view.round();
    this.#at = 0;
    this.#templates.clear();
  }

  #writeChunk(): void {
    const size = Math.min(CHUNK, MAX_MESSAGE_LENGTH * (1 + this.#round.length - this.#at));
    const writer = new UpdateWriter(size);
    for (; this.#at < this.#round.length; this.#at++) {
      const entry = this.#round[this.#at] ?? 0;
      if (!this.view.isPending(entry)) continue;
      const address = this.#rib.addressOf(entry);
      if (!writer.add(this.#templateOf(entry), address, this.#rib.lengthOf(entry))) break;
      this.view.sent(entry);
    }
    const bytes = writer.take();
    if (bytes.length > 0) this.#session.write(bytes, writer.messages);
  }

  #templateOf(entry: number): UpdateTemplate {
    const family = this.#rib.familyOf(entry);
    const key = 2 * this.#rib.attributesNumber(entry) + (family === 4 ? 0 : 1);
    let template = this.#templates.get(key);
    if (template === undefined) {
      const attributes = this.#rib.attributesOf(entry);
      template =
        attributes === undefined
          ? withdrawal(family)
          : announcement(family, attributes, this.#paths);
      this.#templates.set(key, template);
    }
    return template;
  }
}
