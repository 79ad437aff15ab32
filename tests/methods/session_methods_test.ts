import { assert, assertEquals, assertRejects } from "@std/assert";
import { SandboxError } from "../../src/errors.ts";
import { settled } from "../sessions/fake_clock.ts";
import { endless, exit } from "../sessions/fake_runtime.ts";
import { TestMethods } from "./test_methods.ts";

const MINUTE = 60_000;

Deno.test("session.create() answers in the guide's shape", async () => {
  await using test = new TestMethods();
  const created = await test.peer.call("session.create", {
    language: "TS",
    idleTimeoutMinutes: 5,
    memoryLimitMB: 64,
  });
  assertEquals(Object.keys(created).slice(0, 6), [
    "sessionId",
    "containerId",
    "language",
    "createdAt",
    "state",
    "config",
  ]);
  const { sessionId: _, ...rest } = created;
  assertEquals(rest, {
    containerId: "box-0",
    language: "typescript",
    createdAt: "2025-10-27T12:00:00.000Z",
    state: "Active",
    config: { idleTimeoutMinutes: 5, maxLifetimeMinutes: 120, memoryLimitMB: 64 },
    runtime: "deno",
  });
});

Deno.test("session.execute() begins commands in the order in which it is called", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const appends = Array.from({ length: 50 }, (_, i) =>
    test.peer.call("session.execute", {
      sessionId,
      command: { type: "write_file", path: "log", content: `${i},`, mode: "Append" },
    }));
  const read = test.peer.call("session.execute", {
    sessionId,
    command: { type: "read_file", path: "log" },
  });
  const content = Array.from({ length: 50 }, (_, i) => `${i},`).join("");
  assertEquals((await read).result, { content, bytes: 140 });
  await Promise.all(appends);
});

Deno.test("session.execute() sends output before its answer, if asked", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  test.runtime.programs.set("talk", async ({ print, complain }) => {
    print("one ");
    await settled();
    print("two");
    complain("three");
    return exit();
  });
  const command = { type: "execute_code", code: "talk" } as const;
  test.peer.told.length = 0;
  await test.peer.call("session.execute", { sessionId, command });
  assertEquals(test.peer.told, [["answer", "session.execute"]]);
  test.peer.told.length = 0;
  const execute = { sessionId, command, stream: true, executionId: "mine" };
  await test.peer.call("session.execute", execute);
  const output = (stream: string, data: string, seq: number) => [
    "session.output",
    { sessionId, executionId: "mine", stream, data, seq },
  ];
  assertEquals<unknown>(test.peer.told, [
    output("stdout", "one ", 0),
    output("stdout", "two", 1),
    output("stderr", "three", 2),
    ["answer", "session.execute"],
  ]);
});

Deno.test("session.list() has the guide's fields and only the caller's sessions", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  await test.session(test.connect("p2", "stranger"));
  const command = { type: "write_file", path: "f", content: "" } as const;
  await test.clock.advance(13 * MINUTE);
  await test.peer.call("session.execute", { sessionId, command });
  await test.clock.advance(2.5 * MINUTE);
  assertEquals(await test.peer.call("session.list", {}), {
    count: 1,
    sessions: [{
      sessionId,
      containerId: "box-0",
      language: "deno",
      createdAt: "2025-10-27T12:00:00.000Z",
      lastActivity: "2025-10-27T12:13:00.000Z",
      state: "Idle",
      executionCount: 1,
      idleMinutes: 2.5,
      lifetimeMinutes: 15.5,
      runtime: "deno",
      expiresAt: "2025-10-27T14:00:00.000Z",
    }],
  });
});

Deno.test("session.get() tells config, metadata and usage", async () => {
  await using test = new TestMethods();
  const { sessionId } = await test.peer.call("session.create", {
    language: "deno",
    metadata: { a: "b" },
  });
  const { config, metadata, usage } = await test.peer.call("session.get", { sessionId });
  assertEquals([config.memoryLimitMB, metadata, usage], [512, { a: "b" }, {
    queuedCommands: 0,
    runningCommands: 0,
    processes: 0,
  }]);
});

Deno.test("session.close() answers once all is gone, and then knows the session no more", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const other = test.connect("p2");
  await other.call("session.get", { sessionId });
  assertEquals(await test.peer.call("session.close", { sessionId }), { sessionId, closed: true });
  assertEquals(test.runtime.sandboxes[0]?.disposals, 1);
  const closed = ["session.closed", { sessionId, reason: "client" }];
  assertEquals<unknown>(other.told.at(-1), closed);
  const error = await assertRejects(
    () => test.peer.call("session.close", { sessionId }),
    SandboxError,
  );
  assertEquals(error.code, "session_not_found");
});

Deno.test("session.cancel() names what it stopped", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  test.runtime.programs.set("endless", endless);
  const command = { type: "execute_code", code: "endless" } as const;
  const running = ["a", "b", "c"].map((executionId) =>
    test.peer.call("session.execute", { sessionId, command, executionId })
  );
  const cancel = (executionId?: string) =>
    test.peer.call("session.cancel", executionId ? { sessionId, executionId } : { sessionId });
  assertEquals((await cancel("b")).cancelled, ["b"]);
  assertEquals((await cancel()).cancelled, ["a", "c"]);
  assertEquals((await cancel()).cancelled, []);
  const statuses = (await Promise.all(running)).map(({ status }) => status);
  assertEquals(statuses, ["cancelled", "cancelled", "cancelled"]);
});

Deno.test("session.extend() answers with the new deadlines", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  await test.clock.advance(10 * MINUTE);
  const extension = { sessionId, idleTimeoutMinutes: 60, maxLifetimeMinutes: 300 };
  assertEquals(await test.peer.call("session.extend", extension), {
    ...extension,
    idleExpiresAt: "2025-10-27T13:10:00.000Z",
    expiresAt: "2025-10-27T17:00:00.000Z",
  });
});

Deno.test("a command goes on when its connection is gone", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const { promise, resolve } = Promise.withResolvers<void>();
  test.runtime.programs.set("slow", async ({ print }) => {
    print("a");
    await promise;
    print("b");
    return exit();
  });
  const command = { type: "execute_code", code: "slow" } as const;
  const execute = { sessionId, command, stream: true, executionId: "e" };
  const answer = test.peer.call("session.execute", execute);
  await settled();
  test.peer.drop();
  const told = test.peer.told.length;
  resolve();
  await answer;
  assert(
    test.peer.told.slice(told).every(([method]) => method === "answer"),
    "it is not told more",
  );
  const other = test.connect("p2");
  const { state, result } = await other.call("execution.get", { executionId: "e" });
  assertEquals([state, result?.result], ["ended", "ab"]);
});
