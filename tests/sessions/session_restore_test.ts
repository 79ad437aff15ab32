import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import { settled } from "./fake_clock.ts";
import { endless } from "./fake_runtime.ts";
import { codeCommand, readCommand, TestConnection, type TestManager } from "./test_manager.ts";
import { TestServers } from "./test_servers.ts";

const MINUTE = 60_000;

function engineAway(): never {
  throw new SandboxError("runtime_unavailable", "No engine answers");
}

/** The error of a session that cannot be used. */
function refusal({ manager, user }: TestManager, id: string): SandboxError {
  return assertThrows(() => manager.get(id, user), SandboxError);
}

Deno.test("SessionManager.restore() brings sessions back after a crash, with all that they had", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [session] = await first.open({
    language: "deno",
    idleTimeoutMinutes: 20,
    memoryLimitMB: 256,
    env: { TOKEN: "s3cr3t" },
    files: { "a.txt": "kept" },
    metadata: { purpose: "test" },
  });
  await first.clock.advance(10 * MINUTE);
  await first.code(session, "x").answer;
  first.manager.extend(session, { maxLifetimeMinutes: 60 });
  await first.clock.advance(MINUTE);
  const before = session.details();
  servers.kill();

  const second = await servers.start({ downMs: 5 * MINUTE });
  const restored = second.manager.get(session.id, second.user);
  assertEquals(restored.details(), {
    ...before,
    state: "Idle",
    idleMinutes: 6,
    lifetimeMinutes: 16,
  });
  assertEquals(second.manager.list("anonymous"), [restored.summary()]);
  assertEquals(before.expiresAt, "2025-10-27T13:00:00.000Z");
  const [, sandbox] = servers.runtime.sandboxes;
  const { env, memoryLimitMB, language } = sandbox!.spec;
  assertEquals({ env, memoryLimitMB, language }, {
    env: { TOKEN: "s3cr3t" },
    memoryLimitMB: 256,
    language: "deno",
  });
  const { result } = await second.execute(restored, readCommand("a.txt")).answer;
  assertEquals(result, { content: "kept", bytes: 4 });
  assertEquals(restored.summary().executionCount, 2);
  const log = JSON.stringify([first.log, second.log]);
  assertEquals(log.includes("s3cr3t"), false);
});

Deno.test("SessionManager.restore() lets the deadlines go on by the time of the world", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [idles] = await first.open({ idleTimeoutMinutes: 30 });
  const [ends] = await first.open({ idleTimeoutMinutes: 100, maxLifetimeMinutes: 60 });
  await first.clock.advance(20 * MINUTE);
  servers.kill();
  const second = await servers.start({ downMs: 5 * MINUTE });
  const watcher = new TestConnection("c9");
  for (const { id } of [idles, ends]) second.manager.get(id, watcher.user);
  await second.clock.advance(5 * MINUTE - 1);
  assertEquals(second.manager.size, 2);
  await second.clock.advance(1);
  assertEquals(watcher.closed, [[idles.id, "idle_timeout"]]);
  await second.clock.advance(30 * MINUTE - 1);
  assertEquals(second.manager.size, 1);
  await second.clock.advance(1);
  assertEquals(watcher.closed.slice(1), [[ends.id, "max_lifetime"]]);
  assertEquals(servers.storedIds, []);
});

Deno.test("SessionManager.restore() closes at once what has been over in the meantime", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [idled] = await first.open({ idleTimeoutMinutes: 30 });
  const [ended] = await first.open({ idleTimeoutMinutes: 300, maxLifetimeMinutes: 40 });
  const [lives] = await first.open({ idleTimeoutMinutes: 45 });
  servers.kill();
  const second = await servers.start({ downMs: 40 * MINUTE });
  for (const { id } of [idled, ended]) {
    assertEquals(refusal(second, id).code, "session_not_found");
  }
  assertEquals(second.manager.list("anonymous").map(({ sessionId }) => sessionId), [lives.id]);
  assertEquals(servers.storedIds, [lives.id]);
  const disposals = servers.runtime.sandboxes.slice(3).map(({ disposals }) => disposals);
  assertEquals(disposals.toSorted(), [0, 1, 1]);
});

Deno.test("SessionManager.restore() does not take a set-back clock for time that has passed", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [session] = await first.open({ idleTimeoutMinutes: 30 });
  servers.kill();
  const second = await servers.start({ downMs: -60 * MINUTE });
  const { idleMinutes, lifetimeMinutes } = second.manager.get(session.id, second.user).summary();
  assertEquals([idleMinutes, lifetimeMinutes], [0, 0]);
  await second.clock.advance(30 * MINUTE);
  assertEquals(second.manager.size, 0);
});

Deno.test("SessionManager.restore() takes a command that ran at the crash for activity", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [session, { programs }] = await first.open({ idleTimeoutMinutes: 10 });
  programs.set("endless", endless);
  const execution = first.code(session, "endless", { timeoutMs: 600_000 });
  await first.clock.advance(9 * MINUTE + 2000);
  servers.kill();
  const second = await servers.start({ downMs: 5 * MINUTE });
  const { idleMinutes, executionCount } = second.manager.get(session.id, second.user).summary();
  assertEquals([idleMinutes, executionCount], [5.03, 1]);
  const error = assertThrows(
    () => second.manager.execution(execution.id, second.user),
    SandboxError,
  );
  assertEquals(error.code, "execution_not_found");
});

Deno.test("SessionManager.restore() forgets sessions whose sandbox is gone", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [gone, sandbox] = await first.open();
  const [lives] = await first.open();
  servers.kill();
  await sandbox[Symbol.asyncDispose]();
  const second = await servers.start();
  assertEquals(refusal(second, gone.id).code, "session_not_found");
  assertEquals(servers.storedIds, [lives.id]);
  assert(second.log.some(({ properties }) => properties?.sessionId === gone.id));
});

Deno.test("SessionManager.restore() forgets sessions that the policy does not allow any more", async () => {
  await using servers = await TestServers.make();
  const [session] = await (await servers.start()).open();
  servers.kill();
  servers.runtime.adoptGate = () => {
    throw new InvalidParamsError([{ path: ["dockerImage"], message: "Not allowed" }]);
  };
  const second = await servers.start();
  assertEquals(refusal(second, session.id).code, "session_not_found");
  assertEquals([servers.storedIds, servers.runtime.calls.at(-1)], [[], "sweep"]);
});

Deno.test("SessionManager.restore() gives sessions back to their caller only, and to no connection", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const mine = new TestConnection("c1", "me");
  const ids = [];
  for (let i = 0; i < 3; i++) {
    ids.push((await first.manager.create({ language: "deno" }, mine.user)).id);
  }
  servers.kill();
  const second = await servers.start({ limits: { maxSessions: 4 } });
  assertEquals(second.manager.list("me").map(({ sessionId }) => sessionId), ids.toSorted());
  assertEquals(refusal(second, ids[0]!).message, `Session not found: ${ids[0]}`);
  assertEquals(second.manager.list("anonymous"), []);
  await second.manager.create({ language: "deno" }, mine.user);
  const full = await assertRejects(
    () => second.manager.create({ language: "deno" }, mine.user),
    SandboxError,
    "the server has 4 sessions",
  );
  assertEquals(full.code, "session_limit_reached");
});

Deno.test("SessionManager.restore() sweeps after all that may be adopted is", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  assertEquals(servers.runtime.calls, ["sweep"]);
  for (let i = 0; i < 5; i++) await first.open();
  servers.kill();
  await servers.start();
  const { calls } = servers.runtime;
  assertEquals([calls.length, calls.indexOf("sweep")], [6, 5]);
});

Deno.test("SessionManager.restore() sweeps without a registry, and survives a sweep that fails", async () => {
  await using servers = await TestServers.make();
  servers.runtime.sweepGate = () => {
    throw new Error("broken");
  };
  const server = await servers.start();
  await server.open();
  assertEquals(server.log.map(({ level }) => level), ["warning", "info"]);
});

Deno.test("SessionManager keeps sessions whose engine is away, and takes them up when it is back", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) {
    ids.push((await first.manager.create({ language: "deno" }, { caller: "anonymous" })).id);
    await first.clock.advance(1);
  }
  servers.kill();
  servers.runtime.adoptGate = engineAway;
  const second = await servers.start({ limits: { maxSessions: 20 } });
  const error = refusal(second, ids[0]!);
  assertEquals([error.code, error.data.sessionId], ["runtime_unavailable", ids[0]]);
  assertStringIncludes(error.message, "Session is kept");
  assertStringIncludes(error.message, "No engine answers");
  const stranger = new TestConnection("c9", "stranger");
  assertThrows(
    () => second.manager.get(ids[0]!, stranger.user),
    SandboxError,
    `Session not found: ${ids[0]}`,
  );
  assertThrows(
    () => second.manager.execute(ids[0]!, codeCommand("x"), second.user),
    SandboxError,
    "No engine answers",
  );
  const list = second.manager.list("anonymous");
  assertEquals(list.map(({ sessionId }) => sessionId), ids);
  assertEquals(list[0], {
    ...first.manager.get(ids[0]!, first.user).summary(),
    state: "Creating",
  });
  await assertRejects(() => second.open(), SandboxError, "the server has 20 sessions");

  await second.clock.advance(10 * MINUTE);
  const asked = servers.runtime.calls.length;
  assert(asked > 15 && asked < 350, `asked ${asked} times in ten minutes`);
  assertEquals(servers.runtime.calls.includes("sweep"), false);
  assertEquals(second.log.filter(({ level }) => level === "warning").length < 20, true);
  servers.runtime.adoptGate = () => {};
  await second.clock.advance(MINUTE);
  assertEquals(second.manager.size, 20);
  assertEquals(servers.runtime.calls.indexOf("sweep"), servers.runtime.calls.length - 1);
  const back = second.manager.get(ids[0]!, second.user).summary();
  assert(back.idleMinutes < 1, "the time without the engine does not count");
  assertEquals(Math.floor(back.lifetimeMinutes), 11);
  assertEquals(second.clock.timers, 1);
});

Deno.test("SessionManager gives up sessions whose lifetime passes while their engine is away", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [session] = await first.open({ idleTimeoutMinutes: 10, maxLifetimeMinutes: 30 });
  servers.kill();
  servers.runtime.adoptGate = engineAway;
  const second = await servers.start({ downMs: 5 * MINUTE });
  await second.clock.advance(25 * MINUTE - 1);
  assertEquals(refusal(second, session.id).code, "runtime_unavailable");
  await second.clock.advance(1);
  assertEquals(refusal(second, session.id).code, "session_not_found");
  assertEquals(second.manager.list("anonymous"), []);
  await second.clock.advance(MINUTE);
  assertEquals([servers.storedIds, servers.runtime.calls.at(-1)], [[], "sweep"]);
  assertEquals(second.clock.timers, 0);
});

Deno.test("SessionManager waits for no session that is over, whatever its engine says", async () => {
  await using servers = await TestServers.make();
  const [session] = await (await servers.start()).open({ idleTimeoutMinutes: 10 });
  servers.kill();
  servers.runtime.adoptGate = engineAway;
  const second = await servers.start({ downMs: 10 * MINUTE });
  assertEquals(refusal(second, session.id).code, "session_not_found");
  assertEquals([servers.storedIds, servers.runtime.calls.at(-1)], [[], "sweep"]);
});

Deno.test("SessionManager keeps the sessions of a runtime that is turned off, until they are too old", async () => {
  await using servers = await TestServers.make();
  const [session] = await (await servers.start()).open({ maxLifetimeMinutes: 60 });
  servers.kill();
  const second = await servers.start({ restoreWith: [] });
  assertStringIncludes(refusal(second, session.id).message, "without the deno runtime");
  await second.clock.advance(10 * MINUTE);
  servers.kill();
  const third = await servers.start();
  assertEquals(third.manager.size, 1);
});

Deno.test("SessionManager.restore() waits for no engine that does not answer", async () => {
  await using servers = await TestServers.make();
  const [session] = await (await servers.start()).open();
  servers.kill();
  const { promise, resolve } = Promise.withResolvers<void>();
  servers.runtime.adoptGate = () => promise;
  const second = await servers.start({ restore: "left alone" });
  assertStringIncludes(refusal(second, session.id).message, "its sandbox is being looked for");
  await second.clock.advance(MINUTE);
  assertEquals(servers.runtime.calls.length, 1);
  resolve();
  await settled();
  assertEquals(second.manager.get(session.id, second.user).state, "Idle");
  assertEquals(servers.runtime.calls.at(-1), "sweep");
});

Deno.test("SessionManager forgets a session that is closed, or whose sandbox is lost", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  const [closed] = await first.open();
  const [, dies] = await first.open();
  const [lives] = await first.open();
  const [, ends] = await first.open();
  ends.handle = undefined;
  await closed.close("client");
  dies.lose({ reason: "runtime_failure", message: "its container is gone" });
  await settled();
  assertEquals(first.manager.size, 2);
  servers.kill();
  await servers.start();
  assertEquals(servers.storedIds, [lives.id]);
});

Deno.test("SessionManager stores no session whose sandbox ends with the server", async () => {
  await using servers = await TestServers.make();
  servers.runtime.onMade = (sandbox) => sandbox.handle = undefined;
  const first = await servers.start();
  const [session] = await first.open();
  await first.code(session, "x").answer;
  await first.clock.advance(MINUTE);
  first.manager.extend(session, { maxLifetimeMinutes: 60 });
  assertEquals(servers.storedIds, []);
});

Deno.test("SessionManager.shutdown() ends what could outlive the server, unless it is told to keep it", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start();
  await first.open();
  await servers.stop();
  assertEquals(first.connection.closed.length, 1);
  assertEquals(servers.runtime.sandboxes.map(({ disposals }) => disposals), [1]);
  await servers.start();
  assertEquals([servers.storedIds, servers.runtime.calls], [[], ["sweep"]]);
});

Deno.test("SessionManager.shutdown() leaves sessions to the next server, with `keepSessions`", async () => {
  await using servers = await TestServers.make();
  const first = await servers.start({ keepSessions: true });
  const [kept, sandbox] = await first.open({ files: { "a.txt": "kept" } });
  servers.runtime.onMade = (sandbox) => sandbox.handle = undefined;
  const [ends, other] = await first.open();
  sandbox.programs.set("endless", endless);
  await first.clock.advance(10 * MINUTE);
  const running = first.code(kept, "endless");
  const waiting = first.code(kept, "next");
  const answers = [running, waiting].map(({ answer }) => assertRejects(() => answer, SandboxError));
  await settled();
  await servers.stop(1000);
  const errors = await Promise.all(answers);
  assertEquals(errors.map(({ code }) => code), ["shutting_down", "shutting_down"]);
  assertEquals([sandbox.disposals, sandbox.releases], [0, 1]);
  assertEquals([other.disposals, other.releases], [1, 0]);
  assertEquals(first.connection.closed, [[ends.id, "shutdown"]]);
  assertEquals(first.clock.timers, 0);

  const second = await servers.start({ downMs: MINUTE });
  const restored = second.manager.get(kept.id, second.user);
  const { executionCount, lastActivity } = restored.summary();
  assertEquals([executionCount, lastActivity], [2, "2025-10-27T12:10:01.000Z"]);
  assertEquals((await second.execute(restored, readCommand("a.txt")).answer).success, true);
  assertEquals(second.manager.size, 1);
});

Deno.test("SessionManager.shutdown() keeps or ends sessions that wait for their engine, too", async () => {
  for (const keepSessions of [true, false]) {
    await using servers = await TestServers.make();
    const [session] = await (await servers.start()).open();
    servers.kill();
    servers.runtime.adoptGate = engineAway;
    const second = await servers.start({ keepSessions });
    await servers.stop();
    assertEquals(second.clock.timers, 0);
    servers.runtime.adoptGate = () => {};
    await servers.start();
    assertEquals(servers.storedIds, keepSessions ? [session.id] : []);
  }
});

Deno.test("SessionManager.shutdown() ends a sandbox that is found while it stops", async () => {
  await using servers = await TestServers.make();
  await (await servers.start()).open();
  servers.kill();
  const { promise, resolve } = Promise.withResolvers<void>();
  servers.runtime.adoptGate = () => promise;
  await servers.start({ restore: "left alone" });
  const stopped = servers.stop();
  resolve();
  await stopped;
  assertEquals(servers.runtime.sandboxes.map(({ disposals }) => disposals), [0, 1]);
  assertEquals(servers.runtime.calls.includes("sweep"), false);
});
