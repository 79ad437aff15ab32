import type { ActiveRequest } from "./active_request.ts";
import { FrameError } from "./frames.ts";
import type { Replies } from "./replies.ts";
import type { RequestFailure } from "./request_failure.ts";

/** Who waits for an older request asks soon after it; so many failures are remembered. */
const MAX_FAILURES = 1024;

/** A request and what says how it goes. */
export interface RequestEntry {
  readonly request: ActiveRequest;
  readonly replies: Replies;
}

/** The requests that have begun, and how those went that others wait for. */
export class RequestTable {
  readonly #active = new Map<number, RequestEntry>();
  readonly #waiting = new Map<number, (() => void)[]>();
  readonly #failures = new Map<number, RequestFailure>();

  /** Takes in a request that begins. */
  begin(id: number, entry: RequestEntry): void {
    if (this.#active.has(id)) throw new FrameError(`The request ${id} was made twice`);
    this.#active.set(id, entry);
  }

  /** The request of an id, if it is not over. */
  get(id: number): RequestEntry | undefined {
    return this.#active.get(id);
  }

  /** Forgets a request that is over, and lets those begin that wait for it. */
  finish(id: number, failure?: RequestFailure): void {
    const entry = this.#active.get(id);
    this.#active.delete(id);
    if (failure !== undefined) this.#remember(id, failure);
    entry?.request[Symbol.dispose]?.();
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const resume of waiting) resume();
  }

  /**
   * Calls `ready` when none of these requests is under way any more, at once if none is; with the failure
   * of the first that failed.
   */
  whenOver(ids: readonly number[], ready: (failure: RequestFailure | undefined) => void): void {
    const pending = ids.find((id) => this.#active.has(id));
    if (pending === undefined) {
      const failed = ids.find((id) => this.#failures.has(id));
      return ready(failed === undefined ? undefined : this.#failures.get(failed));
    }
    const waiting = this.#waiting.get(pending) ?? [];
    waiting.push(() => this.whenOver(ids, ready));
    this.#waiting.set(pending, waiting);
  }

  /** Lets go of what every request holds. */
  [Symbol.dispose](): void {
    for (const { request } of this.#active.values()) request[Symbol.dispose]?.();
    this.#active.clear();
  }

  #remember(id: number, failure: RequestFailure): void {
    this.#failures.set(id, failure);
    if (this.#failures.size <= MAX_FAILURES) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      return;
    }
  }
}
