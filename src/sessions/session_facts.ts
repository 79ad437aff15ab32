import type { Language, RuntimeName } from "../protocol/language.ts";
import type { CloseReason, SessionConfig, SessionSummary } from "../protocol/session.ts";

/** What is known of a session whatever becomes of its sandbox; times are milliseconds since 1970. */
export interface SessionFacts {
  readonly id: string;
  /** Whose it is. */
  readonly caller: string;
  readonly language: Language;
  readonly runtime: RuntimeName;
  readonly config: SessionConfig;
  /** Labels of the client's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Environment variables of every command; may be secret. */
  readonly env: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** When something happened last. */
  readonly lastActivityAt: number;
  /** Commands that were queued so far. */
  readonly executionCount: number;
}

/** The facts of a session that outlives its server, with what its sandbox is found again by. */
export interface StoredSession extends SessionFacts {
  /** What its runtime finds its sandbox again by. */
  readonly handle: string;
  /** The public id of its sandbox. */
  readonly containerId: string;
}

const MINUTE_MS = 60_000;

/** Why a session that nothing runs in would have to be closed by now; undefined if it may go on. */
export function overdue(facts: SessionFacts, wallTime: number): CloseReason | undefined {
  const { config, createdAt, lastActivityAt } = facts;
  if (wallTime >= createdAt + config.maxLifetimeMinutes * MINUTE_MS) return "max_lifetime";
  if (wallTime >= lastActivityAt + config.idleTimeoutMinutes * MINUTE_MS) return "idle_timeout";
  return undefined;
}

/** The entry in `session.list` of a session whose sandbox is not there yet. */
export function summaryWithoutSandbox(stored: StoredSession, wallTime: number): SessionSummary {
  const { createdAt, lastActivityAt, config } = stored;
  return {
    sessionId: stored.id,
    containerId: stored.containerId,
    language: stored.language,
    createdAt: isoTime(createdAt),
    lastActivity: isoTime(lastActivityAt),
    state: "Creating",
    executionCount: stored.executionCount,
    idleMinutes: inMinutes(wallTime - lastActivityAt),
    lifetimeMinutes: inMinutes(wallTime - createdAt),
    runtime: stored.runtime,
    expiresAt: isoTime(createdAt + config.maxLifetimeMinutes * MINUTE_MS),
  };
}

/** Milliseconds in minutes, as clients read them. */
export function inMinutes(ms: number): number {
  return Math.round(ms / MINUTE_MS * 100) / 100;
}

/** Milliseconds since 1970 as an ISO 8601 timestamp in UTC. */
export function isoTime(wallTime: number): string {
  return new Date(wallTime).toISOString();
}
