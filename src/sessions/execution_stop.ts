import { SandboxError } from "../errors.ts";
import type { CloseReason } from "../protocol/session.ts";

/** Why an execution is stopped. */
export type StopCause =
  | { readonly kind: "timeout"; readonly timeoutMs: number }
  | { readonly kind: "cancelled" }
  | { readonly kind: "closed"; readonly reason: CloseReason; readonly message?: string | undefined }
  | { readonly kind: "shutdown" };

/** The reason of an execution's abort signal. */
export class ExecutionStop extends Error {
  override readonly name = "ExecutionStop";
  /** What made it stop. */
  override readonly cause: StopCause;

  /** Makes the reason of a cause; its message is meant for the client. */
  constructor(cause: StopCause) {
    super(describe(cause));
    this.cause = cause;
  }

  /** What the request is answered with, if not with the command's result. */
  get requestError(): SandboxError | undefined {
    const { cause, message } = this;
    switch (cause.kind) {
      case "closed":
        return new SandboxError("session_closed", message, {
          data: { closeReason: cause.reason },
        });
      case "shutdown":
        return new SandboxError("shutting_down", message);
      default:
        return undefined;
    }
  }

  /** Whether the sandbox was gone, rather than somebody wanting the end. */
  get sandboxLost(): boolean {
    const { cause } = this;
    return cause.kind === "closed" &&
      (cause.reason === "runtime_failure" || cause.reason === "limit_exceeded");
  }
}

const CLOSE_TEXTS: Record<CloseReason, string> = {
  client: "its client closed it",
  "idle_timeout": "its idle timeout passed",
  "max_lifetime": "its maximum lifetime passed",
  "limit_exceeded": "it exceeded a limit",
  "runtime_failure": "its sandbox failed",
  shutdown: "the server is shutting down",
};

function describe(cause: StopCause): string {
  switch (cause.kind) {
    case "timeout":
      return `Timed out after ${cause.timeoutMs} ms`;
    case "cancelled":
      return "Cancelled by the client";
    case "closed":
      return `Session closed before the command ended: ${
        cause.message ?? CLOSE_TEXTS[cause.reason]
      }`;
    case "shutdown":
      return "Command stopped: the server is shutting down";
  }
}
