import { type EngineAddress, formatEngineAddress } from "./engine_address.ts";
import { EngineError } from "./engine_error.ts";

/** Makes the error of a call for which no connection was made or whose connection was lost. */
export function unavailable(action: string, address: EngineAddress, cause: unknown): EngineError {
  const check = address.transport === "unix"
    ? "is it running, and may this user read and write the socket?"
    : "is it running, and does it listen on this address?";
  const detail = `the Docker engine at ${formatEngineAddress(address)} cannot be reached: ` +
    `${reason(cause)}; ${check}`;
  return new EngineError("unavailable", action, detail, { cause });
}

/** What the system says, without what fetch says around it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reason(error.cause);
  return /client error \(\w+\): (.+)$/s.exec(error.message)?.[1] ?? error.message;
}
