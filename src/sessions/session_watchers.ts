import type { CloseReason } from "../protocol/session.ts";
import type { MakingProgress } from "../runtimes/runtime.ts";

/** A connection that used a session and wants to know when it is closed. */
export interface SessionWatcher {
  /** Unique among connections. */
  readonly id: string;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** Says how the making of a session goes on where it takes long. */
  readonly progress?: ((progress: MakingProgress) => void) | undefined;
  /** Says that the session is closed. */
  sessionClosed(sessionId: string, reason: CloseReason): void;
}

/** The connections that used one session, for as long as both are there. */
export class SessionWatchers {
  readonly #watchers = new Map<string, { watcher: SessionWatcher; forget: () => void }>();
  #closed = false;

  /** How many there are. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Takes a connection, once, until it is gone. */
  add(watcher: SessionWatcher): void {
    if (this.#closed || watcher.gone.aborted || this.#watchers.has(watcher.id)) return;
    const forget = () => this.#watchers.delete(watcher.id);
    this.#watchers.set(watcher.id, { watcher, forget });
    watcher.gone.addEventListener("abort", forget, { once: true });
  }

  /** Lets go of a connection, which will not be told. */
  remove(id: string): void {
    const entry = this.#watchers.get(id);
    if (entry === undefined) return;
    entry.watcher.gone.removeEventListener("abort", entry.forget);
    this.#watchers.delete(id);
  }

  /** Tells every connection that the session is closed, and lets go of all. */
  close(sessionId: string, reason: CloseReason): void {
    this.#closed = true;
    for (const { watcher, forget } of [...this.#watchers.values()]) {
      // A connection may outlive thousands of sessions, and its signal would keep each of them.
      watcher.gone.removeEventListener("abort", forget);
      watcher.sessionClosed(sessionId, reason);
    }
    this.#watchers.clear();
  }
}
