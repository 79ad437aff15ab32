import { SandboxError } from "../../errors.ts";
import type { Sandbox } from "../../runtimes/runtime.ts";
import { watchedSegments, type WatchSpec } from "../../runtimes/file_watch.ts";
import { workspacePath } from "../../runtimes/workspace_path.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../session_ids.ts";
import { FileWatch } from "./file_watch.ts";

/** Options of {@linkcode SessionWatches}. */
export interface SessionWatchesOptions {
  readonly sessionId: string;
  readonly sandbox: Pick<Sandbox, "watch">;
  readonly clock: Clock;
}

/** Watches of one session at the same time, those that have ended and were not deleted among them. */
export const MAX_WATCHES = 8;

/** The watches of one session. */
export class SessionWatches {
  readonly #options: SessionWatchesOptions;
  readonly #watches = new Map<string, FileWatch>();
  #beginning = 0;
  #hasEnded = false;

  /** Begins without watches. */
  constructor(options: SessionWatchesOptions) {
    this.#options = options;
  }

  /** Begins to watch. Throws a `SandboxError` or an `InvalidParamsError`. */
  async create(spec: WatchSpec): Promise<FileWatch> {
    const { sessionId, sandbox, clock } = this.#options;
    const path = workspacePath(watchedSegments(spec.path));
    this.#assertRoom();
    const watch = new FileWatch({ id: newId(), sessionId, path, spec, clock });
    this.#beginning++;
    try {
      watch.begin(await sandbox.watch(spec, (events) => watch.add(events)));
    } finally {
      this.#beginning--;
    }
    if (this.#hasEnded) {
      watch[Symbol.dispose]();
      throw new SandboxError("session_closed", "The session was closed meanwhile");
    }
    this.#watches.set(watch.id, watch);
    return watch;
  }

  /** How many there are. */
  get size(): number {
    return this.#watches.size;
  }

  /** All of them, in the order in which they were made. */
  list(): FileWatch[] {
    return [...this.#watches.values()];
  }

  /** Finds one by its id. Throws a `SandboxError` of code `watch_not_found`. */
  get(id: string): FileWatch {
    const watch = this.#watches.get(id);
    if (watch !== undefined) return watch;
    throw new SandboxError("watch_not_found", `Watch not found: ${id}`);
  }

  /** Ends one. */
  delete(id: string): void {
    this.get(id)[Symbol.dispose]();
    this.#watches.delete(id);
  }

  /** Ends all. */
  end(): void {
    this.#hasEnded = true;
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
    this.#watches.clear();
  }

  #assertRoom(): void {
    if (this.#watches.size + this.#beginning < MAX_WATCHES) return;
    const message = `Cannot watch: the session has ${MAX_WATCHES} watches, delete one first`;
    throw new SandboxError("watch_limit_reached", message, {
      data: { scope: "session", limit: MAX_WATCHES },
    });
  }
}
