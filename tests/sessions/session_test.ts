import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import { settled } from "./fake_clock.ts";
import { endless, exit } from "./fake_runtime.ts";
import { readCommand, shellCommand, TestManager, writeCommand } from "./test_manager.ts";

const MINUTE = 60_000;

Deno.test("Session runs 50 appends and a read, sent without waiting, in their order", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  // The longer the earlier, so that only the queue keeps them in order.
  let delay = 50;
  sandbox.files.gate = async () => {
    for (let i = 0; i < delay; i++) await Promise.resolve();
    delay--;
  };
  const appends = Array.from(
    { length: 50 },
    (_, i) => test.execute(session, writeCommand("log", `${i}\n`, "Append")),
  );
  const read = test.execute(session, readCommand("log"));
  const order: string[] = [];
  for (const { id, answer } of [...appends, read]) answer.then(() => order.push(id));
  const { result } = await read.answer;
  const content = Array.from({ length: 50 }, (_, i) => `${i}\n`).join("");
  assertEquals(result, { content, bytes: 140 });
  assertEquals(order, [...appends, read].map(({ id }) => id));
});

Deno.test("Session keeps the order of files and programs, across both limits", async () => {
  await using test = new TestManager({ maxConcurrentExecutions: 1 });
  const [first, sandbox] = await test.open();
  const [second] = await test.open();
  sandbox.programs.set("endless", endless);
  const blocker = test.code(second, "endless");
  const program = test.code(first, "after a while");
  const write = test.execute(first, writeCommand("f", "x"));
  await settled();
  assertEquals([program.state, write.state], ["queued", "queued"]);
  await second.cancel();
  assertEquals((await blocker.answer).status, "cancelled");
  assertEquals((await program.answer).result, "after a while");
  assertEquals((await write.answer).success, true);
});

Deno.test("Session measures how long a program waited, beside its own time", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("slow", async () => {
    await new Promise<void>((resolve) => test.clock.after(700, resolve));
    return exit();
  });
  const first = test.code(session, "slow");
  const second = test.code(session, "slow");
  await test.clock.advance(2000);
  const { queueMs, wallMs, durationMs } = await second.answer;
  assertEquals([queueMs, wallMs, durationMs], [700, 700, 700]);
  assertEquals((await first.answer).queueMs, 0);
});

Deno.test("Session refuses more commands than may wait, and takes more later", async () => {
  await using test = new TestManager({ maxQueuedCommands: 2 });
  const [session, { programs }] = await test.open();
  programs.set("endless", endless);
  const waiting = [1, 2, 3].map(() => test.code(session, "endless"));
  const error = assertThrows(() => test.code(session, "x", { executionId: "mine" }), SandboxError);
  assertEquals(error.code, "queue_full");
  session.cancel();
  await Promise.all(waiting.map(({ answer }) => answer));
  await test.code(session, "x", { executionId: "mine" }).answer;
});

Deno.test("Session goes between Active and Idle as commands come and end", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("endless", endless);
  assertEquals(session.state, "Active");
  const running = test.code(session, "endless");
  const waiting = test.code(session, "next");
  await settled();
  assertEquals(session.state, "Active");
  const { executionCount } = session.summary();
  const { usage } = session.details();
  assertEquals([executionCount, usage], [2, {
    queuedCommands: 1,
    runningCommands: 1,
    processes: 0,
  }]);
  session.cancel(running.id);
  await waiting.answer;
  await settled();
  assertEquals(session.state, "Idle");
  const closing = session.close("client");
  assertEquals(session.state, "Closing");
  await closing;
  assertEquals(session.state, "Closed");
});

Deno.test("Session idles out after its last command, not while one runs", async () => {
  await using test = new TestManager({ maxTimeoutMs: 60 * MINUTE });
  const [session, { programs }] = await test.open({ idleTimeoutMinutes: 10 });
  programs.set("slow", async () => {
    await new Promise<void>((resolve) => test.clock.after(25 * MINUTE, resolve));
    return exit();
  });
  await test.clock.advance(9 * MINUTE);
  assertEquals(session.summary().idleMinutes, 9);
  const execution = test.code(session, "slow", { timeoutMs: 60 * MINUTE });
  await test.clock.advance(MINUTE);
  assertEquals(session.summary().idleMinutes, 0);
  await test.clock.advance(24 * MINUTE);
  assertEquals((await execution.answer).success, true);
  await test.clock.advance(9.99 * MINUTE);
  assertEquals(test.connection.closed, []);
  await test.clock.advance(0.02 * MINUTE);
  assertEquals(test.connection.closed, [[session.id, "idle_timeout"]]);
});

Deno.test("Session ends with its lifetime, also under a running command", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open({ maxLifetimeMinutes: 2.5 });
  sandbox.programs.set("endless", endless);
  const execution = test.code(session, "endless", { timeoutMs: 10 * MINUTE });
  const answer = assertRejects(() => execution.answer, SandboxError);
  await test.clock.advance(2.5 * MINUTE);
  const { code, data } = await answer;
  assertEquals([code, data.closeReason], ["session_closed", "max_lifetime"]);
  assertEquals(test.connection.closed, [[session.id, "max_lifetime"]]);
  assertEquals(execution.envelope?.status, "cancelled");
  assertEquals([sandbox.disposals, test.manager.size], [1, 0]);
});

Deno.test("Session.close() stops what runs and what waits, and answers with session_closed", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.programs.set("endless", (run) => {
    run.print("so far");
    return endless(run);
  });
  const running = test.code(session, "endless");
  const waiting = test.execute(session, writeCommand("never", "x"));
  const answers = [running, waiting].map(({ answer }) => assertRejects(() => answer, SandboxError));
  await settled();
  await session.close("client");
  const codes = (await Promise.all(answers)).map(({ code }) => code);
  assertEquals(codes, ["session_closed", "session_closed"]);
  assertEquals([running.envelope?.status, waiting.envelope?.status], ["cancelled", "cancelled"]);
  assertEquals(running.envelope?.result, "so far");
  assertEquals([sandbox.files.content.size, sandbox.disposals], [0, 1]);
});

Deno.test("Session closes when its sandbox is lost", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.programs.set("endless", endless);
  const execution = test.code(session, "endless");
  const answer = assertRejects(() => execution.answer, SandboxError, "Out of memory");
  await settled();
  sandbox.lose({ reason: "limit_exceeded", message: "Out of memory" });
  await answer;
  await settled();
  assertEquals(test.connection.closed, [[session.id, "limit_exceeded"]]);
  assertEquals(execution.envelope?.status, "session_lost");
});

Deno.test("Session.cancel() stops the named execution and lets the next one run", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("endless", (run) => {
    run.print("partial\n");
    return endless(run);
  });
  const first = test.code(session, "endless", { executionId: "first" });
  const second = test.code(session, "second");
  await settled();
  assertEquals(session.cancel("first"), ["first"]);
  const envelope = await first.answer;
  assertEquals([envelope.success, envelope.status], [false, "cancelled"]);
  assertEquals([envelope.result, envelope.error], ["partial", "Cancelled by the client"]);
  assertEquals((await second.answer).result, "second");
  assertEquals([session.cancel("first"), session.cancel("unknown")], [[], []]);
});

Deno.test("Session.cancel() of everything lets nothing begin that waited", async () => {
  await using test = new TestManager();
  const [session, { programs, files }] = await test.open();
  programs.set("endless", endless);
  const executions = [
    test.code(session, "endless"),
    test.execute(session, writeCommand("never", "x")),
    test.code(session, "never"),
  ];
  await settled();
  assertEquals(session.cancel(), executions.map(({ id }) => id));
  const envelopes = await Promise.all(executions.map(({ answer }) => answer));
  assertEquals(envelopes.map(({ status }) => status), ["cancelled", "cancelled", "cancelled"]);
  assertEquals(envelopes.map(({ durationMs }) => durationMs), [0, 0, 0]);
  assertEquals(files.content.size, 0);
  assertEquals((await test.code(session, "later").answer).result, "later");
});

Deno.test("Session ends a program that takes too long, and works on", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("endless", (run) => {
    run.complain("warned\n");
    return endless(run);
  });
  const byDefault = test.code(session, "endless");
  const given = test.code(session, "endless", { timeoutMs: 1000 });
  await test.clock.advance(29_999);
  assertEquals([byDefault.state, given.state], ["running", "queued"]);
  await test.clock.advance(1);
  const first = await byDefault.answer;
  assertEquals([first.status, first.limit], ["timeout", {
    kind: "time",
    configured: 30_000,
    observed: 30_000,
  }]);
  await test.clock.advance(1000);
  const { status, error, exitCode } = await given.answer;
  assertEquals([status, exitCode], ["timeout", null]);
  assertEquals(error, "Timed out after 1000 ms\nwarned");
  assertEquals((await test.code(session, "next").answer).result, "next");
});

Deno.test("Session refuses a timeout above the server's, and an id in use", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("endless", endless);
  const late = assertThrows(
    () => test.code(session, "x", { timeoutMs: 600_001 }),
    InvalidParamsError,
    "600000",
  );
  assertEquals(late.issues[0]?.path, ["timeoutMs"]);
  test.code(session, "endless", { executionId: "mine" }).answer;
  const used = assertThrows(
    () => test.code(session, "x", { executionId: "mine" }),
    InvalidParamsError,
  );
  assertEquals(used.issues[0]?.path, ["executionId"]);
  assertEquals(session.summary().executionCount, 1);
  session.cancel();
});

Deno.test("Session gives a sandbox up that does not end a command", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.programs.set("deaf", ({ print }) => {
    print("heard nothing");
    return new Promise(() => {});
  });
  const deaf = test.code(session, "deaf", { timeoutMs: 1000 });
  const next = test.code(session, "next");
  const nextAnswer = assertRejects(() => next.answer, SandboxError);
  await test.clock.advance(1000 + 5000);
  const { status, error, result } = await deaf.answer;
  assertEquals([status, result], ["session_lost", "heard nothing"]);
  assertStringIncludes(error!, "Timed out after 1000 ms");
  assertEquals((await nextAnswer).code, "session_closed");
  assertEquals(test.connection.closed, [[session.id, "runtime_failure"]]);
  assertEquals(sandbox.disposals, 1);
});

Deno.test("Session gives a file command up that hangs, and goes on", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.files.gate = () => new Promise(() => {});
  const execution = test.execute(session, readCommand("f"));
  await test.clock.advance(59_999);
  assertEquals(execution.state, "running");
  await test.clock.advance(10_000);
  assertEquals((await execution.answer).status, "timeout");
  assertEquals(test.connection.closed, []);
  assertEquals((await test.code(session, "next").answer).result, "next");
});

Deno.test("Session lets a concurrent command run beside the others", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("endless", endless);
  const running = test.code(session, "endless");
  const beside = test.execute(session, writeCommand("f", "x"), { concurrent: true });
  assertEquals((await beside.answer).success, true);
  assertEquals(running.state, "running");
  session.cancel();
  await running.answer;
});

Deno.test("Sessions share the programs that may run, in the order of arrival", async () => {
  await using test = new TestManager({ maxConcurrentExecutions: 2 });
  const sessions = [];
  for (let i = 0; i < 3; i++) sessions.push((await test.open())[0]);
  test.runtime.programs.set("endless", endless);
  const executions = sessions.map((session) => test.code(session, "endless"));
  await settled();
  assertEquals(executions.map(({ state }) => state), ["running", "running", "queued"]);
  const file = test.execute(sessions[0]!, readCommand("f"), { concurrent: true });
  assertEquals((await file.answer).error, "File not found: f");
  await test.clock.advance(10_000);
  sessions[0]!.cancel();
  await settled();
  assertEquals(executions.map(({ state }) => state), ["ended", "running", "running"]);
  assertEquals(executions[2]?.queueMs, 10_000);
  sessions[2]!.cancel();
  assertEquals((await executions[2]!.answer).status, "cancelled");
  sessions[1]!.cancel();
});

Deno.test("Session tells its sandbox to rest when it has gone quiet, once each time", async () => {
  await using test = new TestManager();
  const [session, sandbox] = await test.open();
  sandbox.programs.set("slow", async () => {
    await new Promise<void>((resolve) => test.clock.after(10_000, resolve));
    return exit();
  });
  await test.clock.advance(60_000);
  assertEquals(sandbox.rests, 1);
  test.code(session, "slow");
  await test.clock.advance(12_000);
  assertEquals(sandbox.rests, 1);
  await test.clock.advance(2000);
  assertEquals(sandbox.rests, 2);
  await test.clock.advance(60_000);
  assertEquals(sandbox.rests, 2);
});

Deno.test("Session reports a fault of the server as internal_error, without its text", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  programs.set("broken", () => {
    throw new Error("secret path");
  });
  const { status, error, executionId } = await test.code(session, "broken").answer;
  assertEquals(status, "internal_error");
  assertStringIncludes(error!, executionId);
  assert(!error!.includes("secret"));
  const logged = test.log.find(({ level }) => level === "error");
  assertEquals(logged?.properties?.executionId, executionId);
  assertEquals((await test.code(session, "next").answer).success, true);
});

Deno.test("Session answers with what the sandbox's policy refuses, where it stands", async () => {
  await using test = new TestManager();
  const [session, { programs }] = await test.open();
  for (const path of [["command", "args", 1], ["args", 1]]) {
    programs.set("widen", () => {
      throw new InvalidParamsError([{ path, message: "Not allowed" }]);
    });
    const inCommand = test.execute(session, shellCommand("widen"));
    const error = await assertRejects(() => inCommand.answer, InvalidParamsError);
    assertEquals(error.issues[0]?.path, ["command", "args", 1]);
    assertEquals(inCommand.envelope?.status, "not_started");
    const bare = test.execute(session, shellCommand("widen"), { path: [] });
    const bareError = await assertRejects(() => bare.answer, InvalidParamsError);
    assertEquals(bareError.issues[0]?.path, ["args", 1]);
  }
});
