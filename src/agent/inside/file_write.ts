import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import { FileReplacement, writeAll } from "./file_replacement.ts";
import { linkEnd } from "./link_end.ts";
import { withParents } from "./make_directories.ts";
import type { WriteRequest } from "./protocol.ts";
import { openRegular } from "./regular_file.ts";
import { RequestFailure, systemCode } from "./request_failure.ts";

/** Where the content goes. */
interface Target {
  write(bytes: Uint8Array): void;
  /** Completes it; returns what is said of it. */
  commit(): object;
  discard(): void;
}

/** A file that is being written. */
export class FileWrite implements ActiveRequest {
  readonly #target: Target;
  readonly #replies: RequestReplies;
  #bytes = 0;

  /** Begins to write. */
  constructor(request: WriteRequest, replies: RequestReplies) {
    const { path, append } = request;
    this.#target = append ? appendTarget(path) : new FileReplacement(path, request);
    this.#replies = replies;
  }

  /** Takes content. */
  data(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#target.write(bytes);
  }

  /** Takes the end of the content: the file is complete. */
  end(): void {
    const result = this.#target.commit();
    this.#replies.done("result", { bytes: this.#bytes, ...result });
  }

  /** Leaves the file as it was. */
  cancel(): void {
    this.#replies.fail(new RequestFailure("CANCELLED", "Cancelled"));
  }

  /** Lets go of what is open. */
  [Symbol.dispose](): void {
    this.#target.discard();
  }
}

function appendTarget(path: string): Target {
  const file = openToAppend(path);
  let open = true;
  const close = () => {
    if (open) file.close();
    open = false;
  };
  return {
    write: (bytes) => writeAll(file, bytes),
    commit: () => {
      close();
      return {};
    },
    discard: close,
  };
}

function openToAppend(path: string): Deno.FsFile {
  const { path: target, info } = linkEnd(path);
  if (info === undefined) {
    try {
      // What is made here is a regular file, so nothing can be in the way that has to be looked at.
      const options = { append: true, createNew: true, mode: 0o644 };
      return withParents(target, () => Deno.openSync(target, options));
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
  return openRegular(target, { append: true }).file;
}
