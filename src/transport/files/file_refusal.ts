import { STATUS_CODE } from "@std/http/status";
import { ArchiveError, CommandError, SandboxError, type SandboxErrorCode } from "../../errors.ts";
import { errorResponse } from "../json_response.ts";

/** A request about files that is answered with an error. */
export class FileRefusal extends Error {
  override readonly name = "FileRefusal";
  /** The status of the answer. */
  readonly status: number;
  /** Why, as a word. */
  readonly code: string;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** Makes the refusal with a sentence for the client. */
  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const STATUSES: Partial<Record<SandboxErrorCode, number>> = {
  ["session_not_found"]: STATUS_CODE.NotFound,
  ["too_large"]: STATUS_CODE.ContentTooLarge,
  ["rate_limited"]: STATUS_CODE.TooManyRequests,
  ["session_closed"]: STATUS_CODE.Gone,
  ["runtime_unavailable"]: STATUS_CODE.ServiceUnavailable,
  ["shutting_down"]: STATUS_CODE.ServiceUnavailable,
  ["not_supported"]: STATUS_CODE.NotImplemented,
};

/** What stood in the way of a file, by the word for it: the status, and a word that says it to programs. */
const REASONS: Readonly<Record<string, readonly [status: number, code: string]>> = {
  ENOENT: [STATUS_CODE.NotFound, "file_not_found"],
  EISDIR: [STATUS_CODE.Conflict, "is_directory"],
  ENOTDIR: [STATUS_CODE.Conflict, "not_a_directory"],
  ENOTEMPTY: [STATUS_CODE.Conflict, "not_empty"],
  ["NOT_REGULAR"]: [STATUS_CODE.Conflict, "not_a_file"],
  CHANGED: [STATUS_CODE.PreconditionFailed, "precondition_failed"],
  OUTSIDE: [STATUS_CODE.BadRequest, "outside_workspace"],
  WORKSPACE: [STATUS_CODE.Conflict, "is_directory"],
  ENAMETOOLONG: [STATUS_CODE.BadRequest, "name_too_long"],
  EACCES: [STATUS_CODE.Forbidden, "permission_denied"],
  EPERM: [STATUS_CODE.Forbidden, "permission_denied"],
  EROFS: [STATUS_CODE.Forbidden, "permission_denied"],
  ENOSPC: [STATUS_CODE.InsufficientStorage, "disk_full"],
  EDQUOT: [STATUS_CODE.InsufficientStorage, "disk_full"],
  EFBIG: [STATUS_CODE.InsufficientStorage, "disk_full"],
};

/** Answers what was thrown on the way, if that is meant for clients; else throws it on. */
export function refuse(thrown: unknown): Response {
  if (thrown instanceof FileRefusal) {
    return errorResponse(thrown.status, thrown.code, thrown.message, thrown.headers);
  }
  if (thrown instanceof ArchiveError) {
    return errorResponse(STATUS_CODE.BadRequest, "invalid_archive", thrown.message);
  }
  if (thrown instanceof CommandError) {
    const known = REASONS[thrown.reason ?? ""];
    const [status, code] = known ?? [STATUS_CODE.Conflict, "not_possible"];
    return errorResponse(status, code, thrown.message);
  }
  if (!(thrown instanceof SandboxError)) throw thrown;
  const { code, message, data: { retryAfterMs } } = thrown;
  const headers = typeof retryAfterMs === "number"
    ? { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }
    : {};
  return errorResponse(STATUSES[code] ?? STATUS_CODE.BadRequest, code, message, headers);
}
