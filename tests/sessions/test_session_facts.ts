import type { StoredSession } from "../../src/sessions/session_facts.ts";

/** A stored session of a test, with what the test wants otherwise. */
export function storedSession(changes: Partial<StoredSession> = {}): StoredSession {
  const createdAt = Date.UTC(2025, 9, 27, 12);
  return {
    id: "s1",
    caller: "key",
    language: "python",
    runtime: "docker",
    config: { idleTimeoutMinutes: 30, maxLifetimeMinutes: 120, memoryLimitMB: 512 },
    metadata: { purpose: "test" },
    env: { TOKEN: "s3cr3t" },
    createdAt,
    lastActivityAt: createdAt,
    executionCount: 0,
    handle: "c0ffee",
    containerId: "c0ff",
    ...changes,
  };
}
