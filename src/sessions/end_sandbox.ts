import type { Clock } from "./clock.ts";
import type { SessionLogger } from "./session_logger.ts";
import type { SessionTiming } from "./session_timing.ts";
import { settlesWithin } from "./within.ts";

/** What ending sandboxes needs. */
export interface EndSandboxServices {
  readonly clock: Clock;
  readonly logger: SessionLogger;
  readonly timing: Pick<SessionTiming, "disposeTimeoutMs">;
}

/** Ends the sandbox of a session, but does not wait for one that takes too long. Never rejects. */
export async function endSandbox(
  sessionId: string,
  end: () => PromiseLike<void>,
  { clock, logger, timing }: EndSandboxServices,
): Promise<void> {
  const ended = (async () => await end())();
  ended.catch((error) => {
    const properties = { sessionId, error };
    logger.error("Sandbox of session {sessionId} could not be removed: {error}", properties);
  });
  if (!await settlesWithin(ended, timing.disposeTimeoutMs, clock)) {
    logger.error("Sandbox of session {sessionId} was not removed in time", { sessionId });
  }
}
