import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { CommandError, InvalidParamsError, SandboxError } from "../../src/errors.ts";
import type { SessionCreate } from "../../src/protocol/session.ts";
import { settled } from "./fake_clock.ts";
import { endless } from "./fake_runtime.ts";
import { codeCommand, readCommand, TestConnection, TestManager } from "./test_manager.ts";

const MINUTE = 60_000;

Deno.test("SessionManager.create() makes a session with the server's defaults", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open({ metadata: { purpose: "test" } });
  assertMatch(session.id, /^[a-z0-9]{32}$/);
  assertEquals(session.config, {
    idleTimeoutMinutes: 30,
    maxLifetimeMinutes: 120,
    memoryLimitMB: 512,
  });
  assertEquals(session.summary(), {
    sessionId: session.id,
    containerId: sandbox.id,
    language: "deno",
    createdAt: "2025-10-27T12:00:00.000Z",
    lastActivity: "2025-10-27T12:00:00.000Z",
    state: "Active",
    executionCount: 0,
    idleMinutes: 0,
    lifetimeMinutes: 0,
    runtime: "deno",
    expiresAt: "2025-10-27T14:00:00.000Z",
  });
  assertEquals(session.details().metadata, { purpose: "test" });
});

Deno.test("SessionManager.create() passes on what the sandbox is asked for", async () => {
  await using test = new TestManager();
  const params: Partial<SessionCreate> = {
    memoryLimitMB: 256,
    diskLimitMB: 10,
    cpus: 0.5,
    env: { A: "1" },
    permissions: { allowNet: ["example.com"] },
  };
  const [, { spec }] = await test.open(params);
  const { memoryLimitMB, diskLimitMB, cpus, env, permissions } = spec;
  assertEquals({ memoryLimitMB, diskLimitMB, cpus, env, permissions }, params);
});

Deno.test("SessionManager.create() refuses what is above a ceiling, naming all of it", async () => {
  await using test = new TestManager();
  const params: Partial<SessionCreate> = {
    idleTimeoutMinutes: 1441,
    maxLifetimeMinutes: 10_081,
    memoryLimitMB: 4097,
    diskLimitMB: 1025,
  };
  const error = await assertRejects(() => test.open(params), InvalidParamsError);
  assertEquals(error.issues.map(({ path }) => path[0]), Object.keys(params));
  assertEquals(test.runtime.sandboxes.length, 0);
});

Deno.test("SessionManager.create() writes files before the session is there", async () => {
  await using test = new TestManager();
  const [session] = await test.open({ files: { "a.txt": "é", "b/c.txt": "" } });
  const { result } = await test.execute(session, readCommand("a.txt")).answer;
  assertEquals(result, { content: "é", bytes: 2 });
});

Deno.test("SessionManager.create() names the file that cannot be written, and leaves nothing", async () => {
  await using test = new TestManager({ maxSessions: 1 });
  const failures: [Error, string, (string | number)[] | undefined][] = [
    [new CommandError("Is a directory: bad"), "Is a directory: bad", ["files", "bad"]],
    [new SandboxError("too_large", "No room"), 'Cannot write "bad": No room', undefined],
  ];
  for (const [failure, message, path] of failures) {
    test.runtime.onMade = ({ files }) => {
      files.gate = (name) => {
        if (name === "bad") throw failure;
      };
    };
    const files = { good: "", bad: "" };
    const error = await assertRejects(() => test.open({ files }), SandboxError, message);
    assertEquals(error instanceof InvalidParamsError ? error.issues[0]?.path : undefined, path);
    assertEquals(test.runtime.sandboxes.at(-1)?.disposals, 1);
    assertEquals(test.manager.list("anonymous"), []);
  }
  test.runtime.onMade = () => {};
  await test.open();
});

Deno.test("SessionManager.create() bounds the files", async () => {
  await using test = new TestManager();
  const tooMany = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, ""]));
  await assertRejects(() => test.open({ files: tooMany }), InvalidParamsError, "1000 files");
  const tooLarge = { a: "한".repeat(200), b: "x".repeat(401) };
  const error = await assertRejects(() => test.open({ files: tooLarge }), SandboxError);
  assertEquals([error.code, error.data.bytes, error.data.maxBytes], ["too_large", 1001, 1000]);
});

Deno.test("SessionManager.create() counts sessions in creation to the limits", async () => {
  await using test = new TestManager({ maxSessions: 3, maxSessionsPerConnection: 2 });
  const { promise, resolve } = Promise.withResolvers<void>();
  test.runtime.gate = () => promise;
  const first = [test.open(), test.open()];
  const perConnection = await assertRejects(() => test.open(), SandboxError);
  assertEquals(perConnection.code, "session_limit_reached");
  const other = new TestConnection("c2");
  const third = test.manager.create({ language: "deno" }, other.user);
  const another = new TestConnection("c3");
  const total = await assertRejects(
    () => test.manager.create({ language: "deno" }, another.user),
    SandboxError,
  );
  assertEquals(total.code, "session_limit_reached");
  resolve();
  const [made] = await Promise.all(first);
  await third;
  await made![0].close("client");
  await test.open();
});

Deno.test("SessionManager.create() gives back the place of a creation that failed", async () => {
  await using test = new TestManager({ maxSessions: 1 });
  test.runtime.gate = () => Promise.reject(new SandboxError("runtime_unavailable", "Out of order"));
  for (let i = 0; i < 3; i++) {
    const error = await assertRejects(() => test.open(), SandboxError);
    assertEquals(error.code, "runtime_unavailable");
  }
  test.runtime.gate = () => {};
  await test.open();
});

Deno.test("SessionManager.create() gives up when its connection is gone", async () => {
  await using test = new TestManager();
  const { promise, resolve } = Promise.withResolvers<void>();
  let signal: AbortSignal | undefined;
  test.runtime.gate = (given) => {
    signal = given;
    return promise;
  };
  const opening = test.open();
  await settled();
  test.connection.drop();
  await assertRejects(() => opening, SandboxError, "Connection closed");
  assertEquals(signal?.aborted, true);
  resolve();
  await settled();
  assertEquals(test.runtime.sandboxes.map(({ disposals }) => disposals), [1]);
  assertEquals(test.manager.size, 0);
});

Deno.test("SessionManager.create() gives up a sandbox that never comes", async () => {
  await using test = new TestManager();
  test.runtime.gate = () => new Promise(() => {});
  const opening = assertRejects(() => test.open(), SandboxError, "was not ready within");
  await test.clock.advance(10 * MINUTE);
  assertEquals((await opening).code, "runtime_unavailable");
  assertEquals(test.clock.timers, 0);
});

Deno.test("SessionManager hides sessions and executions from other callers", async () => {
  await using test = new TestManager();
  const [session] = await test.open();
  const execution = test.code(session, "x");
  await execution.answer;
  const stranger = new TestConnection("c2", "stranger");
  const theirs = assertThrows(() => test.manager.get(session.id, stranger.user), SandboxError);
  const nobodys = assertThrows(() => test.manager.get("unknown", test.user), SandboxError);
  assertEquals([theirs.code, theirs.data], [nobodys.code, nobodys.data]);
  assertEquals(theirs.message.replace(session.id, "unknown"), nobodys.message);
  assertEquals(nobodys.message, "Session not found: unknown");
  assertThrows(
    () => test.manager.execute(session.id, codeCommand("x"), stranger.user),
    SandboxError,
    `Session not found: ${session.id}`,
  );
  const hidden = assertThrows(
    () => test.manager.execution(execution.id, stranger.user),
    SandboxError,
  );
  assertEquals(hidden.code, "execution_not_found");
  assertEquals(test.manager.list("stranger"), []);
  assertEquals(test.manager.execution(execution.id, test.user), execution);
});

Deno.test("SessionManager.list() has the caller's sessions in the order in which they were made", async () => {
  await using test = new TestManager();
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await test.open())[0].id);
  const stranger = new TestConnection("c2", "stranger");
  await test.manager.create({ language: "deno" }, stranger.user);
  assertEquals(test.manager.list("anonymous").map(({ sessionId }) => sessionId), ids);
});

Deno.test("SessionManager tells every connection that used a session once that it is closed", async () => {
  await using test = new TestManager();
  const [session] = await test.open();
  const [user, gone, stranger] = ["c2", "c3", "c4"].map((id) => new TestConnection(id));
  for (const { user: used } of [user!, user!, gone!]) test.manager.get(session.id, used);
  gone!.drop();
  await Promise.all([session.close("client"), session.close("client")]);
  const told = [test.connection, user!, gone!, stranger!].map(({ closed }) => closed.length);
  assertEquals(told, [1, 1, 0, 0]);
  assertEquals(user!.closed, [[session.id, "client"]]);
});

Deno.test("SessionManager.extend() moves the deadlines, within the ceilings", async () => {
  await using test = new TestManager();
  const [session] = await test.open({ idleTimeoutMinutes: 10, maxLifetimeMinutes: 20 });
  await test.clock.advance(9 * MINUTE);
  test.manager.extend(session, { maxLifetimeMinutes: 60 });
  assertEquals(session.deadlines, {
    idleExpiresAt: "2025-10-27T12:19:00.000Z",
    expiresAt: "2025-10-27T13:00:00.000Z",
  });
  test.manager.extend(session, { idleTimeoutMinutes: 0.5 });
  assertEquals(session.config.idleTimeoutMinutes, 0.5);
  assertThrows(
    () => test.manager.extend(session, { idleTimeoutMinutes: 1441 }),
    InvalidParamsError,
  );
  await test.clock.advance(29_000);
  assertEquals(test.manager.size, 1);
  await test.clock.advance(2000);
  assertEquals(test.connection.closed, [[session.id, "idle_timeout"]]);
});

Deno.test("SessionManager.shutdown() lets what runs end within the grace time", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  const [idle] = await test.open();
  const { promise, resolve } = Promise.withResolvers<void>();
  sandbox.programs.set("slow", async ({ print }) => {
    await promise;
    print("done");
    return { cause: "exited", exitCode: 0 };
  });
  const execution = test.code(session, "slow");
  await settled();
  const ended = test.manager.shutdown(10_000);
  assertThrows(() => test.code(session, "more"), SandboxError, "shutting down");
  const refused = await assertRejects(() => test.open(), SandboxError);
  assertEquals(refused.code, "shutting_down");
  await test.clock.advance(5000);
  resolve();
  await ended;
  assertEquals((await execution.answer).result, "done");
  const told = test.connection.closed.toSorted();
  assertEquals(told, [[session.id, "shutdown"], [idle.id, "shutdown"]].toSorted());
  assertEquals(test.runtime.sandboxes.map(({ disposals }) => disposals), [1, 1]);
  assertEquals(test.clock.timers, 0);
});

Deno.test("SessionManager.shutdown() stops what outlasts the grace time", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.programs.set("endless", endless);
  const executions = [test.code(session, "endless"), test.code(session, "next")];
  const refusals = executions.map(({ answer }) => assertRejects(() => answer, SandboxError));
  const ended = test.manager.shutdown(10_000);
  await test.clock.advance(9_999);
  assertEquals(executions[0]?.state, "running");
  await test.clock.advance(1);
  await ended;
  await Promise.all(refusals);
  assertEquals(executions.map(({ envelope }) => envelope?.status), ["cancelled", "cancelled"]);
  assertEquals([sandbox.disposals, test.clock.timers], [1, 0]);
});

Deno.test("SessionManager.shutdown() gives up creations and sandboxes that do not end", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.disposed = new Promise(() => {});
  sandbox.programs.set("deaf", () => new Promise(() => {}));
  const deaf = test.code(session, "deaf");
  const answer = assertRejects(() => deaf.answer, SandboxError);
  test.runtime.gate = () => new Promise(() => {});
  const opening = assertRejects(() => test.open(), SandboxError, "shutting down");
  const ended = test.manager.shutdown(1000);
  await test.clock.advance(MINUTE);
  await Promise.all([ended, opening, answer]);
  assertEquals(deaf.envelope?.status, "session_lost");
  assert(test.log.some(({ level, message }) => level === "error" && /not removed/.test(message)));
});

Deno.test("SessionManager closes 500 sessions on time, whatever their number", async () => {
  const count = 500;
  await using test = new TestManager({ maxSessions: count, maxSessionsPerConnection: count });
  const expected = new Map<string, number>();
  const start = test.clock.now();
  for (let i = 0; i < count; i++) {
    const idleTimeoutMinutes = 1 + (i * 7) % 50;
    const [session] = await test.open({ idleTimeoutMinutes });
    expected.set(session.id, start + idleTimeoutMinutes * MINUTE);
  }
  assertEquals(test.clock.timers, 1);
  for (let minute = 1; minute <= 51; minute++) {
    await test.clock.advance(MINUTE);
    const open = test.manager.list("anonymous").map(({ sessionId }) => sessionId);
    const due = [...expected].filter(([, at]) => at > test.clock.now()).map(([id]) => id);
    assertEquals(open, due, `after ${minute} minutes`);
  }
  assertEquals(test.connection.closed.length, count);
});

Deno.test("SessionManager logs no code, content or environment", async () => {
  await using test = new TestManager();
  const secret = "s3cr3t";
  const [session, sandbox] = await test.open({
    env: { TOKEN: secret },
    files: { f: secret },
    metadata: { m: secret },
  });
  sandbox.programs.set(`${secret} fails`, () => {
    throw new Error("broken");
  });
  await test.code(session, secret).answer;
  await test.code(session, `${secret} fails`).answer;
  await session.close("client");
  assert(test.log.length > 2);
  assertEquals(JSON.stringify(test.log).includes(secret), false);
});
