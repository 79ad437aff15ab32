/** Lets a number of programs run at a time; the others wait in the order in which they came. */
export class ProgramSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** Makes that many slots. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a slot; disposing it lets the next program in. Undefined if the signal comes first. */
  acquire(signal: AbortSignal): Promise<Disposable | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(this.#slot());
    }
    return new Promise((resolve) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve(this.#slot());
      };
      const leave = () => {
        this.#waiting.delete(enter);
        resolve(undefined);
      };
      this.#waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** How many programs wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  #slot(): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#release();
      },
    };
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
