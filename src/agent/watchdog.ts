/** Settings of {@linkcode Watchdog}. */
export interface WatchdogOptions {
  /** How long it may be silent before it is asked. */
  readonly silenceMs: number;
  /** How long it may take to answer. */
  readonly answerMs: number;
  /** Asks. */
  readonly ask: () => void;
  /** Gives up. */
  readonly giveUp: () => void;
}

/**
 * Notices that nothing is heard of somebody who has something to do, such as a process that was suspended.
 * Who is heard costs no timer: time is only looked at when one ends.
 */
export class Watchdog implements Disposable {
  readonly #options: WatchdogOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watching = false;
  #heard = false;
  #asked = false;

  /** Makes one that does not watch yet. */
  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** There is something to do. */
  watch(): void {
    this.#watching = true;
    if (this.#timer === undefined) this.#wait(this.#options.silenceMs);
  }

  /** Something was heard. */
  heard(): void {
    this.#heard = true;
    if (!this.#asked) return;
    this.#asked = false;
    clearTimeout(this.#timer);
    this.#wait(this.#options.silenceMs);
  }

  /** There is nothing to do any more. */
  rest(): void {
    this.#watching = false;
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watching = false;
  }

  #wait(ms: number): void {
    this.#heard = false;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#watching) {
      this.#asked = false;
      return;
    }
    const { silenceMs, answerMs, ask, giveUp } = this.#options;
    if (this.#heard) return this.#wait(silenceMs);
    if (this.#asked) return giveUp();
    this.#asked = true;
    this.#wait(answerMs);
    ask();
  }
}
