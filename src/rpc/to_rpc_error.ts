import { SandboxError, type SandboxErrorCode } from "../errors.ts";
import { ERROR_CODES, type ErrorCode } from "../protocol/errors.ts";
import { RpcError, standardError } from "./rpc_error.ts";

const CODES = {
  invalid_params: ERROR_CODES.InvalidParams,
  session_not_found: ERROR_CODES.SessionNotFound,
  execution_not_found: ERROR_CODES.SessionNotFound,
  process_not_found: ERROR_CODES.SessionNotFound,
  context_not_found: ERROR_CODES.SessionNotFound,
  watch_not_found: ERROR_CODES.SessionNotFound,
  shell_not_found: ERROR_CODES.SessionNotFound,
  session_limit_reached: ERROR_CODES.SessionLimitReached,
  process_limit_reached: ERROR_CODES.SessionLimitReached,
  context_limit_reached: ERROR_CODES.SessionLimitReached,
  watch_limit_reached: ERROR_CODES.SessionLimitReached,
  runtime_unavailable: ERROR_CODES.RuntimeUnavailable,
  unauthorized: ERROR_CODES.Unauthorized,
  queue_full: ERROR_CODES.RateLimited,
  rate_limited: ERROR_CODES.RateLimited,
  too_large: ERROR_CODES.TooLarge,
  session_closed: ERROR_CODES.SessionClosed,
  process_ended: ERROR_CODES.ProcessFailed,
  stdin_closed: ERROR_CODES.ProcessFailed,
  exited_before_ready: ERROR_CODES.ProcessFailed,
  timed_out: ERROR_CODES.ProcessFailed,
  not_supported: ERROR_CODES.ProcessFailed,
  shutting_down: ERROR_CODES.ShuttingDown,
} as const satisfies Record<SandboxErrorCode, ErrorCode>;

/** Takes what was really thrown; the client only learns the reference. */
export type ReportInternal = (reference: string, thrown: unknown) => void;

/**
 * Converts anything thrown into an error for the client. What is not meant for clients becomes "Internal
 * error" with a reference id, and goes to `report` under the same id.
 */
export function toRpcError(thrown: unknown, report: ReportInternal): RpcError {
  if (thrown instanceof RpcError) return thrown;
  if (thrown instanceof SandboxError) return fromSandboxError(thrown);
  const reference = crypto.randomUUID();
  report(reference, thrown);
  return standardError("internal_error", `see the server's log for reference ${reference}`, {
    reference,
  });
}

function fromSandboxError(error: SandboxError): RpcError {
  const { code, message, data } = error;
  if (code === "invalid_params") {
    return standardError(code, message, { issues: [{ path: [], message }], ...data });
  }
  return new RpcError(CODES[code], message, { ...data, reason: code }, { cause: error });
}
