import { SandboxError } from "../errors.ts";
import type { SessionLimits } from "./session_limits.ts";

/** When a client that found no place may try again. */
const RETRY_AFTER_MS = 1000;

/** A place for a session that is being made: given back when disposed, unless the session has it. */
export interface SessionPlace extends Disposable {
  /** The session is made and has the place until {@linkcode SessionPlaces.leave}. */
  keep(): void;
}

/** Counts the sessions that each connection made, and holds them to the limits. */
export class SessionPlaces {
  readonly #limits: Pick<SessionLimits, "maxSessions" | "maxSessionsPerConnection">;
  readonly #perConnection = new Map<string, number>();

  /** Counts none yet. */
  constructor(limits: Pick<SessionLimits, "maxSessions" | "maxSessionsPerConnection">) {
    this.#limits = limits;
  }

  /**
   * Takes a place for one more session, made by a connection if that can be told. Throws a `SandboxError`
   * of code `session_limit_reached` if `total`, all there are by now, or the connection's are the limit.
   */
  take(total: number, connection: string | undefined): SessionPlace {
    const { maxSessions, maxSessionsPerConnection } = this.#limits;
    if (total >= maxSessions) {
      throw limitReached(`the server has ${maxSessions} sessions`, maxSessions);
    }
    if (connection === undefined) return { keep() {}, [Symbol.dispose]() {} };
    const count = this.#perConnection.get(connection) ?? 0;
    if (count >= maxSessionsPerConnection) {
      throw limitReached(`this connection made ${count} of the open sessions`, count);
    }
    this.#perConnection.set(connection, count + 1);
    let kept = false;
    return {
      keep: () => kept = true,
      [Symbol.dispose]: () => {
        if (!kept) this.leave(connection);
      },
    };
  }

  /** Gives back the place of a session that a connection made. */
  leave(connection: string): void {
    const count = (this.#perConnection.get(connection) ?? 0) - 1;
    if (count > 0) this.#perConnection.set(connection, count);
    else this.#perConnection.delete(connection);
  }
}

function limitReached(found: string, limit: number): SandboxError {
  return new SandboxError(
    "session_limit_reached",
    `Cannot create a session: ${found}, which is the limit; close one first`,
    { data: { limit, retryAfterMs: RETRY_AFTER_MS } },
  );
}
