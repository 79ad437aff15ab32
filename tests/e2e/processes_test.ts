import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import { descendants, survivors } from "../testutil/process_tree.ts";
import { requirement } from "../testutil/requirement.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { startServer } from "../testutil/server_process.ts";
import { queryEnv, sharedServer } from "../testutil/shared_server.ts";
import { TestProcess, textOf } from "../testutil/test_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";

const server = sharedServer({
  env: { CODEBEAKER_MAX_PROCESSES: "3", ...queryEnv(import.meta.url) },
});
const bubblewrap = await requirement("bubblewrap");

const FILES = {
  "ticks.ts": `
let count = 0;
console.log("ready to tick");
setInterval(() => console.log("tick " + count++), 20);`,
  "echo.ts": `
console.log("pid", Deno.pid);
for await (const bytes of Deno.stdin.readable) await Deno.stdout.write(bytes);
console.log("end of input");`,
  "signals.ts": `
for (const name of ["SIGINT", "SIGUSR1"] as const) {
  Deno.addSignalListener(name, () => console.log("got", name));
}
console.log("listening");
setInterval(() => {}, 1000);`,
  "count.ts": `
for (let i = 0; i < 3000; i++) {
  console.log("line " + i + " " + "ä🦕".repeat(5));
  if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}`,
  "fails.ts": `console.log("starting"); console.error("no luck"); Deno.exit(4);`,
};

interface Place {
  client: RpcClient;
  session: TestSession;
  /** Starts a file in the background. */
  run(file: keyof typeof FILES, options?: Parameters<typeof TestProcess.start>[3]): Promise<
    TestProcess
  >;
}

function withSession(run: (place: Place) => Promise<void>): () => Promise<void> {
  return async () => {
    await using client = await server.connect();
    await using session = await TestSession.open(client, { files: FILES });
    await run({
      client,
      session,
      run: (file, options) => TestProcess.start(client, session, ["deno", "run", file], options),
    });
  };
}

Deno.test(
  "a process runs on beside commands, which end nothing of it",
  withSession(async ({ client, session, run }) => {
    const process = await run("ticks.ts");
    assertEquals((await process.waitFor({ pattern: "^ready" })).line, "ready to tick");
    for (let i = 0; i < 3; i++) {
      const read = "console.log(Deno.readTextFileSync('fails.ts'))";
      assertEquals(await session.output(read), FILES["fails.ts"]);
      await session.write(`made${i}`, "x");
      assertEquals(await session.read(`made${i}`), "x");
    }
    const { usage } = await client.request("session.get", { sessionId: session.id });
    assertEquals(usage, { queuedCommands: 0, runningCommands: 0, processes: 1 });
    const { nextSeq } = await process.attach({ stream: false });
    assert((await process.get()).state === "running");
    await until(
      async () => (await process.attach({ stream: false })).nextSeq > nextSeq,
      10_000,
      "a tick",
    );
    const { count, processes } = await client.request("process.list", { sessionId: session.id });
    const [{ command, args, state }] = processes as [typeof processes[number]];
    assertEquals([count, command, args, state], [1, "deno", ["run", "ticks.ts"], "running"]);
    const { cancelled } = await client.request("session.cancel", {
      sessionId: session.id,
      executionId: process.id,
    });
    assertEquals([cancelled, (await process.end()).status], [[process.id], "cancelled"]);
    assertEquals(await session.output("console.log('next')"), "next");
  }),
);

Deno.test(
  "process.write() and closeStdin() feed a process, byte for byte",
  withSession(async ({ run }) => {
    const process = await run("echo.ts");
    const { line } = await process.waitFor({ pattern: "^pid" });
    assertEquals(line, `pid ${process.pid}`);
    const text = "ä🦕\n".repeat(50_000);
    for (const part of ["one\n", text, "two\n"]) await process.write(part);
    await process.closeStdin();
    const { status, exitCode, stdoutBytes } = await process.end();
    const said = new TextEncoder().encode(`${line}\none\n${text}two\nend of input\n`).length;
    assertEquals([status, exitCode, stdoutBytes], ["ok", 0, said]);
  }),
);

Deno.test(
  "stdin of a command in the background is all of its input",
  withSession(async ({ client, run }) => {
    const process = await run("echo.ts", { stdin: "given" });
    assertEquals((await process.waitFor({ pattern: "given" })).line, "givenend of input");
    await process.end();
    const { data } = await client.requestError("process.write", {
      processId: process.id,
      data: "",
    });
    assertEquals(data.reason, "process_ended");
  }),
);

Deno.test(
  "process.signal() reaches the program, which may handle it or not",
  withSession(async ({ run }) => {
    const process = await run("signals.ts", { stream: true });
    await process.waitFor({ pattern: "listening" });
    await process.signal("SIGINT");
    await process.waitFor({ pattern: "got SIGINT" });
    await process.signal("SIGUSR1", "group");
    await process.waitFor({ pattern: "got SIGUSR1" });
    assertEquals((await process.get()).state, "running");
    await process.signal("SIGTERM");
    const { status, signal, exitCode } = await process.end();
    assertEquals([status, signal, exitCode], ["signaled", "SIGTERM", null]);
    const { status: told, signal: name, exitCode: code } = await process.exit();
    assertEquals([told, name, code], ["signaled", "SIGTERM", null]);
    assertEquals(textOf(process.sent()), "listening\ngot SIGINT\ngot SIGUSR1\n");
  }),
);

Deno.test(
  "process.attach() gives the same output through ten connections, and after the end",
  withSession(async ({ session, run }) => {
    const process = await run("count.ts");
    const chunks: OutputChunk[] = [];
    for (let cut = 0; cut < 10; cut++) {
      const other = await server.connect();
      const seen = process.seenBy(other);
      const replay = await seen.attach({ seq: chunks.length });
      assertEquals(replay.droppedChunks, 0);
      chunks.push(...replay.chunks);
      if (cut < 9) await until(() => seen.sent().length >= 2, 10_000, "more output");
      else await seen.exit();
      chunks.push(...seen.sent());
      await other.close();
    }
    const expected = Array.from({ length: 3000 }, (_, i) => `line ${i} ${"ä🦕".repeat(5)}\n`);
    assertEquals(textOf(chunks), expected.join(""));
    assertEquals(chunks.map(({ seq }) => seq), chunks.map((_, index) => index));
    const after = await process.attach({ seq: 0 });
    assertEquals([after.state, after.result?.status], ["ended", "ok"]);
    assertEquals(after.chunks, chunks);
    assertEquals(await session.output("console.log('next')"), "next");
  }),
);

Deno.test(
  "process.waitFor() says what stands in the way",
  withSession(async ({ client, run }) => {
    const fails = await run("fails.ts");
    const wait = { processId: fails.id, pattern: "never", timeoutMs: 20_000 };
    const early = await client.requestError("process.waitFor", wait);
    assertEquals([early.code, early.data.reason], [-32009, "exited_before_ready"]);
    assertStringIncludes(early.message, "exited before ready: it ended with exit code 4");
    assertEquals((early.data.result as { exitCode: number }).exitCode, 4);
    assertEquals((await fails.waitFor()).result?.exitCode, 4);
    const ticks = await run("ticks.ts");
    const late = await client.requestError("process.waitFor", {
      processId: ticks.id,
      pattern: "never",
      timeoutMs: 50,
    });
    assertEquals([late.code, late.data.reason], [-32009, "timed_out"]);
    const port = await client.requestError("process.waitFor", { processId: ticks.id, port: 80 });
    assertEquals([port.code, port.data.reason], [-32009, "not_supported"]);
    const bad = await client.requestError("process.waitFor", { processId: ticks.id, pattern: "(" });
    assertEquals(bad.code, -32602);
    const both = { processId: ticks.id, pattern: "x", port: 1 };
    assertEquals((await client.requestError("process.waitFor", both)).code, -32602);
  }),
);

Deno.test(
  "a process that cannot be started, or is one too many, is refused",
  withSession(async ({ client, session, run }) => {
    const command = { type: "execute_shell", commandName: "ls", background: true } as const;
    const { success, status, result } = await session.execute(command);
    assertEquals([success, status, result], [false, "not_started", null]);
    const processes = [await run("ticks.ts"), await run("ticks.ts"), await run("ticks.ts")];
    const params = { sessionId: session.id, command: { ...command, commandName: "deno" } };
    const error = await client.requestError("session.execute", params);
    assertEquals([error.code, error.data.reason], [-32002, "process_limit_reached"]);
    await processes[0]!.signal("SIGKILL");
    const { status: ended, signal } = await processes[0]!.end();
    assertEquals([ended, signal], ["signaled", "SIGKILL"]);
    await run("echo.ts");
  }),
);

Deno.test("timeoutMs bounds a process, and without it nothing does", async () => {
  await using short = await startServer({
    env: { CODEBEAKER_DEFAULT_TIMEOUT_MS: "3000", CODEBEAKER_MAX_TIMEOUT_MS: "3000" },
  });
  await using client = await RpcClient.connect(short.wsUrl);
  await using session = await TestSession.open(client, { files: FILES });
  const free = await TestProcess.start(client, session, ["deno", "run", "ticks.ts"]);
  const options = { timeoutMs: 3500 };
  const bounded = await TestProcess.start(client, session, ["deno", "run", "ticks.ts"], options);
  const wait = { processId: bounded.id, timeoutMs: 3000 };
  let waited = await client.request("process.wait", wait);
  if (!waited.ended) waited = await client.request("process.wait", wait);
  const { status, limit } = waited.result!;
  assertEquals([status, limit?.configured], ["timeout", 3500]);
  assertEquals((await free.get()).state, "running");
});

Deno.test("session.close() ends every process of the session", async () => {
  await using client = await server.connect();
  const session = await TestSession.open(client, { files: FILES });
  const processes = [];
  for (let i = 0; i < 3; i++) {
    const command = ["deno", "run", "ticks.ts"] as const;
    const process = await TestProcess.start(client, session, command, { stream: true });
    // From its first word on it is deno and no longer the shell that becomes it.
    await process.waitFor({ pattern: "." });
    processes.push(process);
  }
  const left = async () =>
    (await descendants(server.process.pid)).filter(({ name }) =>
      name === "bwrap" || name === "deno"
    );
  const before = await left();
  assert(before.length >= 3);
  await session[Symbol.asyncDispose]();
  for (const process of processes) {
    assertEquals((await process.exit()).status, "cancelled");
    assertEquals((await process.get()).state, "ended");
  }
  // Spares may have come and gone meanwhile; none of what ran is left.
  const running = await survivors(before);
  const stuck = await client.requestError("process.list", { sessionId: session.id });
  assertEquals(stuck.data.reason, "session_not_found");
  assert(running.length <= before.length - 3, JSON.stringify(running));
});

Deno.test({
  name: "a process tree of programs is gone after a signal to its group, and after cancel",
  ...bubblewrap,
  async fn() {
    await using trusted = await startServer({
      allowAll: true,
      env: { CODEBEAKER_DENO_ALLOW_RUN: "true" },
    });
    await using client = await RpcClient.connect(trusted.wsUrl);
    await using session = await TestSession.open(client, { permissions: { allowRun: true } });
    const script = "sh -c 'sh -c \"sleep 1000 & echo deep; wait\" & wait' & echo $$ started; wait";
    const sleepers = async () =>
      (await descendants(trusted.pid)).filter(({ name }) => name === "sleep");
    for (const end of ["signal", "process", "cancel"] as const) {
      const process = await TestProcess.start(client, session, ["sh", "-c", script]);
      const { line } = await process.waitFor({ pattern: "started$" });
      assertEquals(line, `${process.pid} started`);
      await process.waitFor({ pattern: "^deep$" });
      // Forked before "deep" was said, and sleep a moment later.
      await until(async () => (await sleepers()).length === 1, 10_000, "the sleep");
      const started = await sleepers();
      if (end === "cancel") {
        await client.request("session.cancel", { sessionId: session.id });
      } else {
        await process.signal("SIGTERM", end === "signal" ? "group" : "process");
      }
      const { status } = await process.end();
      assertEquals(status, end === "cancel" ? "cancelled" : "signaled");
      const areGone = async () => (await survivors(started)).length === 0;
      await until(areGone, 1000, "the last of the processes");
    }
    const stopped = await TestProcess.start(client, session, [
      "sh",
      "-c",
      "trap 'echo hup' HUP; while :; do sleep 0.05; done",
    ]);
    await stopped.signal("SIGSTOP");
    await stopped.signal("SIGHUP");
    await stopped.signal("SIGCONT");
    await stopped.waitFor({ pattern: "hup" });
    const missing = await session.execute({
      type: "execute_shell",
      commandName: "no-such-program",
      background: true,
    });
    assertEquals([missing.success, missing.status], [false, "not_started"]);
    const quick = await TestProcess.start(client, session, ["true"], { stream: true });
    assertEquals((await quick.end()).status, "ok");
    assertMatch(String((await quick.exit()).status), /^ok$/);
  },
});

Deno.test(
  "a terminal is refused in a Deno session, with the reason",
  withSession(async ({ client, session }) => {
    for (const background of [false, true]) {
      const command = { type: "execute_shell", commandName: "deno", background, pty: true };
      const params = { sessionId: session.id, command };
      const { code, data, message } = await client.requestError("session.execute", params);
      assertEquals([code, data.reason], [-32009, "not_supported"]);
      assertStringIncludes(message, "a docker session has terminals");
    }
    const batch = {
      type: "batch" as const,
      commands: [{ type: "execute_shell" as const, commandName: "deno", pty: true }],
    };
    const { success, error } = await session.execute(batch);
    assertEquals(success, false);
    assertStringIncludes(error ?? "", "a docker session has terminals");
  }),
);
