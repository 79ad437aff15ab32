import type { WatchBatch, WatchOptions, WatchReady } from "./protocol.ts";
import { takeTurns } from "./watch_turns.ts";
import { WatchedTree } from "./watched_tree.ts";

/** Who is told by a {@linkcode TreeWatch}. */
export interface TreeWatchListener {
  /** Everything is watched from now on; called once, first. */
  ready(report: WatchReady): void;
  /** Something has happened. */
  batch(batch: WatchBatch): void;
  /** It is over: the directory is gone, or an error says why. Called once, last. */
  ended(error?: unknown): void;
}

/** Watches a directory from its beginning to its end, without waiting for anything. */
export class TreeWatch implements Disposable {
  readonly #tree: WatchedTree;
  readonly #listener: TreeWatchListener;
  readonly #turns: Disposable;
  #isReady = false;
  #isOver = false;

  /**
   * Watches a directory below the workspace, which is found by its path now and held from then on. Throws
   * a `SystemCallError`.
   */
  constructor(workspace: string, options: WatchOptions, listener: TreeWatchListener) {
    this.#tree = new WatchedTree(workspace, options);
    this.#listener = listener;
    this.#turns = takeTurns(this);
  }

  /** Does a part of the work. */
  takeTurn(deadline: number): void {
    try {
      this.#work(deadline);
    } catch (error) {
      this.#end(error);
    }
  }

  /** Ends it; nobody is told any more. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#turns[Symbol.dispose]();
    this.#tree[Symbol.dispose]();
  }

  #work(deadline: number): void {
    const tree = this.#tree;
    if (tree.hasUnseen) tree.look(deadline);
    if (!this.#isReady) {
      if (tree.hasUnseen) return;
      this.#isReady = true;
      const { notWatched = [] } = tree.takeBatch() ?? {};
      return this.#listener.ready({ directories: tree.size, notWatched });
    }
    if (!tree.hasUnseen || !tree.isQuiet) tree.readEvents(deadline);
    if (tree.hasUnseen) tree.look(deadline);
    const batch = tree.takeBatch();
    if (batch !== undefined) this.#listener.batch(batch);
    if (tree.isGone) this.#end();
  }

  #end(error?: unknown): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#listener.ended(error);
  }
}
