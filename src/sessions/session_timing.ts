/** Times that are no settings: how long sessions wait for what should not take long. */
export interface SessionTiming {
  /** Milliseconds from the stop of a command to giving its sandbox up. */
  readonly stopGraceMs: number;
  /** Milliseconds that a file command may take if it does not say. */
  readonly fileTimeoutMs: number;
  /** Milliseconds that making a sandbox may take. */
  readonly createTimeoutMs: number;
  /** Milliseconds that disposing a sandbox may take. */
  readonly disposeTimeoutMs: number;
  /** Milliseconds without a command after which a sandbox is told to rest. */
  readonly restAfterMs: number;
  /** Milliseconds that the server's start waits for the sandboxes of a former server. */
  readonly restoreTimeoutMs: number;
}

/** The times that hold unless a test says otherwise. */
export const DEFAULT_TIMING: SessionTiming = {
  stopGraceMs: 5_000,
  fileTimeoutMs: 60_000,
  createTimeoutMs: 120_000,
  disposeTimeoutMs: 15_000,
  restAfterMs: 3_000,
  restoreTimeoutMs: 10_000,
};
