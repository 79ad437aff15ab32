import { assertEquals, assertRejects } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import type { ProcessControl } from "../../src/runtimes/runtime.ts";
import { settled } from "../sessions/fake_clock.ts";
import { endless, exit, type ProgramRun } from "../sessions/fake_runtime.ts";
import { TestMethods, type TestPeer } from "./test_methods.ts";

const command = {
  type: "execute_shell" as const,
  commandName: "held",
  args: ["a"],
  background: true,
};

/** A session with a process whose output and end are the test's. */
async function setUp(control: Partial<ProcessControl> = {}) {
  const test = new TestMethods();
  const sessionId = await test.session();
  const { promise, resolve: end } = Promise.withResolvers<number>();
  let run: ProgramRun | undefined;
  test.runtime.programs.set("held", async (started) => {
    run = started;
    started.start(control);
    return exit(await promise);
  });
  const start = (peer: TestPeer, options: { stream?: boolean } = {}) =>
    peer.call("session.execute", { sessionId, command, executionId: "p", ...options });
  const print = (text: string) => run?.print(text);
  return { test, sessionId, start, print, end, peer: test.peer };
}

Deno.test("session.execute() in the background answers, then sends output and the end", async () => {
  const { test, sessionId, start, print, end, peer } = await setUp();
  await using _test = test;
  peer.told.length = 0;
  const { result, success } = await start(peer, { stream: true });
  assertEquals([result, success], [{ processId: "p", pid: 1234 }, true]);
  print("one");
  await settled();
  print("two");
  await test.clock.advance(20);
  end(3);
  await settled();
  const where = { sessionId, processId: "p" };
  assertEquals(peer.told, [
    ["answer", "session.execute"],
    ["process.output", { ...where, stream: "stdout", data: "onetwo", seq: 0 }],
    ["process.exit", { ...where, status: "nonzero_exit", exitCode: 3 }],
  ]);
});

Deno.test("session.execute() tells also of a process that ended at once, and not of none", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const { peer } = test;
  test.runtime.programs.set("missing", () => ({ cause: "not_started", exitCode: null }));
  peer.told.length = 0;
  for (const commandName of ["quick", "missing"]) {
    const execute = { sessionId, command: { ...command, commandName }, stream: true };
    await peer.call("session.execute", execute);
    await settled();
  }
  assertEquals(peer.told.map(([method]) => method), [
    ...["answer", "process.output", "process.exit"],
    "answer",
  ]);
});

Deno.test("process.list() and get() tell what a process is and what became of it", async () => {
  const { test, sessionId, start, end, peer } = await setUp();
  await using _test = test;
  await start(peer);
  const described = {
    processId: "p",
    sessionId,
    pid: 1234,
    command: "held",
    args: ["a"],
    state: "running" as const,
    startedAt: "2025-10-27T12:00:00.000Z",
  };
  assertEquals(await peer.call("process.list", { sessionId }), {
    count: 1,
    processes: [described],
  });
  assertEquals(await peer.call("process.get", { processId: "p" }), described);
  end(0);
  await settled();
  const { result, ...rest } = await peer.call("process.get", { processId: "p", sessionId });
  const ended = { ...described, state: "ended", status: "ok", exitCode: 0, endedAt: rest.endedAt };
  assertEquals(rest, ended as typeof rest);
  assertEquals([result?.success, result?.executionId], [true, "p"]);
  assertEquals((await peer.call("process.list", { sessionId })).processes, [rest]);
  const same = await peer.call("execution.get", { executionId: "p" });
  assertEquals([same.status, same.result], ["ok", result]);
});

Deno.test("process.write(), closeStdin() and signal() reach the program", async () => {
  const calls: unknown[] = [];
  const { test, start, end, peer } = await setUp({
    write: (bytes) => Promise.resolve(void calls.push([...bytes])),
    closeStdin: () => Promise.resolve(void calls.push("close")),
    signal: (...signal) => Promise.resolve(void calls.push(signal)),
  });
  await using _test = test;
  const processId = "p";
  // Nobody need wait for the start.
  const started = start(peer);
  const written = peer.call("process.write", { processId, data: "ä" });
  await started;
  assertEquals(await written, { processId, bytes: 2 });
  await peer.call("process.write", { processId, data: "/wA=", encoding: "base64" });
  await peer.call("process.signal", { processId, signal: "SIGWINCH" });
  await peer.call("process.signal", { processId, signal: "SIGINT", target: "group" });
  assertEquals(await peer.call("process.closeStdin", { processId }), { processId, closed: true });
  assertEquals(calls, [
    [0xc3, 0xa4],
    [0xff, 0],
    ["SIGWINCH", "process"],
    ["SIGINT", "group"],
    "close",
  ]);
  await assertRejects(
    () => peer.call("process.write", { processId, data: "?", encoding: "base64" }),
    InvalidParamsError,
  );
  end(0);
  await settled();
  for (const call of [peer.call("process.closeStdin", { processId })]) {
    assertEquals((await assertRejects(() => call, SandboxError)).code, "process_ended");
  }
});

Deno.test("process.write() refuses where the command had its stdin", async () => {
  const { test, sessionId, peer } = await setUp();
  await using _test = test;
  const given = { ...command, stdin: "all of it" };
  await peer.call("session.execute", { sessionId, command: given, executionId: "p" });
  const write = () => peer.call("process.write", { processId: "p", data: "x" });
  assertEquals((await assertRejects(write, SandboxError)).code, "stdin_closed");
});

Deno.test("process.wait() and waitFor() answer with the result at the end", async () => {
  const { test, start, print, end, peer } = await setUp();
  await using _test = test;
  await start(peer);
  const processId = "p";
  const early = peer.call("process.wait", { processId, timeoutMs: 10 });
  await test.clock.advance(10);
  assertEquals(await early, { processId, ended: false });
  const line = peer.call("process.waitFor", { processId, pattern: "^re" });
  print("ready\n");
  await test.clock.advance(20);
  assertEquals(await line, { processId, ready: true, line: "ready" });
  const waits = [
    peer.call("process.wait", { processId }),
    peer.call("process.waitFor", { processId }),
  ];
  end(1);
  const [waited, waitedFor] = await Promise.all(waits);
  const { result } = await peer.call("process.get", { processId });
  assertEquals(waited, { processId, ended: true, result });
  assertEquals(waitedFor, { processId, ready: true, result });
});

Deno.test("process.attach() goes on where it was left, on any connection, each told once", async () => {
  const { test, sessionId, start, print, end, peer } = await setUp();
  await using _test = test;
  await start(peer, { stream: true });
  await settled();
  print("a");
  const other = test.connect("p2");
  const attached = await other.call("process.attach", { processId: "p" });
  const chunk = { stream: "stdout" as const, data: "a", seq: 0 };
  assertEquals(attached, {
    processId: "p",
    sessionId,
    state: "running",
    chunks: [chunk],
    nextSeq: 1,
    droppedChunks: 0,
  });
  peer.drop();
  await other.call("process.attach", { processId: "p", seq: 1 });
  other.told.length = 0;
  print("b");
  await test.clock.advance(20);
  end(0);
  await settled();
  const where = { sessionId, processId: "p" };
  assertEquals(other.told, [
    ["process.output", { ...where, stream: "stdout", data: "b", seq: 1 }],
    ["process.exit", { ...where, status: "ok", exitCode: 0 }],
  ]);
  const later = await other.call("process.attach", { processId: "p", seq: 1 });
  assertEquals([later.state, later.chunks.map(({ data }) => data)], ["ended", ["b"]]);
  assertEquals(later.result?.status, "ok");
  await settled();
  assertEquals(other.told.at(-1), ["answer", "process.attach"]);
});

Deno.test("process.attach() sends no more than a slow connection takes", async () => {
  const { test, start, print, end, peer } = await setUp();
  await using _test = test;
  await start(peer);
  await peer.call("process.attach", { processId: "p" });
  peer.told.length = 0;
  peer.hasRoom = false;
  for (let i = 0; i < 20; i++) {
    print("x".repeat(100));
    await test.clock.advance(20);
  }
  assertEquals(peer.told, []);
  peer.hasRoom = true;
  await test.clock.advance(20);
  const dropped = peer.told.map(([, params]) => (params as { droppedBytes?: number }).droppedBytes)
    .filter((bytes) => bytes !== undefined);
  assertEquals(dropped.length, 1);
  assertEquals(peer.told.length * 100 + dropped[0]!, 2000);
  end(0);
});

Deno.test("process methods know no other execution, and none of another caller", async () => {
  const { test, sessionId, start, peer } = await setUp();
  await using _test = test;
  await start(peer);
  test.runtime.programs.set("endless", endless);
  const code = { type: "execute_code", code: "endless" } as const;
  peer.call("session.execute", { sessionId, command: code, executionId: "e" }).catch(() => {});
  const stranger = test.connect("p2", "stranger");
  for (const [who, processId] of [[peer, "e"], [peer, "nobody"], [stranger, "p"]] as const) {
    const calls = [
      who.call("process.get", { processId }),
      who.call("process.write", { processId, data: "" }),
      who.call("process.closeStdin", { processId }),
      who.call("process.signal", { processId, signal: "SIGTERM" }),
      who.call("process.wait", { processId }),
      who.call("process.waitFor", { processId }),
      who.call("process.attach", { processId }),
    ];
    for (const call of calls) {
      assertEquals((await assertRejects(() => call, SandboxError)).code, "process_not_found");
    }
  }
});

/** A session with a program at a terminal. */
async function setUpTerminal(peerOptions: Partial<ProcessControl> = {}) {
  const place = await setUp(peerOptions);
  const terminal = { ...command, pty: true, cols: 40, rows: 10 };
  const startTerminal = () =>
    place.peer.call("session.execute", {
      sessionId: place.sessionId,
      command: terminal,
      executionId: "p",
    });
  return { ...place, startTerminal };
}

Deno.test("process.resize() changes the size of a terminal, and only that", async () => {
  const sizes: unknown[] = [];
  const resize = (size: unknown) => Promise.resolve(void sizes.push(size));
  const { test, startTerminal, end, peer } = await setUpTerminal({ resize });
  await using _test = test;
  await startTerminal();
  assertEquals((await peer.call("process.get", { processId: "p" })).terminal, {
    cols: 40,
    rows: 10,
  });
  const size = { cols: 132, rows: 50 };
  assertEquals(await peer.call("process.resize", { processId: "p", ...size }), {
    processId: "p",
    ...size,
  });
  assertEquals(sizes, [size]);
  assertEquals((await peer.call("process.get", { processId: "p" })).terminal, size);
  end(0);
  await settled();
  const ended = () => peer.call("process.resize", { processId: "p", ...size });
  assertEquals((await assertRejects(ended, SandboxError)).code, "process_ended");
});

Deno.test("process.resize() and a screen are refused where there is no terminal", async () => {
  const { test, start, end, peer } = await setUp();
  await using _test = test;
  await start(peer);
  const resize = () => peer.call("process.resize", { processId: "p", cols: 1, rows: 1 });
  assertEquals((await assertRejects(resize, SandboxError)).code, "not_supported");
  const attach = () => peer.call("process.attach", { processId: "p", screen: true });
  assertEquals((await assertRejects(attach, SandboxError)).code, "not_supported");
  end(0);
});

Deno.test("process.attach() answers with the screen of a terminal, then sends what follows", async () => {
  const { test, sessionId, startTerminal, print, end } = await setUpTerminal();
  await using _test = test;
  await startTerminal();
  print("old\r\n\x1b[1mnew");
  await test.clock.advance(20);
  const other = test.connect("p2");
  const answer = other.call("process.attach", { processId: "p" });
  await passing(test, answer);
  const { screen, chunks, nextSeq, droppedChunks } = await answer;
  assertEquals(screen, { cols: 40, rows: 10, data: "old\r\n\x1b[1mnew", seq: 1 });
  assertEquals([chunks, nextSeq, droppedChunks], [[], 1, 0]);
  print(" and more");
  await test.clock.advance(20);
  end(0);
  await settled();
  const where = { sessionId, processId: "p" };
  assertEquals(other.told, [
    ["answer", "process.attach"],
    ["process.output", { ...where, stream: "stdout", data: " and more", seq: 1 }],
    ["process.exit", { ...where, status: "ok", exitCode: 0 }],
  ]);
  const after = other.call("process.attach", { processId: "p" });
  await passing(test, after);
  assertEquals((await after).screen?.data, "old\r\n\x1b[1mnew and more");
  const raw = await other.call("process.attach", { processId: "p", seq: 1 });
  assertEquals([raw.screen, raw.chunks.map(({ data }) => data)], [undefined, [" and more"]]);
  const all = await other.call("process.attach", { processId: "p", screen: false });
  assertEquals([all.screen, all.chunks.length], [undefined, 2]);
});

/** Lets time pass until something is answered. */
async function passing(test: TestMethods, answer: Promise<unknown>): Promise<void> {
  let isAnswered = false;
  void answer.finally(() => isAnswered = true);
  while (!isAnswered) await test.clock.advance(20);
}
