import { dirname, resolve } from "@std/path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { systemClock } from "./clock.ts";
import { openRegistryDatabase } from "./registry_database.ts";
import { RegistryError } from "./registry_error.ts";
import { ServerIdentity } from "./server_identity.ts";
import type { StoredSession } from "./session_facts.ts";
import type { SessionLogger } from "./session_logger.ts";
import { COLUMNS, fromRow, toRow } from "./stored_session_row.ts";

/** Options of {@linkcode SessionRegistry.open}. */
export interface SessionRegistryOptions {
  /** Told what had to be given up. */
  readonly logger: Pick<SessionLogger, "warning">;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly wallTime?: () => number;
}

/** What changes often in a session. */
export type SessionActivity = Pick<StoredSession, "id" | "lastActivityAt" | "executionCount">;

/** What is written at once. */
export interface RegistryChanges {
  /** Sessions that are new, or changed in any way. */
  readonly save?: readonly StoredSession[];
  /** Sessions of which nothing but this changed. */
  readonly activity?: readonly SessionActivity[];
  /** Ids of sessions that are over. */
  readonly remove?: readonly string[];
}

/**
 * The sessions of a data directory, kept in a database file so that they outlive the server. Only one
 * server has it at a time. Every call is done when it returns, and throws what SQLite throws.
 */
export class SessionRegistry implements Disposable {
  /** Labels everything that the servers of this data directory make on an engine. */
  readonly serverId: string;
  readonly #identity: ServerIdentity;
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<"save" | "activity" | "remove", StatementSync>>;
  readonly #logger: Pick<SessionLogger, "warning">;

  private constructor(
    identity: ServerIdentity,
    database: DatabaseSync,
    logger: Pick<SessionLogger, "warning">,
  ) {
    this.serverId = identity.id;
    this.#identity = identity;
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#logger = logger;
  }

  /**
   * Opens the file, or makes it with its directory, where the server's id is beside it. Throws
   * `RegistryError` if another server has it, or if it can be neither read nor made.
   */
  static async open(path: string, options: SessionRegistryOptions): Promise<SessionRegistry> {
    const { logger, wallTime = systemClock.wallTime } = options;
    const file = resolve(path);
    const directory = dirname(file);
    const identity = await takeDirectory(directory);
    try {
      const database = await openRegistryDatabase(file, { wallTime, logger });
      return new SessionRegistry(identity, database, logger);
    } catch (error) {
      identity[Symbol.dispose]();
      throw error;
    }
  }

  /** Reads the sessions, oldest first. What cannot be understood is removed, with a warning. */
  load(): StoredSession[] {
    const rows = this.#database.prepare("SELECT * FROM sessions ORDER BY createdAt, id").all();
    const sessions = rows.map((row) => ({ id: String(row["id"]), session: fromRow(row) }));
    const broken = sessions.filter(({ session }) => session === undefined).map(({ id }) => id);
    for (const sessionId of broken) {
      this.#logger.warning("Stored session {sessionId} cannot be read and is given up", {
        sessionId,
      });
    }
    if (broken.length > 0) this.write({ remove: broken });
    return sessions.flatMap(({ session }) => session ?? []);
  }

  /** Writes all of it or nothing. */
  write({ save = [], activity = [], remove = [] }: RegistryChanges): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const session of save) this.#statements.save.run(toRow(session));
      for (const { id, lastActivityAt, executionCount } of activity) {
        this.#statements.activity.run(Math.round(lastActivityAt), executionCount, id);
      }
      for (const id of remove) this.#statements.remove.run(id);
      this.#database.exec("COMMIT");
    } catch (error) {
      // Some errors, such as a full disk, have ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Closes the file and lets another server have it. */
  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
    this.#identity[Symbol.dispose]();
  }
}

async function takeDirectory(directory: string): Promise<ServerIdentity> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    return await ServerIdentity.take(directory);
  } catch (error) {
    if (error instanceof RegistryError || !(error instanceof Error)) throw error;
    const { message } = error;
    throw new RegistryError(`Cannot use the data directory "${directory}": ${message}`, {
      cause: error,
    });
  }
}

function prepareStatements(database: DatabaseSync) {
  const values = COLUMNS.map((name) => `:${name}`).join(", ");
  return {
    save: database.prepare(
      `INSERT OR REPLACE INTO sessions (${COLUMNS.join(", ")}) VALUES (${values})`,
    ),
    activity: database.prepare(
      "UPDATE sessions SET lastActivityAt = ?, executionCount = ? WHERE id = ?",
    ),
    remove: database.prepare("DELETE FROM sessions WHERE id = ?"),
  };
}
