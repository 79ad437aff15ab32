import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import { settled } from "../sessions/fake_clock.ts";
import { exit } from "../sessions/fake_runtime.ts";
import { TestMethods } from "./test_methods.ts";

Deno.test("execution.run() makes a session, runs code in it and closes it", async () => {
  await using test = new TestMethods();
  test.runtime.programs.set("sum", ({ spec, print }) => {
    print(JSON.stringify([spec.args, spec.env, spec.stdin]));
    return exit();
  });
  const { result, success } = await test.peer.call("execution.run", {
    language: "deno",
    code: "sum",
    args: ["x"],
    env: { A: "1" },
    stdin: "in",
    files: { "f.ts": "content" },
    memoryLimitMB: 64,
  });
  assertEquals([success, result], [true, '[["x"],{"A":"1"},"in"]']);
  const [sandbox] = test.runtime.sandboxes;
  assertEquals([sandbox?.files.content.has("f.ts"), sandbox?.spec.memoryLimitMB], [true, 64]);
  assertEquals([sandbox?.disposals, test.manager.size], [1, 0]);
  assertEquals(test.peer.told, [["answer", "execution.run"]]);
});

Deno.test("execution.run() closes its session also when it fails", async () => {
  await using test = new TestMethods();
  test.runtime.programs.set("bad", () => ({ cause: "exited", exitCode: 3 }));
  const { success, status } = await test.peer.call("execution.run", {
    language: "deno",
    code: "bad",
  });
  assertEquals([success, status], [false, "nonzero_exit"]);
  test.runtime.programs.set("refused", () => {
    throw new InvalidParamsError([{ path: ["command", "args", 0], message: "Not allowed" }]);
  });
  const error = await assertRejects(
    () => test.peer.call("execution.run", { language: "deno", code: "refused" }),
    InvalidParamsError,
  );
  assertEquals(error.issues[0]?.path, ["args", 0]);
  assertEquals(test.runtime.sandboxes.map(({ disposals }) => disposals), [1, 1]);
  assertEquals(test.manager.size, 0);
});

Deno.test("execution.run() checks what it can before it makes a session", async () => {
  await using test = new TestMethods();
  const run = { language: "deno", code: "x" };
  await test.peer.call("execution.run", { ...run, executionId: "used" });
  const refused = [
    { ...run, code: "x".repeat(101) },
    { ...run, timeoutMs: 600_001 },
    { ...run, executionId: "used" },
  ];
  for (const params of refused) {
    await assertRejects(() => test.peer.call("execution.run", params), SandboxError);
  }
  assertEquals(test.runtime.sandboxes.length, 1);
});

Deno.test("execution.run() streams its output", async () => {
  await using test = new TestMethods();
  await test.peer.call("execution.run", { language: "deno", code: "hello", stream: true });
  const [[method, output] = [], answer] = test.peer.told;
  assertEquals(method, "session.output");
  assertEquals((output as { data: string }).data, "hello\n");
  assertEquals(answer, ["answer", "execution.run"]);
});

Deno.test("execution.get() follows an execution from the queue to its end", async () => {
  await using test = new TestMethods({ maxConcurrentExecutions: 1 });
  const sessionId = await test.session();
  const { promise, resolve } = Promise.withResolvers<void>();
  test.runtime.programs.set("slow", async () => {
    await promise;
    return exit();
  });
  const command = { type: "execute_code", code: "slow" } as const;
  const answers = ["a", "b"].map((executionId) =>
    test.peer.call("session.execute", { sessionId, command, executionId })
  );
  await settled();
  const get = (executionId: string) => test.peer.call("execution.get", { executionId, sessionId });
  const identity = { sessionId, command: "execute_code" };
  assertEquals(await get("a"), {
    executionId: "a",
    ...identity,
    state: "running",
    startedAt: "2025-10-27T12:00:00.000Z",
  });
  assertEquals(await get("b"), { executionId: "b", ...identity, state: "queued" });
  await test.clock.advance(1000);
  resolve();
  const [result] = await Promise.all(answers);
  assertEquals(await get("a"), {
    executionId: "a",
    ...identity,
    state: "ended",
    status: "ok",
    startedAt: "2025-10-27T12:00:00.000Z",
    endedAt: "2025-10-27T12:00:01.000Z",
    result: result!,
  });
  await test.clock.advance(600_000);
  const error = await assertRejects(() => get("a"), SandboxError, "Execution not found: a");
  assertEquals(error.code, "execution_not_found");
});

Deno.test("execution.attach() replays from a number on and goes on with what follows", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const steps = [1, 2, 3].map(() => Promise.withResolvers<void>());
  test.runtime.programs.set("count", async ({ print }) => {
    for (const [i, { promise }] of steps.entries()) {
      print(`${i}`);
      await promise;
    }
    return exit();
  });
  const command = { type: "execute_code", code: "count" } as const;
  const execute = { sessionId, command, stream: true, executionId: "e" };
  const answer = test.peer.call("session.execute", execute);
  await test.clock.advance(100);
  steps[0]!.resolve();
  await test.clock.advance(100);
  test.peer.drop();

  const other = test.connect("p2");
  const attached = await other.call("execution.attach", { executionId: "e", seq: 1 });
  assertEquals(attached, {
    executionId: "e",
    sessionId,
    state: "running",
    chunks: [{ stream: "stdout", data: "1", seq: 1 }],
    nextSeq: 2,
    droppedChunks: 0,
  });
  const silent = test.connect("p3");
  await silent.call("execution.attach", { executionId: "e", stream: false });
  steps[1]!.resolve();
  steps[2]!.resolve();
  const result = await answer;
  assertEquals(other.told.filter(([method]) => method === "session.output"), [[
    "session.output",
    { sessionId, executionId: "e", stream: "stdout", data: "2", seq: 2 },
  ]]);
  assertEquals(silent.told, [["answer", "execution.attach"]]);
  const after = await other.call("execution.attach", { executionId: "e" });
  assertEquals([after.state, after.nextSeq, after.result], ["ended", 3, result]);
  assertEquals(after.chunks.map(({ data }) => data), ["0", "1", "2"]);
});

Deno.test("execution.attach() says how much is no longer kept", async () => {
  await using test = new TestMethods({ maxOutputBytes: 1000 });
  const sessionId = await test.session();
  test.runtime.programs.set("flood", async ({ print }) => {
    for (let i = 0; i < 30; i++) {
      print("x".repeat(30));
      await new Promise<void>((resolve) => test.clock.after(20, resolve));
    }
    return exit();
  });
  const command = { type: "execute_code", code: "flood" } as const;
  const execute = { sessionId, command, stream: true, executionId: "e" };
  const answer = test.peer.call("session.execute", execute);
  await test.clock.advance(1000);
  await answer;
  const { chunks, droppedChunks, nextSeq } = await test.peer.call("execution.attach", {
    executionId: "e",
  });
  assert(droppedChunks > 0 && chunks.length > 0);
  assertEquals(droppedChunks + chunks.length, nextSeq);
  const behind = chunks.find(({ seq }, index) => seq !== index);
  assertEquals([chunks[0]?.seq, behind?.droppedBytes], [0, droppedChunks * 30]);
  assertEquals(chunks.at(-1)?.seq, nextSeq - 1);
});

Deno.test("execution.get() and attach() hide what is another caller's", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const command = { type: "execute_code", code: "x" } as const;
  await test.peer.call("session.execute", { sessionId, command, executionId: "e" });
  const stranger = test.connect("p2", "stranger");
  for (const method of ["execution.get", "execution.attach"] as const) {
    const error = await assertRejects(
      () => stranger.call(method, { executionId: "e" }),
      SandboxError,
    );
    assertEquals([error.code, error.message], ["execution_not_found", "Execution not found: e"]);
  }
});

Deno.test("methods tell nothing to a peer that hears nothing", async () => {
  await using test = new TestMethods();
  const deaf = test.connect("http", "anonymous", false);
  const sessionId = await test.session(deaf);
  const command = { type: "execute_code", code: "x" } as const;
  await deaf.call("session.execute", { sessionId, command, stream: true });
  await deaf.call("session.close", { sessionId });
  assertEquals(deaf.told.filter(([method]) => method !== "answer"), []);
});
