import { takeTurns } from "../../agent/inside/watch_turns.ts";
import type { FileEvents } from "../file_watch.ts";
import { PolledTree, type PolledTreeOptions } from "./polled_tree.ts";

/** Who is told by a {@linkcode PollingWatch}. */
export interface PollingListener {
  /** Changes are told from now on; called once, first. */
  ready(notWatched: readonly string[]): void;
  /** Something has changed. */
  events(events: FileEvents): void;
  /** It is over: the directory is gone, or an error says why. Called once, last. */
  ended(error?: unknown): void;
}

/** Between the end of a look and the next, at least; and how much longer than the look that is. */
const PAUSE_MS = 500;
const PAUSE_FACTOR = 10;
/** Steps between two looks at the time. */
const STEPS_AT_ONCE = 16;

/** Looks at a directory again and again, in its turns, so that the server is not held up. */
export class PollingWatch implements Disposable {
  readonly #tree: PolledTree;
  readonly #listener: PollingListener;
  readonly #turns: Disposable;
  #look: Generator<void, void> | undefined;
  #lookMs = 0;
  #nextLook = 0;
  #isReady = false;
  #isOver = false;

  /** Begins to look. */
  constructor(options: PolledTreeOptions, listener: PollingListener) {
    this.#tree = new PolledTree(options);
    this.#listener = listener;
    this.#turns = takeTurns(this);
  }

  /** Does a part of a look, or waits for the next. */
  takeTurn(deadline: number): void {
    const start = performance.now();
    if (this.#look === undefined && start < this.#nextLook) return;
    this.#look ??= this.#tree.look();
    try {
      const isDone = advance(this.#look, deadline);
      this.#lookMs += performance.now() - start;
      if (isDone) this.#looked();
    } catch (error) {
      this.#end(error);
    }
  }

  /** Ends it; nobody is told any more. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#turns[Symbol.dispose]();
    this.#look?.return();
  }

  #looked(): void {
    this.#look = undefined;
    this.#nextLook = performance.now() + Math.max(PAUSE_MS, this.#lookMs * PAUSE_FACTOR);
    this.#lookMs = 0;
    const events = this.#tree.takeBatch();
    if (this.#isReady) {
      if (events !== undefined) this.#listener.events(events);
    } else if (this.#tree.hasLooked) {
      this.#isReady = true;
      this.#listener.ready(events?.notWatched ?? []);
    }
    if (this.#tree.isGone) this.#end();
  }

  #end(error?: unknown): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#listener.ended(error);
  }
}

/** Goes on with a look until a point of `performance.now()`; whether it has come to its end. */
function advance(look: Generator<void, void>, deadline: number): boolean {
  do {
    for (let count = 0; count < STEPS_AT_ONCE; count++) {
      if (look.next().done === true) return true;
    }
  } while (performance.now() < deadline);
  return false;
}
