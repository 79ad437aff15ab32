import type { DatabaseSync } from "node:sqlite";

/**
 * Each step from one version of the schema to the next; the version is the number of steps taken. A step
 * that was released is never changed: add another.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    caller TEXT NOT NULL,
    language TEXT NOT NULL,
    runtime TEXT NOT NULL,
    handle TEXT NOT NULL,
    containerId TEXT NOT NULL,
    config TEXT NOT NULL,
    metadata TEXT NOT NULL,
    env TEXT NOT NULL,
    createdAt INTEGER NOT NULL,
    lastActivityAt INTEGER NOT NULL,
    executionCount INTEGER NOT NULL
  ) STRICT`,
];

/** The version of a database's schema. */
export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** Takes the steps that are missing, each as a whole or not at all. */
export function migrate(database: DatabaseSync, migrations = MIGRATIONS): void {
  for (let version = schemaVersion(database); version < migrations.length; version++) {
    database.exec("BEGIN IMMEDIATE");
    try {
      database.exec(migrations[version]!);
      database.exec(`PRAGMA user_version = ${version + 1}`);
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}
