import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import { adjustPath, linkPath } from "./file_adjust.ts";
import { describePath, listDirectory, scanDirectory } from "./file_entry.ts";
import { FileRead } from "./file_read.ts";
import { changeMode, copyFile, makeDirectory, movePath, removePath } from "./file_tree.ts";
import { FileWrite } from "./file_write.ts";
import type { FileRequest } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";
import { DirectoryWatch } from "./watch_request.ts";
import { SlicedTask, type Steps } from "./sliced_task.ts";

/**
 * Begins a request about files; small ones are over when this returns. Symlinks are the kernel's to
 * follow: who asks can run programs that see the same files, so nothing has to be kept from leading away.
 */
export function startFileRequest(
  request: FileRequest,
  replies: RequestReplies,
): ActiveRequest {
  switch (request.op) {
    case "write":
      return new FileWrite(request, replies);
    case "read":
      return new FileRead(request, replies);
    case "mkdir":
      return new SlicedTask(atOnce(() => makeDirectory(request.path)), replies);
    case "move":
      return new SlicedTask(atOnce(() => movePath(request)), replies);
    case "chmod":
      return new SlicedTask(atOnce(() => changeMode(request)), replies);
    case "watch":
      return new DirectoryWatch(request, replies);
    case "stat":
      return new SlicedTask(atOnce(() => describePath(request.path)), replies);
    case "adjust":
      return new SlicedTask(atOnce(() => adjustPath(request)), replies);
    case "link":
      return new SlicedTask(atOnce(() => linkPath(request)), replies);
    case "scan":
      return new SlicedTask(scanDirectory(request.path, replies), replies);
    case "list":
      return new SlicedTask(listDirectory(request.path, replies), replies);
    case "copy":
      return new SlicedTask(copyFile(request), replies);
    case "remove":
      return new SlicedTask(removePath(request), replies);
    default:
      throw new RequestFailure("UNKNOWN", "This agent does not know such a request");
  }
}

// deno-lint-ignore require-yield -- it has but one step
function* atOnce(action: () => object | void): Steps {
  return action() ?? {};
}
