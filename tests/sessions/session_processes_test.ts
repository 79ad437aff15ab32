import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { Execution } from "../../src/sessions/execution.ts";
import { isProcess, type ProcessExecution } from "../../src/sessions/process_execution.ts";
import type { Session } from "../../src/sessions/session.ts";
import type { ExecuteOptions } from "../../src/sessions/session_manager.ts";
import { settled } from "./fake_clock.ts";
import { endless, exit, type Program, type ProgramRun } from "./fake_runtime.ts";
import { shellCommand, TestManager } from "./test_manager.ts";

const MINUTE = 60_000;
const FOREVER = new AbortController().signal;

/** A program that runs until it is stopped, in the background. */
const server: Program = (run) => {
  run.start({ pid: 42 });
  return endless(run);
};

class Processes extends TestManager {
  /** Starts a program of the sandbox in the background. */
  begin(session: Session, name: string, options: ExecuteOptions = {}): ProcessExecution {
    const command = { ...shellCommand(name), background: true };
    return asProcess(this.execute(session, command, options));
  }

  /** Starts one whose end and output are the test's. */
  async beginHeld(session: Session, options: ExecuteOptions = {}) {
    let run: ProgramRun | undefined;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.runtime.programs.set("held", async (started) => {
      run = started;
      started.start();
      return exit(await promise);
    });
    const process = this.begin(session, "held", options);
    await process.answer;
    return { process, print: (text: string) => run?.print(text), end: resolve };
  }

  waitFor(
    process: ProcessExecution,
    wanted: Parameters<TestManager["manager"]["processes"]["waitUntilReady"]>[1],
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ) {
    const { processes } = this.manager;
    return processes.waitUntilReady(process, wanted, { signal: FOREVER, ...options });
  }
}

function asProcess(execution: Execution): ProcessExecution {
  assert(isProcess(execution));
  return execution;
}

function verdict({ success, status, exitCode }: CommandEnvelope) {
  return { success, status, exitCode };
}

Deno.test("a background command is answered when it has started, and the next one begins", async () => {
  await using test = new Processes({ maxConcurrentExecutions: 1 });
  const [session, { programs }] = await test.open();
  programs.set("server", server);
  const process = test.begin(session, "server", { executionId: "p" });
  const { result, success, status, error } = await process.answer;
  assertEquals([result, success, error], [{ processId: "p", pid: 42 }, true, null]);
  assertEquals(status, undefined, "it has no verdict yet");
  // It holds neither the queue nor a place among the programs.
  assertEquals((await test.code(session, "next").answer).result, "next");
  await settled();
  assertEquals(process.state, "running");
  assertEquals(session.details().usage, {
    queuedCommands: 0,
    runningCommands: 0,
    processes: 1,
  });
  assertEquals(session.cancel("p"), ["p"]);
  await process.ended;
  assertEquals(process.envelope?.status, "cancelled");
  assertEquals(session.details().usage.processes, 0);
});

Deno.test("a background command that cannot be started is answered with that", async () => {
  await using test = new Processes();
  const [session, { programs }] = await test.open();
  programs.set("missing", () => ({ cause: "not_started", exitCode: null, message: "No such" }));
  const { success, status, error, result } = await test.begin(session, "missing").answer;
  assertEquals([success, status, error, result], [false, "not_started", "No such", null]);
});

Deno.test("a background command waits for its turn, and can be stopped in the queue", async () => {
  await using test = new Processes();
  const [session, { programs }] = await test.open();
  programs.set("endless", endless);
  programs.set("server", server);
  const before = test.code(session, "endless");
  const process = test.begin(session, "server", { executionId: "p" });
  await settled();
  assertEquals([process.state, process.process.pid], ["queued", undefined]);
  assertEquals(session.cancel("p"), ["p"]);
  assertEquals(verdict(await process.answer).status, "cancelled");
  session.cancel();
  await before.answer;
});

Deno.test("a process has no time limit unless it is given one", async () => {
  await using test = new Processes({ defaultTimeoutMs: 1000, maxTimeoutMs: 2000 });
  const [session, { programs }] = await test.open();
  programs.set("server", server);
  programs.set("hangs", endless);
  const free = test.begin(session, "server");
  const bounded = test.begin(session, "server", { timeoutMs: 5 * MINUTE });
  await Promise.all([free.answer, bounded.answer]);
  await test.clock.advance(5 * MINUTE - 1);
  assertEquals([free.state, bounded.state], ["running", "running"]);
  await test.clock.advance(1);
  assertEquals([free.state, bounded.envelope?.status], ["running", "timeout"]);
  // What does not start holds up the session, so that has the usual time.
  const stuck = test.begin(session, "hangs");
  await test.clock.advance(1000);
  assertEquals((await stuck.answer).status, "timeout");
});

Deno.test("a session has so many processes and no more", async () => {
  await using test = new Processes({ maxProcesses: 2 });
  const [session, { programs }] = await test.open();
  programs.set("server", server);
  const [first] = [test.begin(session, "server"), test.begin(session, "server")];
  const refused = () => test.begin(session, "server", { executionId: "p" });
  assertEquals(assertThrows(refused, SandboxError).code, "process_limit_reached");
  await settled();
  assertEquals(assertThrows(refused, SandboxError).code, "process_limit_reached");
  session.cancel(first.id);
  await first.ended;
  await refused().answer;
  const [other] = await test.open();
  await test.begin(other, "server").answer;
});

Deno.test("a process does not keep its session from idling out, but who uses it does", async () => {
  await using test = new Processes();
  const [session, { programs }] = await test.open({ idleTimeoutMinutes: 10 });
  programs.set("server", server);
  const process = test.begin(session, "server");
  await process.answer;
  await settled();
  assertEquals(session.state, "Idle");
  await test.clock.advance(9 * MINUTE);
  test.manager.processes.use(process.id, test.user);
  await test.clock.advance(9 * MINUTE);
  assertEquals([session.state, process.state], ["Idle", "running"]);
  await test.clock.advance(MINUTE);
  assertEquals(test.connection.closed, [[session.id, "idle_timeout"]]);
  const { status, error } = process.envelope!;
  assertEquals(status, "cancelled");
  assert(error?.includes("idle timeout"), error ?? "");
});

Deno.test("the end of a session ends its processes, and says why", async () => {
  await using test = new Processes();
  const [closed, { programs }] = await test.open();
  programs.set("server", server);
  const [lost, sandbox] = await test.open();
  const processes = [test.begin(closed, "server"), test.begin(lost, "server")];
  await Promise.all(processes.map(({ answer }) => answer));
  await closed.close("client");
  sandbox.lose({ reason: "runtime_failure", message: "it is gone" });
  await processes[1]!.ended;
  assertEquals(processes.map(({ envelope }) => envelope?.status), ["cancelled", "session_lost"]);
});

Deno.test("shutdown() does not wait for processes in the background", async () => {
  await using test = new Processes();
  const [session, { programs }] = await test.open();
  programs.set("server", server);
  const running = test.begin(session, "server");
  await running.answer;
  const starting = test.begin(session, "server");
  await test.manager.shutdown(10_000);
  assertEquals([running, starting].map(({ envelope }) => envelope?.status), [
    "cancelled",
    "cancelled",
  ]);
});

Deno.test("SessionProcesses finds processes and nothing else", async () => {
  await using test = new Processes();
  const { processes } = test.manager;
  const [session, { programs }] = await test.open();
  programs.set("server", server);
  const [first, second] = [test.begin(session, "server"), test.begin(session, "quick")];
  const code = test.code(session, "x");
  await code.answer;
  assertEquals(processes.list(session), [first, second]);
  assertEquals(processes.get(first.id, test.user), first);
  for (
    const find of [
      () => processes.get(code.id, test.user),
      () => processes.get("nobody", test.user),
      () => processes.get(first.id, { caller: "stranger" }),
      () => processes.get(first.id, test.user, "another session"),
    ]
  ) {
    assertEquals(assertThrows(find, SandboxError).code, "process_not_found");
  }
});

Deno.test("SessionProcesses.wait() waits for the end, not forever, and ends nothing", async () => {
  await using test = new Processes();
  const { processes } = test.manager;
  const [session] = await test.open();
  const { process, end } = await test.beginHeld(session);
  const late = processes.wait(process, { timeoutMs: 100, signal: FOREVER });
  const patient = processes.wait(process, { signal: FOREVER });
  const gone = new AbortController();
  const left = processes.wait(process, { signal: gone.signal });
  await test.clock.advance(100);
  gone.abort();
  assertEquals([await late, await left, process.state], [false, false, "running"]);
  end(3);
  assertEquals(await patient, true);
  assertEquals(verdict(process.envelope!), {
    success: false,
    status: "nonzero_exit",
    exitCode: 3,
  });
  assertEquals(await processes.wait(process, { timeoutMs: 1, signal: FOREVER }), true);
  const asked = () => processes.wait(process, { timeoutMs: 600_001, signal: FOREVER });
  await assertRejects(asked, InvalidParamsError);
});

Deno.test("waitUntilReady() finds a line that was written, and one to come", async () => {
  await using test = new Processes();
  const [session] = await test.open();
  const { process, print, end } = await test.beginHeld(session);
  print("starting\nListening on 8080\n");
  const pattern = String.raw`^Listening on (\d+)$`;
  assertEquals(await test.waitFor(process, { pattern }), { line: "Listening on 8080" });
  const coming = test.waitFor(process, { pattern: "rea[d]y$" });
  print("not ready yet\nrea");
  await test.clock.advance(20);
  print("dy\r\n");
  await test.clock.advance(20);
  assertEquals(await coming, { line: "ready" });
  const last = test.waitFor(process, { pattern: "without end" });
  const other = assertRejects(
    () => test.waitFor(process, { pattern: "without end", stream: "stderr" }),
    SandboxError,
  );
  print("a line without end");
  await test.clock.advance(20);
  end(0);
  assertEquals(await last, { line: "a line without end" });
  assertEquals((await other).code, "exited_before_ready");
});

Deno.test("waitUntilReady() says how a process ended that was never ready", async () => {
  await using test = new Processes();
  const [session] = await test.open();
  const { process, end } = await test.beginHeld(session);
  const waits = [{ pattern: "ready" }, { port: 80 }].map((wanted) =>
    assertRejects(() => test.waitFor(process, wanted), SandboxError)
  );
  await test.clock.advance(100);
  end(3);
  for (const { code, message, data } of await Promise.all(waits)) {
    assertEquals(code, "exited_before_ready");
    assert(message.includes("exited before ready: it ended with exit code 3"), message);
    assertEquals(data["result"], process.envelope);
  }
  assertEquals(await test.waitFor(process, {}), { result: process.envelope! });
});

Deno.test("waitUntilReady() waits for a port, less often the longer it takes", async () => {
  await using test = new Processes();
  const [session, sandbox] = await test.open();
  const { process } = await test.beginHeld(session);
  let asked = 0;
  sandbox.isListening = (port) => {
    asked++;
    return Promise.resolve(sandbox.listening.has(port));
  };
  const ready = test.waitFor(process, { port: 8080 });
  await test.clock.advance(10_000);
  assert(asked > 10 && asked < 30, `${asked}`);
  sandbox.listening.add(8080);
  await test.clock.advance(1000);
  assertEquals(await ready, {});
});

Deno.test("waitUntilReady() gives up after its time, and when nobody waits", async () => {
  await using test = new Processes();
  const [session] = await test.open();
  const { process, print } = await test.beginHeld(session);
  const gone = new AbortController();
  const waits = [
    test.waitFor(process, { pattern: "x" }, { timeoutMs: 100 }),
    test.waitFor(process, { port: 1 }, { timeoutMs: 100 }),
    test.waitFor(process, {}, { timeoutMs: 100 }),
    test.waitFor(process, { pattern: "x" }, { signal: gone.signal }),
  ].map((wait) => assertRejects(() => wait, SandboxError));
  await test.clock.advance(100);
  gone.abort();
  assertEquals((await Promise.all(waits)).map(({ code }) => code), Array(4).fill("timed_out"));
  // Nobody listens any more.
  print("more\n");
  assertEquals(process.state, "running");
});

Deno.test("waitUntilReady() takes expressions that would keep others busy for ever", async () => {
  await using test = new Processes({ maxOutputBytes: 1024 * 1024 });
  const [session] = await test.open();
  const { process, print, end } = await test.beginHeld(session);
  print(`${"a".repeat(100_000)}\n${"a".repeat(30)}b\n`);
  assertEquals(await test.waitFor(process, { pattern: "^(a+)+$" }), {
    line: "a".repeat(16 * 1024),
  });
  assertEquals(await test.waitFor(process, { pattern: "^(a|a)*b$" }), {
    line: "a".repeat(30) + "b",
  });
  for (const pattern of ["(", "a{1001}", "(?=a)", String.raw`(a)\1`]) {
    await assertRejects(() => test.waitFor(process, { pattern }), InvalidParamsError);
  }
  end(0);
});
