/** The ring buffer `events`: what is learnt and decided, as it happens. */
import { RingBuffer } from '#libbpf-ts';
import { EVENT, type Event } from './layouts.ts';
import type { Maps } from './maps.ts';

/**
 * Calls `onEvent` for each event from now on, and keeps the process running until the returned function is
 * called. What was in the ring is dropped. There is one ring: two readers share its events between them.
 */
export function watchEvents(maps: Maps, onEvent: (event: Event) => void): () => void {
  let live = false;
  const ring = new RingBuffer(maps.get('events'), (record) => {
    if (live) onEvent(EVENT.decode(record));
  });
  ring.consume();
  live = true;
  return () => ring.close();
}
