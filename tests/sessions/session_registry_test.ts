import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { RegistryError } from "../../src/sessions/registry_error.ts";
import { SessionRegistry } from "../../src/sessions/session_registry.ts";
import { TempDir } from "./temp_dir.ts";
import { keepLines, type LogLine } from "./test_manager.ts";
import { storedSession } from "./test_session_facts.ts";

const NAME = "sessions.sqlite";
const ASIDE = `${NAME}.corrupt-20251027T120000.000Z`;
const HOLDER = fromFileUrl(new URL("registry_holder.ts", import.meta.url));
const PYTHON = storedSession();
const DENO = storedSession({
  id: "s2",
  language: "deno",
  runtime: "deno",
  config: { ...PYTHON.config, cpus: 0.5, permissions: { allowNet: ["example.com"] } },
  metadata: {},
  env: { "한": "é\0\u{1f600}" },
  createdAt: PYTHON.createdAt + 1,
  executionCount: 7,
});

/** A registry of a test, whose directory is removed in the end. */
class TestRegistry implements AsyncDisposable {
  readonly directory: TempDir;
  readonly log: LogLine[] = [];
  #registry: SessionRegistry | undefined;

  private constructor(directory: TempDir) {
    this.directory = directory;
  }

  static async make(): Promise<TestRegistry> {
    return new TestRegistry(await TempDir.make());
  }

  get path(): string {
    return `${this.directory.path}/${NAME}`;
  }

  /** Opens it, again if it is open. */
  async open(): Promise<SessionRegistry> {
    this.close();
    const wallTime = () => Date.UTC(2025, 9, 27, 12);
    return this.#registry = await SessionRegistry.open(this.path, {
      logger: keepLines(this.log),
      wallTime,
    });
  }

  close(): void {
    this.#registry?.[Symbol.dispose]();
    this.#registry = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.directory[Symbol.asyncDispose]();
  }
}

Deno.test("SessionRegistry.open() makes files that only their owner can read", async () => {
  await using test = await TestRegistry.make();
  await Deno.writeTextFile(test.path, "", { mode: 0o644 });
  const registry = await test.open();
  registry.write({ save: [PYTHON] });
  const names = await test.directory.names();
  assertEquals(names, ["server-id", NAME, `${NAME}-shm`, `${NAME}-wal`]);
  for (const name of names) {
    const { mode } = await Deno.stat(`${test.directory.path}/${name}`);
    assertEquals([name, mode! & 0o777], [name, 0o600]);
  }
});

Deno.test("SessionRegistry.load() has what was written, oldest first, also after reopening", async () => {
  await using test = await TestRegistry.make();
  let registry = await test.open();
  const { serverId } = registry;
  assertEquals(registry.load(), []);
  registry.write({ save: [DENO, PYTHON] });
  assertEquals(registry.load(), [PYTHON, DENO]);
  registry = await test.open();
  assertEquals([registry.serverId, registry.load()], [serverId, [PYTHON, DENO]]);
  assertEquals(test.log, []);
});

Deno.test("SessionRegistry.write() replaces, notes activity and removes", async () => {
  await using test = await TestRegistry.make();
  const registry = await test.open();
  registry.write({ save: [PYTHON, DENO] });
  const config = { ...DENO.config, maxLifetimeMinutes: 240 };
  const activity = { id: PYTHON.id, lastActivityAt: PYTHON.createdAt + 5000.4, executionCount: 3 };
  registry.write({
    save: [{ ...DENO, config }],
    activity: [activity, { ...activity, id: "unknown" }],
  });
  const active = { ...PYTHON, lastActivityAt: PYTHON.createdAt + 5000, executionCount: 3 };
  assertEquals(registry.load(), [active, { ...DENO, config }]);
  registry.write({ remove: [PYTHON.id, "unknown"] });
  assertEquals(registry.load(), [{ ...DENO, config }]);
});

Deno.test("SessionRegistry.write() writes all of it or nothing", async () => {
  await using test = await TestRegistry.make();
  const registry = await test.open();
  registry.write({ save: [PYTHON] });
  const impossible = { id: PYTHON.id, lastActivityAt: 0, executionCount: 0.5 };
  assertThrows(() => registry.write({ save: [DENO], activity: [impossible], remove: [PYTHON.id] }));
  assertEquals(registry.load(), [PYTHON]);
  registry.write({ save: [DENO] });
  assertEquals(registry.load(), [PYTHON, DENO]);
});

Deno.test("SessionRegistry.open() finds everything after an unclean end", async () => {
  await using running = await TestRegistry.make();
  await using copy = await TestRegistry.make();
  (await running.open()).write({ save: [PYTHON, DENO] });
  const { size } = await Deno.stat(`${running.path}-wal`);
  assert(size > 0, "the sessions are in the log only");
  for (const suffix of ["", "-wal"]) await Deno.copyFile(running.path + suffix, copy.path + suffix);
  assertEquals((await copy.open()).load(), [PYTHON, DENO]);
  assertEquals(copy.log, []);
});

Deno.test("SessionRegistry.open() refuses a second server, until the first is killed", async () => {
  await using test = await TestRegistry.make();
  const config = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const flags = (config.tasks.start.command as string).split(/\s+/)
    .filter((word) => word.startsWith("--"));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...flags, HOLDER, test.path],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.stdout.getReader();
  await using _ended = {
    async [Symbol.asyncDispose]() {
      await output.cancel();
      await child.status;
    },
  };
  const said = new TextDecoder().decode((await output.read()).value).trim();
  try {
    const error = await assertRejects(() => test.open(), RegistryError);
    assertMatch(error.message, /^Cannot use the data directory ".*": another server/);
  } finally {
    child.kill("SIGKILL");
  }
  await child.status;
  const registry = await test.open();
  assertEquals([registry.serverId, registry.load()], [said, [PYTHON]]);
});

Deno.test("SessionRegistry.open() moves aside what it cannot use, and keeps the server's id", async (t) => {
  const damages: Record<string, (path: string) => Promise<void> | void> = {
    "a text": (path) => Deno.writeTextFile(path, "Not a database\n".repeat(100)),
    "a damaged database": async (path) => {
      using file = await Deno.open(path, { write: true });
      await file.seek(4096 + 8, Deno.SeekMode.Start);
      await file.write(new Uint8Array(2048).fill(0xff));
    },
    "a database of another program": async (path) => {
      await Deno.remove(path);
      using database = new DatabaseSync(path);
      database.exec("CREATE TABLE birds (name TEXT)");
    },
    "a database of a newer version": (path) => {
      using database = new DatabaseSync(path);
      database.exec("PRAGMA user_version = 1000");
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    await t.step(name, async () => {
      await using test = await TestRegistry.make();
      let registry = await test.open();
      const { serverId } = registry;
      registry.write({ save: [PYTHON] });
      test.close();
      await damage(test.path);
      const damaged = await Deno.readFile(test.path);
      registry = await test.open();
      assertEquals([registry.serverId, registry.load()], [serverId, []]);
      registry.write({ save: [DENO] });
      assertEquals((await test.open()).load(), [DENO]);
      const [line, ...others] = test.log;
      assertEquals([line?.level, others], ["warning", []]);
      assertEquals(line?.properties?.movedTo, `${test.directory.path}/${ASIDE}`);
      const kept = await Deno.readFile(`${test.directory.path}/${ASIDE}`);
      // SQLite may have noted in the header that it looked.
      assertEquals(kept.subarray(100), damaged.subarray(100));
    });
  }
});

Deno.test("SessionRegistry.open() says what it cannot open, and lets the directory go", async () => {
  await using test = await TestRegistry.make();
  await Deno.mkdir(test.path);
  const error = await assertRejects(() => test.open(), RegistryError);
  assertMatch(error.message, /^Cannot open the session registry ".*sessions\.sqlite": /);
  await Deno.remove(test.path);
  await test.open();
  const below = `${test.path}/below`;
  const options = { logger: keepLines(test.log) };
  await assertRejects(
    () => SessionRegistry.open(`${below}/${NAME}`, options),
    RegistryError,
    `Cannot use the data directory "${below}": `,
  );
});

Deno.test("SessionRegistry.load() gives up rows that it cannot understand", async () => {
  await using test = await TestRegistry.make();
  (await test.open()).write({
    save: [PYTHON, DENO, ...["a", "b", "c"].map((id) => ({ ...DENO, id }))],
  });
  test.close();
  {
    using database = new DatabaseSync(test.path);
    database.exec(`UPDATE sessions SET config = '{' WHERE id = 'a';
      UPDATE sessions SET language = 'klingon' WHERE id = 'b';
      UPDATE sessions SET env = '{"A": 1}' WHERE id = 'c'`);
  }
  assertEquals((await test.open()).load(), [PYTHON, DENO]);
  const ids = test.log.map(({ level, properties }) => [level, properties?.sessionId]);
  assertEquals(ids, ["a", "b", "c"].map((id) => ["warning", id]));
  assertEquals(JSON.stringify(test.log).includes("s3cr3t"), false);
  (await test.open()).load();
  assertEquals(test.log.length, 3);
});
