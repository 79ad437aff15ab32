import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import { encodeJson } from "./frame_payload.ts";
import type { AgentFailCode, WatchRequest } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";
import { TreeWatch } from "./tree_watch.ts";
import { canWatch, SystemCallError } from "./watch_library.ts";
import { TooMuchToWatch } from "./watched_tree.ts";

/** A request to watch a directory. */
export class DirectoryWatch implements ActiveRequest {
  readonly #request: WatchRequest;
  readonly #replies: RequestReplies;
  #watch: TreeWatch | undefined;

  /** Takes a request. */
  constructor(request: WatchRequest, replies: RequestReplies) {
    this.#request = request;
    this.#replies = replies;
  }

  /** Begins to watch. */
  run(): void {
    if (!canWatch()) throw new RequestFailure("CANNOT_WATCH", "There is no glibc");
    const replies = this.#replies;
    try {
      this.#watch = new TreeWatch(this.#request.workspace, this.#request, {
        ready: (report) => replies.sendResult(report),
        batch: (batch) => replies.send("data", encodeJson(batch)),
        ended: (error) => error === undefined ? replies.done("end") : replies.fail(failure(error)),
      });
    } catch (error) {
      throw failure(error);
    }
  }

  /** Watches no more. */
  cancel(): void {
    this.#replies.done("end");
  }

  /** Lets go of the watch. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }
}

function failure(error: unknown): unknown {
  if (error instanceof TooMuchToWatch) {
    return new RequestFailure("TOO_MANY", "There is too much in the directory", { cause: error });
  }
  if (!(error instanceof SystemCallError)) return error;
  return new RequestFailure(error.code as AgentFailCode, error.message, { cause: error });
}
