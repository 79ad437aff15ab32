import type { SessionState } from "../protocol/session.ts";

const NEXT: Record<SessionState, readonly SessionState[]> = {
  Creating: ["Active", "Closing"],
  Active: ["Idle", "Closing"],
  Idle: ["Active", "Closing"],
  Closing: ["Closed"],
  Closed: [],
};

/** Whether a session in one state may go over to another. */
export function mayBecome(from: SessionState, to: SessionState): boolean {
  return NEXT[from].includes(to);
}
