import type { Clock } from "./clock.ts";

/** The longest time a timer of the system takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Something that happens at a point in time, unless it is moved or cancelled before. */
export interface Deadline extends Disposable {
  /** When it happens, on the clock of its {@linkcode Expiry}. */
  readonly at: number;
  /** Moves it. A later time costs nothing until the old one is reached. */
  moveTo(at: number): void;
}

/** Keeps any number of deadlines with one timer, without ever looking at all of them. */
export class Expiry implements Disposable {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #heap: Entry[] = [];
  #timer: { at: number; handle: Disposable } | undefined;
  #disposed = false;

  /** Keeps no deadline yet; what an action throws goes to `onError`. */
  constructor(clock: Clock, onError: (error: unknown) => void = () => {}) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Calls `action` at a time of the clock, or as soon as can be if that has passed. */
  schedule(at: number, action: () => void): Deadline {
    const entry = new Entry(at, action, this.#moved);
    if (this.#disposed) return entry;
    entry.index = this.#heap.push(entry) - 1;
    this.#siftUp(entry);
    this.#arm();
    return entry;
  }

  /** How many deadlines are kept. */
  get size(): number {
    return this.#heap.length;
  }

  /** Forgets every deadline. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
    for (const entry of this.#heap.splice(0)) entry.index = -1;
  }

  readonly #moved = (entry: Entry, at: number | undefined): void => {
    if (at === undefined) {
      this.#remove(entry);
    } else if (at < entry.key) {
      entry.key = at;
      this.#siftUp(entry);
      this.#arm();
    }
  };

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#timer !== undefined && this.#timer.at <= first.key)) return;
    this.#timer?.handle[Symbol.dispose]();
    const ms = Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(first.key - this.#clock.now())));
    this.#timer = { at: first.key, handle: this.#clock.after(ms, () => this.#fire()) };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first && first.key <= now; first = this.#heap[0]) {
      if (first.at > now) {
        first.key = first.at;
        this.#siftDown(first);
      } else {
        this.#remove(first);
        this.#call(first);
      }
    }
    this.#arm();
  }

  #call({ action }: Entry): void {
    try {
      action();
    } catch (error) {
      // One action that fails is no reason for the other deadlines to pass unnoticed.
      this.#onError(error);
    }
  }

  #remove(entry: Entry): void {
    const { index } = entry;
    if (index < 0) return;
    entry.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, index);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  #put(entry: Entry, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }

  #siftUp(entry: Entry): void {
    let index = entry.index;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || parent.key <= entry.key) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(entry, index);
  }

  #siftDown(entry: Entry): void {
    let index = entry.index;
    while (true) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const child = right !== undefined && left !== undefined && right.key < left.key
        ? right
        : left;
      if (child === undefined || child.key >= entry.key) break;
      const childIndex = child.index;
      this.#put(child, index);
      index = childIndex;
    }
    this.#put(entry, index);
  }
}

class Entry implements Deadline {
  at: number;
  /** The time it is sorted by: `at`, or an earlier one if it was moved since. */
  key: number;
  /** Where it stands in the heap; -1 once it is not in there. */
  index = -1;
  readonly action: () => void;
  readonly #moved: (entry: Entry, at: number | undefined) => void;

  constructor(
    at: number,
    action: () => void,
    moved: (entry: Entry, at: number | undefined) => void,
  ) {
    this.at = at;
    this.key = at;
    this.action = action;
    this.#moved = moved;
  }

  moveTo(at: number): void {
    if (this.index < 0) return;
    this.at = at;
    this.#moved(this, at);
  }

  [Symbol.dispose](): void {
    if (this.index >= 0) this.#moved(this, undefined);
  }
}
