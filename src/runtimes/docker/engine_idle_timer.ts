/** Gives something up that shows no sign of life for too long. */
export class IdleTimer implements Disposable {
  readonly #ms: number;
  readonly #onExpire: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #expired = false;

  /** Begins to wait. */
  constructor(ms: number, onExpire: () => void) {
    this.#ms = ms;
    this.#onExpire = onExpire;
    this.#timer = this.#start();
  }

  /** Whether it was given up. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Takes a sign of life. */
  restart(): void {
    clearTimeout(this.#timer);
    if (!this.#expired) this.#timer = this.#start();
  }

  /** Waits no longer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#expired = true;
      this.#onExpire();
    }, this.#ms);
  }
}
