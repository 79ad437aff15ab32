import type { SessionWatcher } from "./session_watchers.ts";

/** Who asks. */
export interface SessionUser {
  /** The id of the key. */
  readonly caller: string;
  /** The connection, if it can be told things. */
  readonly watcher?: SessionWatcher | undefined;
}
