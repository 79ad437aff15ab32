import type { NumberedFileEvents } from "../../protocol/watches.ts";
import type { FileEvents } from "../../runtimes/file_watch.ts";

/** What a batch costs beside its paths, and an event beside its own. */
const BATCH_COST = 200;
const EVENT_COST = 100;

/** Numbers what happened to files and keeps the last of it. */
export class EventRing {
  readonly #maxBytes: number;
  #kept: { readonly batch: NumberedFileEvents; readonly cost: number }[] = [];
  #cost = 0;
  #nextSeq = 0;

  /** Keeps about so many bytes, and always the last batch. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The number that the next batch gets. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Takes what happened. */
  add({ events, overflow, notWatched }: FileEvents): void {
    const batch = {
      seq: this.#nextSeq++,
      events: [...events],
      ...(overflow && { overflow }),
      ...(notWatched.length > 0 && { notWatched: [...notWatched] }),
    };
    const cost = costOf(batch);
    this.#kept.push({ batch, cost });
    this.#cost += cost;
    while (this.#cost > this.#maxBytes && this.#kept.length > 1) {
      this.#cost -= this.#kept.shift()?.cost ?? 0;
    }
  }

  /**
   * The first kept batch of that number or a later one. What comes behind a gap says so, as any other
   * that is missing something.
   */
  at(seq: number): NumberedFileEvents | undefined {
    const first = this.#kept[0]?.batch.seq ?? this.#nextSeq;
    const batch = this.#kept[Math.max(0, seq - first)]?.batch;
    return batch === undefined || batch.seq === seq ? batch : { ...batch, overflow: true };
  }

  /** All that is kept from a number on. */
  from(seq: number): NumberedFileEvents[] {
    const batches: NumberedFileEvents[] = [];
    for (let next = seq;;) {
      const batch = this.at(next);
      if (batch === undefined) return batches;
      batches.push(batch);
      next = batch.seq + 1;
    }
  }
}

function costOf({ events, notWatched = [] }: NumberedFileEvents): number {
  const texts = [...events.flatMap(({ path, from = "" }) => [path, from]), ...notWatched];
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  return BATCH_COST + EVENT_COST * texts.length + 2 * characters;
}
