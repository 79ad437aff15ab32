/** Tells once when nothing has happened for a time. Cheap to tell that something has. */
export class IdleWatch implements Disposable {
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #last = performance.now();
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to watch. */
  constructor(idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    this.#wait(idleMs);
  }

  /** Something has happened, and the next is awaited. */
  touch(): void {
    this.#last = performance.now();
    this.#paused = false;
  }

  /** What is awaited from now on is nobody's fault. */
  pause(): void {
    this.#paused = true;
  }

  /** Watches no more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#paused ? this.#idleMs : this.#last + this.#idleMs - performance.now();
      if (left <= 0) this.#onIdle();
      else this.#wait(left);
    }, Math.ceil(ms));
  }
}
