import type { RequestReplies } from "./active_request.ts";
import { encodeJson } from "./frame_payload.ts";
import type { AgentFailCode, WatchRequest } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";
import { TreeWatch } from "./tree_watch.ts";
import { canWatch, SystemCallError } from "./watch_library.ts";
import { TooMuchToWatch } from "./watched_tree.ts";

/** Begins to watch what a request asks for. Throws a failure. */
export function startWatch(request: WatchRequest, replies: RequestReplies): Disposable {
  if (!canWatch()) throw new RequestFailure("CANNOT_WATCH", "There is no glibc");
  try {
    return new TreeWatch(request.workspace, request, {
      ready: (report) => replies.sendResult(report),
      batch: (batch) => replies.send("data", encodeJson(batch)),
      ended: (error) => error === undefined ? replies.done("end") : replies.fail(failure(error)),
    });
  } catch (error) {
    throw failure(error);
  }
}

function failure(error: unknown): unknown {
  if (error instanceof TooMuchToWatch) {
    return new RequestFailure("TOO_MANY", "There is too much in the directory", { cause: error });
  }
  if (!(error instanceof SystemCallError)) return error;
  return new RequestFailure(error.code as AgentFailCode, error.message, { cause: error });
}
