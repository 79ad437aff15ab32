/** Milliseconds for which work may keep everything else of the server waiting. */
const TURN_MS = 4;

/** Cuts long work into turns, so that the server answers others meanwhile. */
export class Turns {
  readonly #signal: AbortSignal;
  readonly #turnMs: number;
  #end: number;

  /** Begins a turn; what is abandoned throws the reason of the signal. */
  constructor(signal: AbortSignal, turnMs: number = TURN_MS) {
    this.#signal = signal;
    this.#turnMs = turnMs;
    this.#end = performance.now() + turnMs;
  }

  /** Whether the turn is over. */
  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Lets others in if the turn is over. Throws if the work is abandoned. */
  async next(): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.isOver) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#signal.throwIfAborted();
    this.#end = performance.now() + this.#turnMs;
  }
}
