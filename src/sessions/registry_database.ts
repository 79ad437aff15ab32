import { DatabaseSync } from "node:sqlite";
import { migrate, MIGRATIONS, schemaVersion } from "./registry_migrations.ts";
import { RegistryError } from "./registry_error.ts";
import type { SessionLogger } from "./session_logger.ts";

/** Options of {@linkcode openRegistryDatabase}. */
export interface RegistryDatabaseOptions {
  /** Names what is moved aside, in milliseconds since 1970. */
  readonly wallTime: () => number;
  /** Told what was moved aside, and why. */
  readonly logger: Pick<SessionLogger, "warning">;
}

/** `CBKR`, by which a database is known as ours. */
const APPLICATION_ID = 0x43424b52;
/** What SQLite says of a file that is damaged, and of one that is none of its own. */
const [SQLITE_CORRUPT, SQLITE_NOTADB] = [11, 26];
/** Every call blocks the whole server, so none waits long for a lock that somebody else holds. */
const BUSY_TIMEOUT_MS = 250;
/** What belongs to a database, by the end of its name. */
const SUFFIXES = ["", "-wal", "-shm"];

/** A database file that will not be of use any more, whatever one does. */
class UnusableError extends Error {
  override readonly name = "UnusableError";
}

/**
 * Opens the registry's database, or makes it. One that is damaged, of another program or of a newer
 * version is moved aside and a new one begun. Throws {@linkcode RegistryError} if there can be none.
 */
export async function openRegistryDatabase(
  path: string,
  { wallTime, logger }: RegistryDatabaseOptions,
): Promise<DatabaseSync> {
  try {
    try {
      return await open(path);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      const stamp = new Date(wallTime()).toISOString().replaceAll(/[-:]/g, "");
      const movedTo = `${path}.corrupt-${stamp}`;
      await moveAside(path, movedTo);
      logger.warning("Session registry cannot be read and is moved to {movedTo}: {error}", {
        movedTo,
        error,
      });
      return await open(path);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RegistryError(`Cannot open the session registry "${path}": ${why}`, { cause: error });
  }
}

async function open(path: string): Promise<DatabaseSync> {
  await makePrivate(path);
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    check(database);
    // After a crash of the machine, not of the server, the last changes may be missing.
    database.exec(`PRAGMA synchronous = NORMAL;
      PRAGMA secure_delete = ON;
      PRAGMA application_id = ${APPLICATION_ID}`);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** It holds the environment of sessions. SQLite gives the files beside it the same mode. */
async function makePrivate(path: string): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true, mode: 0o600 });
  const { mode, isFile } = await file.stat();
  if (!isFile) throw new Error("It is not a file");
  if (mode !== null && (mode & 0o077) !== 0) await Deno.chmod(path, 0o600);
}

function check(database: DatabaseSync): void {
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
  if (!isEmpty && pragma("application_id") !== APPLICATION_ID) {
    throw new UnusableError("It belongs to another program");
  }
  const version = schemaVersion(database);
  if (version > MIGRATIONS.length) {
    const known = MIGRATIONS.length;
    throw new UnusableError(`Its version is ${version}, this server knows those up to ${known}`);
  }
  // Where the file system cannot do it, SQLite stays with its journal, which is slower and as safe.
  pragma("journal_mode = WAL");
  const health = pragma("quick_check(1)");
  if (health !== "ok") throw new UnusableError(String(health));
}

function isUnusable(error: unknown): boolean {
  if (error instanceof UnusableError) return true;
  const { errcode } = error as { errcode?: number };
  return errcode === SQLITE_CORRUPT || errcode === SQLITE_NOTADB;
}

async function moveAside(path: string, target: string): Promise<void> {
  for (const suffix of SUFFIXES) {
    try {
      await Deno.rename(path + suffix, target + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
