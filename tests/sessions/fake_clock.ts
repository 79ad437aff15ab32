import type { Clock } from "../../src/sessions/clock.ts";

/** The longest time that a timer of the system takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ readonly at: number; readonly action: () => void }>();
  readonly #start: number;
  #now = 1000;
  /** How often a timer was set. */
  timersSet = 0;

  /** Starts at a time of the world; the steady clock always starts anew. */
  constructor(wallTime = Date.UTC(2025, 9, 27, 12)) {
    this.#start = wallTime;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#start + this.#now - 1000;
  }

  after(ms: number, action: () => void): Disposable {
    if (ms > MAX_TIMER_MS) throw new RangeError(`Cannot wait ${ms} ms: it would fire at once`);
    this.timersSet++;
    const timer = { at: this.#now + ms, action };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, and everything happen that it brings about. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#first(); next && next.at <= end; next = this.#first()) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
      await settled();
    }
    this.#now = end;
  }

  #first() {
    let first: { readonly at: number; readonly action: () => void } | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
