import type { Clock } from "../clock.ts";

/** How much longer than it has worked an emulator lets others work. */
const REST = 4;

/**
 * Lets the emulators of a server work one after the other, with a rest behind each: however much programs
 * write, the server has most of its time for others.
 */
export class EmulatorTurns {
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  /** Begins with nobody at work. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does work when it is its turn. */
  take<T>(work: () => T | Promise<T>): Promise<T> {
    let began = 0;
    const done = this.#last.then(() => {
      began = this.#clock.now();
      return work();
    });
    const rest = () => this.#rest(this.#clock.now() - began);
    this.#last = done.then(rest, rest);
    return done;
  }

  #rest(worked: number): Promise<void> {
    if (worked <= 0) return Promise.resolve();
    return new Promise((resolve) => void this.#clock.after(REST * worked, resolve));
  }
}
