import type { Peer } from "./peer.ts";

/** Options of {@linkcode InFlight}. */
export interface InFlightOptions {
  /** Unanswered requests and running notifications of one peer. @default {1024} */
  maxInFlight?: number;
  /** Characters of their messages, together. @default {268435456} */
  maxInFlightChars?: number;
}

interface Load {
  entries: number;
  chars: number;
}

/** Counts what each peer has under way, so that none can pile up work or memory without bound. */
export class InFlight {
  /** The most requests under way. */
  readonly maxEntries: number;
  readonly #maxChars: number;
  /** Requests under way, of all peers. */
  entries = 0;
  readonly #loads = new WeakMap<Peer, Load>();

  /** Makes a counter with the given bounds. */
  constructor({ maxInFlight = 1024, maxInFlightChars = 256 * 1024 * 1024 }: InFlightOptions = {}) {
    this.maxEntries = maxInFlight;
    this.#maxChars = maxInFlightChars;
  }

  /** Counts a message in and returns true, or false if it is too much now; one alone always fits. */
  enter(peer: Peer, entries: number, chars: number): boolean {
    const load = this.#loads.get(peer) ?? { entries: 0, chars: 0 };
    const isOver = load.entries + entries > this.maxEntries || load.chars + chars > this.#maxChars;
    if (isOver && load.entries > 0) return false;
    load.entries += entries;
    this.entries += entries;
    load.chars += chars;
    this.#loads.set(peer, load);
    return true;
  }

  /** Counts a message out again. */
  leave(peer: Peer, entries: number, chars: number): void {
    const load = this.#loads.get(peer);
    if (load === undefined) return;
    load.entries -= entries;
    this.entries -= entries;
    load.chars -= chars;
  }
}
