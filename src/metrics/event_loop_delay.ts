/** Time and timers. */
export interface Timers {
  /** Milliseconds that only ever grow. */
  now(): number;
  /** Calls `action` once after so many milliseconds, unless the returned handle is disposed first. */
  after(ms: number, action: () => void): Disposable;
}

/** The system's timers, which keep no process alive. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    Deno.unrefTimer(timer);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Options of {@linkcode EventLoopDelay}. */
export interface EventLoopDelayOptions {
  /** Milliseconds from one look to the next; shorter stalls may go unseen. @default {100} */
  readonly intervalMs?: number;
  /** @default {systemTimers} */
  readonly timers?: Timers;
}

/**
 * Measures by how much timers are late, which is for how long the event loop was held up.
 *
 * Deno has `monitorEventLoopDelay` of `node:perf_hooks`, but it reports microseconds for a loop that was
 * blocked for 300 ms.
 */
export class EventLoopDelay implements Disposable {
  readonly #report: (seconds: number) => void;
  readonly #intervalMs: number;
  readonly #timers: Timers;
  #timer: Disposable;

  /** Measures from now on; `report` takes each delay in seconds. */
  constructor(report: (seconds: number) => void, options: EventLoopDelayOptions = {}) {
    const { intervalMs = 100, timers = systemTimers } = options;
    this.#report = report;
    this.#intervalMs = intervalMs;
    this.#timers = timers;
    this.#timer = this.#next();
  }

  /** Ends its timer. */
  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #next(): Disposable {
    const due = this.#timers.now() + this.#intervalMs;
    return this.#timers.after(this.#intervalMs, () => {
      const late = this.#timers.now() - due;
      // First the next look, so that it can be ended while this one is reported.
      this.#timer = this.#next();
      this.#report(Math.max(0, late) / 1000);
    });
  }
}
