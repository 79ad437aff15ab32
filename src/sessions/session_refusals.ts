import { SandboxError } from "../errors.ts";
import type { WaitingSession } from "./session_restorer.ts";

/** When a client whose session is not there yet may try again. */
const RETRY_AFTER_MS = 1000;

/** The error for an id that is not, or not the caller's. */
export function sessionNotFound(id: string): SandboxError {
  return new SandboxError("session_not_found", `Session not found: ${id}`);
}

/** The error for a session of a former server whose sandbox is not there yet. */
export function sessionWaits({ stored, problem }: WaitingSession): SandboxError {
  return new SandboxError(
    "runtime_unavailable",
    `Session is kept but cannot be used yet: ${problem}; try again later`,
    { data: { sessionId: stored.id, runtime: stored.runtime, retryAfterMs: RETRY_AFTER_MS } },
  );
}

/** The error for whoever asks for something new while the server stops. */
export function shuttingDown(): SandboxError {
  return new SandboxError("shutting_down", "Server is shutting down");
}

/** The error for a session that nobody would learn the id of. */
export function connectionGone(): SandboxError {
  return new SandboxError("session_closed", "Connection closed before the session was made");
}
