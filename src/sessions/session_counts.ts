import type { SessionState } from "../protocol/session.ts";
import type { Session } from "./session.ts";
import type { SessionKind } from "./session_events.ts";

/** How many sessions there are of each kind and state, and how many commands. */
export interface SessionCounts {
  readonly sessions: (SessionKind & { readonly state: SessionState; readonly count: number })[];
  readonly executions: { readonly queued: number; readonly running: number };
  readonly background: {
    readonly runtime: SessionKind["runtime"];
    readonly processes: number;
    readonly watches: number;
  }[];
}

/** Counts sessions and what they do. */
export function countSessions(sessions: readonly Session[]): SessionCounts {
  const counts = new Map<string, SessionCounts["sessions"][number]>();
  const background = new Map<string, SessionCounts["background"][number]>();
  let [queued, running] = [0, 0];
  for (const session of sessions) {
    const { kind, state } = session;
    const key = `${kind.runtime} ${kind.language} ${state}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { ...kind, state, count });
    const { usage } = session.details();
    queued += usage.queuedCommands;
    running += usage.runningCommands;
    const { runtime } = kind;
    const { processes, watches } = background.get(runtime) ?? { processes: 0, watches: 0 };
    background.set(runtime, {
      runtime,
      processes: processes + usage.processes,
      watches: watches + session.watches.size,
    });
  }
  return {
    sessions: [...counts.values()],
    executions: { queued, running },
    background: [...background.values()],
  };
}
