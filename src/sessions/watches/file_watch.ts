import type { NumberedFileEvents, WatchSummary } from "../../protocol/watches.ts";
import type { FileEvents, SandboxWatch, WatchEnd, WatchSpec } from "../../runtimes/file_watch.ts";
import type { Clock } from "../clock.ts";
import { EventRing } from "./event_ring.ts";

/** Bytes of events that a watch keeps for who is slow or comes again. */
const RING_BYTES = 512 * 1024;
/** How soon one that had no room is looked at again. */
const AGAIN_MS = 50;
const MAX_NOT_WATCHED = 100;

/** Who follows a watch. */
export interface WatchFollower {
  /** Unique among connections. */
  readonly id: string;
  /** Aborted when it is gone. */
  readonly gone: AbortSignal;
  /** Whether it takes more for now. */
  readonly hasRoom: () => boolean;
  readonly onEvents: (batch: NumberedFileEvents) => void;
  /** Called once when the watch has ended by itself, after its last events. */
  readonly onEnd: (end: WatchEnd) => void;
}

interface Following extends WatchFollower {
  next: number;
  readonly leave: () => void;
}

/** What makes a {@linkcode FileWatch}. */
export interface FileWatchOptions {
  readonly id: string;
  readonly sessionId: string;
  /** The absolute path. */
  readonly path: string;
  readonly spec: WatchSpec;
  readonly clock: Clock;
}

/** One watch of a session: what it has seen, and who is told. */
export class FileWatch implements Disposable {
  readonly id: string;
  readonly #options: FileWatchOptions;
  readonly #createdAt: number;
  readonly #ring = new EventRing(RING_BYTES);
  readonly #followers = new Map<string, Following>();
  readonly #notWatched = new Set<string>();
  #watch: SandboxWatch | undefined;
  #end: WatchEnd | undefined;
  #timer: Disposable | undefined;
  #isDisposed = false;

  /** Makes a watch that has not begun. */
  constructor(options: FileWatchOptions) {
    this.id = options.id;
    this.#options = options;
    this.#createdAt = options.clock.wallTime();
  }

  /** Takes over the watch of the sandbox. */
  begin(watch: SandboxWatch): void {
    this.#watch = watch;
    this.#noteNotWatched(watch.notWatched);
    if (this.#isDisposed) watch[Symbol.dispose]();
    void watch.ended.then((end) => this.#ended(end));
  }

  /** Takes what happened. */
  add(events: FileEvents): void {
    if (this.#isDisposed || this.#end !== undefined) return;
    this.#noteNotWatched(events.notWatched);
    this.#ring.add(events);
    this.#deliver();
  }

  /** What is kept from a number on, and how much of it is not. */
  replay(seq: number): { batches: NumberedFileEvents[]; droppedBatches: number } {
    const batches = this.#ring.from(seq);
    return { batches, droppedBatches: Math.max(0, this.#ring.nextSeq - seq) - batches.length };
  }

  /** Tells somebody of everything from a number on, in place of what they followed of it before. */
  follow(follower: WatchFollower, from: number): void {
    this.#followers.get(follower.id)?.leave();
    if (follower.gone.aborted || this.#end !== undefined || this.#isDisposed) return;
    const leave = () => {
      follower.gone.removeEventListener("abort", leave);
      if (this.#followers.get(follower.id) === following) this.#followers.delete(follower.id);
    };
    const following = { ...follower, next: from, leave };
    this.#followers.set(follower.id, following);
    follower.gone.addEventListener("abort", leave, { once: true });
    // Behind the answer to whoever asked.
    this.#arm();
  }

  /** What is told of it. */
  get summary(): WatchSummary {
    const { sessionId, path, spec: { recursive, exclude } } = this.#options;
    return {
      watchId: this.id,
      sessionId,
      path,
      recursive,
      exclude: [...exclude],
      state: this.#end === undefined ? "active" : "ended",
      ...(this.#end !== undefined && { ended: this.#end }),
      nextSeq: this.#ring.nextSeq,
      ...(this.#notWatched.size > 0 && { notWatched: [...this.#notWatched] }),
      createdAt: new Date(this.#createdAt).toISOString(),
    };
  }

  /** Ends it; nobody is told any more. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#watch?.[Symbol.dispose]();
    this.#letGo();
  }

  #ended(end: WatchEnd): void {
    if (this.#isDisposed) return;
    this.#end = end;
    this.#watch?.[Symbol.dispose]();
    for (const follower of [...this.#followers.values()]) {
      // No more than is kept, and there is no later time for it.
      for (const batch of this.#ring.from(follower.next)) follower.onEvents(batch);
      follower.onEnd(end);
    }
    this.#letGo();
  }

  #letGo(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const { leave } of [...this.#followers.values()]) leave();
  }

  #deliver(): void {
    for (const follower of [...this.#followers.values()]) {
      while (follower.hasRoom()) {
        const batch = this.#ring.at(follower.next);
        if (batch === undefined) break;
        follower.next = batch.seq + 1;
        follower.onEvents(batch);
      }
      if (follower.next < this.#ring.nextSeq) this.#arm();
    }
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.after(AGAIN_MS, () => {
      this.#timer = undefined;
      this.#deliver();
    });
  }

  #noteNotWatched(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#notWatched.size < MAX_NOT_WATCHED) this.#notWatched.add(path);
    }
  }
}
