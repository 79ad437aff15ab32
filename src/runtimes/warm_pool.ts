import { delay } from "@std/async";

/** Something that was started ahead of need. */
export interface Warm extends AsyncDisposable {
  /** Whether it waits for work now. */
  readonly isReady: boolean;
  /** Whether it can still be given work, now or soon. */
  readonly alive: boolean;
  /** Resolves when it waits for work, or to false when it never will. */
  readonly ready: Promise<boolean>;
}

/** Settings of {@linkcode WarmPool}. */
export interface WarmPoolSettings<P, T> {
  /** Starts one more for a profile. */
  readonly start: (profile: P) => Promise<T>;
  /** The most that are kept, all profiles together. */
  readonly capacity: number;
  /** Kept for the first profile even when nothing was taken for long. */
  readonly reserve: number;
  /** Milliseconds without a take after which a profile gives back what is not its reserve. */
  readonly idleMs: number;
  /** Told when a start fails; the pool goes on. */
  readonly onFailure: (error: unknown) => void;
}

interface Shelf<P, T> {
  readonly profile: P;
  readonly items: T[];
  /** Being started and not among the items yet. */
  launching: number;
  target: number;
  readonly reserve: number;
  lastTaken: number;
}

/** Milliseconds after the last take before stock is refilled: a burst is not slowed by its own refill. */
const QUIET_MS = 25;
/** Kept in preparation even in the middle of a burst. */
const ALWAYS = 2;
const PARALLEL = 2;

/**
 * Keeps processes started ahead of need, by profile. What is kept for a profile grows with each take and
 * is given back after a while without one; when the capacity is used up, the profile that was taken from
 * least recently gives way.
 */
export class WarmPool<P, T extends Warm> implements AsyncDisposable {
  readonly #settings: WarmPoolSettings<P, T>;
  readonly #shelves = new Map<string, Shelf<P, T>>();
  readonly #stop = new AbortController();
  readonly #endings = new Set<Promise<void>>();
  /** Not ready yet, whether on a shelf already or not. */
  #starting = 0;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();
  #running = false;
  #loop: Promise<void> = Promise.resolve();
  #hits = 0;
  #misses = 0;

  /** Makes an empty pool. */
  constructor(settings: WarmPoolSettings<P, T>) {
    this.#settings = settings;
  }

  /** Figures for `runtime.list`. */
  get stats(): {
    ready: number;
    starting: number;
    hits: number;
    misses: number;
  } {
    const items = [...this.#shelves.values()].flatMap((shelf) => shelf.items);
    return {
      ready: items.filter((item) => item.isReady).length,
      starting: this.#starting,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  /** Begins to keep a reserve for a profile. */
  prepare(key: string, profile: P, wanted = this.#settings.reserve): void {
    const reserve = Math.min(wanted, this.#settings.capacity);
    this.#shelf(key, profile, reserve).target = reserve;
    this.#refill();
  }

  /** Takes one for a profile, a ready one if there is any; undefined if there is none. */
  take(key: string, profile: P): T | undefined {
    if (this.#settings.capacity === 0 || this.#stop.signal.aborted) {
      return undefined;
    }
    const shelf = this.#shelf(key, profile, 0);
    shelf.lastTaken = Date.now();
    shelf.target = Math.min(
      this.#settings.capacity,
      Math.max(ALWAYS, shelf.target + 1),
    );
    const item = takeBest(shelf.items);
    if (item === undefined) this.#misses++;
    else this.#hits++;
    this.#refill();
    return item;
  }

  /** Whether something is kept for a profile, or would be. */
  has(key: string): boolean {
    return this.#shelves.has(key);
  }

  /** Ends what is kept for a profile; it is started anew. */
  drop(key: string): void {
    for (const item of this.#shelves.get(key)?.items.splice(0) ?? []) this.#end(item);
    this.#refill();
  }

  /** Begins anew after starts that failed: what a profile's reserve lost is started again. */
  retry(): void {
    for (const shelf of this.#shelves.values()) {
      shelf.target = Math.max(shelf.target, shelf.reserve);
    }
    this.#refill();
  }

  /** Ends everything that was not taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake.resolve();
    await this.#loop;
    for (const shelf of this.#shelves.values()) {
      for (const item of shelf.items.splice(0)) this.#end(item);
    }
    await Promise.allSettled(this.#endings);
  }

  #shelf(key: string, profile: P, reserve: number): Shelf<P, T> {
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = { profile, items: [], launching: 0, target: 0, reserve, lastTaken: Date.now() };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }

  #refill(): void {
    this.#wake.resolve();
    if (this.#running) return;
    this.#running = true;
    this.#loop = this.#run();
  }

  /** Works until every shelf has what it should; then it waits for idleness, or ends if nothing can be idle. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) {
        this.#shrink();
        const shelf = this.#neediest();
        if (shelf !== undefined && this.#starting < PARALLEL) {
          this.#makeRoom();
          this.#start(shelf);
          continue;
        }
        const wait = this.#nextWait(shelf !== undefined);
        if (wait === undefined && this.#starting === 0) return;
        this.#wake = Promise.withResolvers();
        await pause(wait, this.#wake.promise, signal);
      }
    } finally {
      this.#running = false;
    }
  }

  /** The shelf to fill next: one with almost nothing at once, others when the burst is over. */
  #neediest(): Shelf<P, T> | undefined {
    const quiet = Date.now() - this.#lastTaken() >= QUIET_MS;
    return [...this.#shelves.values()]
      .filter((shelf) => kept(shelf) < (quiet ? shelf.target : Math.min(shelf.target, ALWAYS)))
      .sort((a, b) => b.lastTaken - a.lastTaken)[0];
  }

  #lastTaken(): number {
    return Math.max(
      0,
      ...[...this.#shelves.values()].map((shelf) => shelf.lastTaken),
    );
  }

  /** Milliseconds until there is something to do again; undefined if only a take or an end can bring it. */
  #nextWait(busy: boolean): number | undefined {
    if (busy) return undefined;
    const now = Date.now();
    const hungry = [...this.#shelves.values()].some((shelf) => kept(shelf) < shelf.target);
    if (hungry) return Math.max(1, this.#lastTaken() + QUIET_MS - now);
    const idle = [...this.#shelves.values()].filter(({ target, reserve }) => target !== reserve)
      .map(({ lastTaken }) => lastTaken + this.#settings.idleMs - now);
    return idle.length === 0 ? undefined : Math.max(1, Math.min(...idle));
  }

  #shrink(): void {
    const now = Date.now();
    for (const [key, shelf] of this.#shelves) {
      dropDead(shelf.items);
      if (now - shelf.lastTaken < this.#settings.idleMs) continue;
      shelf.target = shelf.reserve;
      for (const item of shelf.items.splice(shelf.reserve)) this.#end(item);
      if (shelf.reserve === 0) this.#shelves.delete(key);
    }
  }

  #makeRoom(): void {
    const shelves = [...this.#shelves.values()].sort((a, b) => a.lastTaken - b.lastTaken);
    let total = shelves.reduce((sum, shelf) => sum + kept(shelf), 0);
    for (const shelf of shelves) {
      while (total >= this.#settings.capacity && shelf.items.length > 0) {
        const item = shelf.items.shift();
        if (item !== undefined) this.#end(item);
        shelf.target = shelf.items.length;
        total--;
      }
    }
  }

  #start(shelf: Shelf<P, T>): void {
    this.#starting++;
    shelf.launching++;
    const launch = this.#settings.start(shelf.profile).finally(() => shelf.launching--);
    const started = launch.then(async (item) => {
      if (this.#stop.signal.aborted) return this.#end(item);
      // On the shelf at once: a child that is halfway up is still ahead of one that is not started.
      shelf.items.push(item);
      if (!await item.ready) {
        throw new Error(
          "Cannot keep a warm process: it ended while it started",
        );
      }
    }).catch((error) => {
      // Not again before something was taken, or the time is up that also ends what nobody takes.
      dropDead(shelf.items);
      shelf.target = Math.min(shelf.target, shelf.items.length);
      shelf.lastTaken = Date.now();
      // One that was ended while it started did not fail.
      if (!this.#stop.signal.aborted) this.#settings.onFailure(error);
    }).finally(() => {
      this.#starting--;
      this.#endings.delete(started);
      this.#refill();
    });
    this.#endings.add(started);
  }

  #end(item: T): void {
    const ending = Promise.resolve(item[Symbol.asyncDispose]()).finally(() =>
      this.#endings.delete(ending)
    );
    this.#endings.add(ending);
  }
}

function kept<P, T>(shelf: Shelf<P, T>): number {
  return shelf.items.length + shelf.launching;
}

function dropDead<T extends Warm>(items: T[]): void {
  for (let index = items.length - 1; index >= 0; index--) {
    if (!items[index]?.alive) items.splice(index, 1);
  }
}

function takeBest<T extends Warm>(items: T[]): T | undefined {
  const ready = items.findIndex((item) => item.isReady);
  const index = ready === -1 ? items.findIndex((item) => item.alive) : ready;
  return index === -1 ? undefined : items.splice(index, 1)[0];
}

async function pause(
  ms: number | undefined,
  wake: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (ms === undefined) return await wake;
  const timer = new AbortController();
  try {
    await Promise.race([
      wake,
      delay(ms, { signal: AbortSignal.any([timer.signal, signal]) }),
    ]);
  } catch {
    // The pool is stopping; the loop looks by itself.
  } finally {
    timer.abort();
  }
}
