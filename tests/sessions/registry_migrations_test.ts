import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { migrate, MIGRATIONS, schemaVersion } from "../../src/sessions/registry_migrations.ts";

const STEPS = [
  "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('kept')",
  "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'new'",
];

Deno.test("migrate() takes an empty database to the version of this server", () => {
  using database = new DatabaseSync(":memory:");
  assertEquals(schemaVersion(database), 0);
  migrate(database);
  assertEquals(schemaVersion(database), MIGRATIONS.length);
  assertEquals(database.prepare("SELECT count(*) AS count FROM sessions").get()?.["count"], 0);
});

Deno.test("migrate() takes only the steps that are missing, and keeps what is there", () => {
  using database = new DatabaseSync(":memory:");
  migrate(database, STEPS.slice(0, 1));
  for (let i = 0; i < 2; i++) migrate(database, STEPS);
  assertEquals(schemaVersion(database), 2);
  assertEquals({ ...database.prepare("SELECT * FROM t").get() }, { a: "kept", b: "new" });
});

Deno.test("migrate() leaves nothing of a step that fails", () => {
  using database = new DatabaseSync(":memory:");
  const steps = [STEPS[0]!, "CREATE TABLE u (a TEXT); CREATE TABLE t (a TEXT)"];
  assertThrows(() => migrate(database, steps), Error, "already exists");
  assertEquals(schemaVersion(database), 1);
  assertThrows(() => database.prepare("SELECT * FROM u"), Error, "no such table");
  migrate(database, STEPS);
  assertEquals(schemaVersion(database), 2);
});
