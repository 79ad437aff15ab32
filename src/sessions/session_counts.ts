import type { SessionState } from "../protocol/session.ts";
import type { Session } from "./session.ts";
import type { SessionKind } from "./session_events.ts";

/** How many sessions there are of each kind and state, and how many commands. */
export interface SessionCounts {
  readonly sessions: (SessionKind & { readonly state: SessionState; readonly count: number })[];
  readonly executions: { readonly queued: number; readonly running: number };
}

/** Counts sessions and what they do. */
export function countSessions(sessions: readonly Session[]): SessionCounts {
  const counts = new Map<string, SessionCounts["sessions"][number]>();
  let [queued, running] = [0, 0];
  for (const session of sessions) {
    const { kind, state } = session;
    const key = `${kind.runtime} ${kind.language} ${state}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { ...kind, state, count });
    const { usage } = session.details();
    queued += usage.queuedCommands;
    running += usage.runningCommands;
  }
  return { sessions: [...counts.values()], executions: { queued, running } };
}
