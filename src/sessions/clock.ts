/** Time, as sessions see it. */
export interface Clock {
  /** Milliseconds that only ever grow, whatever happens to the system's clock. */
  now(): number;
  /** Milliseconds since 1970, for what clients read. */
  wallTime(): number;
  /** Calls `action` once after so many milliseconds, unless the returned handle is disposed first. */
  after(ms: number, action: () => void): Disposable;
}

/** The system's time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Writes a point of {@linkcode Clock.now} as an ISO 8601 timestamp in UTC. */
export function timestampAt(clock: Clock, at: number): string {
  return new Date(clock.wallTime() + Math.round(at - clock.now())).toISOString();
}
