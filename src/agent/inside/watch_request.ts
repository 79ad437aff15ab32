import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import type { WatchRequest } from "./protocol.ts";

/** A request to watch a directory. What does so is loaded then: most agents never do. */
export class DirectoryWatch implements ActiveRequest {
  readonly #request: WatchRequest;
  readonly #replies: RequestReplies;
  #watch: Disposable | undefined;

  /** Takes a request. */
  constructor(request: WatchRequest, replies: RequestReplies) {
    this.#request = request;
    this.#replies = replies;
  }

  /** Begins to watch. */
  run(): void {
    this.#begin().catch((error) => this.#replies.fail(error));
  }

  /** Watches no more. */
  cancel(): void {
    this.#replies.done("end");
  }

  /** Lets go of the watch. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  async #begin(): Promise<void> {
    const { startWatch } = await import("./start_watch.ts");
    if (this.#replies.over) return;
    this.#watch = startWatch(this.#request, this.#replies);
  }
}
