import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import type { RpcClient } from "../testutil/rpc_client.ts";
import { TestProcess, textOf } from "../testutil/test_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";
import { docker, dockerServer, dockerWith } from "./docker_server.ts";

const engine = await dockerWith("codebeaker-python");
const server = dockerServer(engine, { env: { CODEBEAKER_MAX_PROCESSES: "3" } });

interface Place {
  client: RpcClient;
  session: TestSession;
  start(
    argv: readonly [string, ...string[]],
    options?: Parameters<typeof TestProcess.start>[3],
  ): Promise<TestProcess>;
}

function testWithSession(name: string, run: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ...engine,
    async fn() {
      await using client = await server.connect();
      await using session = await TestSession.open(client, { language: "python" });
      await run({
        client,
        session,
        start: (argv, options) => TestProcess.start(client, session, argv, options),
      });
    },
  });
}

async function shell(session: TestSession, script: string): Promise<string> {
  const { result, error } = await session.shell("sh", ["-c", script]);
  assert(result !== null, error ?? "");
  return (result as CommandResults["execute_shell"]).stdout.trim();
}

/** Processes in the container whose command line has a text in it. */
async function running(session: TestSession, text: string): Promise<number> {
  const found = await shell(
    session,
    `for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null; echo; done | grep -c '^${text}'`,
  );
  return Number(found);
}

testWithSession(
  "a server in the background is waited for by its port and serves other commands",
  async ({ client, session, start }) => {
    await session.write("page.txt", "hello");
    const process = await start(["python3", "-u", "-m", "http.server", "8123"], { stream: true });
    assertEquals(await process.waitFor({ port: 8123 }), { processId: process.id, ready: true });
    const { line } = await process.waitFor({ pattern: String.raw`port (\d+)` });
    assertStringIncludes(line!, "Serving HTTP");
    const fetchPage = "import urllib.request as r\n" +
      "print(r.urlopen('http://127.0.0.1:8123/page.txt').read().decode())";
    for (let i = 0; i < 3; i++) assertEquals(await session.output(fetchPage), "hello");
    assertEquals(await running(session, `python3 -u -m http.server`), 1);
    assertEquals((await shell(session, `cat /proc/${process.pid}/cmdline`)).slice(0, 7), "python3");
    const { usage } = await client.request("session.get", { sessionId: session.id });
    assertEquals(usage.processes, 1);
    await process.signal("SIGINT");
    const { exitCode } = await process.end();
    assertEquals((await process.exit()).exitCode, exitCode);
    assertStringIncludes(textOf(process.sent(), "stderr"), "GET /page.txt");
    const gone = { processId: process.id, port: 8123, timeoutMs: 1000 };
    const { data } = await client.requestError("process.waitFor", gone);
    assertEquals(data.reason, "exited_before_ready");
  },
);

testWithSession(
  "what a foreground command leaves is ended, what runs in the background is not",
  async ({ session, start }) => {
    const process = await start(["sh", "-c", "sleep 7001 & echo up; wait"]);
    await process.waitFor({ pattern: "up" });
    await shell(session, "(setsid sleep 7002 &) ; sleep 7003 & echo left");
    assertEquals(await running(session, "sleep 700[23]"), 0);
    assertEquals(await running(session, "sleep 7001"), 1);
    const other = await start(["sh", "-c", "(setsid sleep 7004 &) ; echo up; exec sleep 7005"]);
    await other.waitFor({ pattern: "up" });
    await shell(session, "true");
    assertEquals(await running(session, "sleep 700[145]"), 3);
    // What it left still has its output: the process is not over, but can be stopped.
    await other.signal("SIGKILL");
    await until(
      async () => await running(session, "sleep 7005") === 0,
      10_000,
      "its program to end",
    );
    assertEquals((await other.get()).state, "running");
    await other.cancel(session);
    assertEquals((await other.end()).status, "cancelled");
    assertEquals(await running(session, "sleep 700[145]"), 1);
    assertEquals((await process.get()).state, "running");
  },
);

testWithSession("process.write() and closeStdin() feed a process", async ({ client, start }) => {
  const process = await start(["cat"]);
  const text = "ä🦕\n".repeat(50_000);
  await process.write("first\n");
  await process.waitFor({ pattern: "^first$" });
  for (let i = 0; i < 4; i++) await process.write(text);
  await process.closeStdin();
  const { status, stdoutBytes } = await process.end();
  assertEquals([status, stdoutBytes], ["ok", 6 + 4 * new TextEncoder().encode(text).length]);
  const given = await start(["cat"], { stdin: "given" });
  const params = { processId: given.id, data: "x" };
  const { data } = await client.requestError("process.write", params);
  assert(data.reason === "stdin_closed" || data.reason === "process_ended", String(data.reason));
  assertEquals((await given.end()).result, {
    ...(await given.end()).result as CommandResults["execute_shell"],
    stdout: "given",
  });
  // One that never reads holds up nobody else.
  const deaf = await start(["sleep", "1000"]);
  void client.call("process.write", { processId: deaf.id, data: text.repeat(4) }).catch(() => {});
  const echo = await start(["cat"]);
  await echo.write("still\n");
  await echo.waitFor({ pattern: "still" });
  await deaf.signal("SIGTERM");
  assertEquals((await deaf.end()).signal, "SIGTERM");
});

testWithSession(
  "process.signal() sends any signal, to a process or its group",
  async ({ start, session }) => {
    const script = "trap 'echo got USR1' USR1; trap 'echo got WINCH' WINCH; echo up; " +
      "while :; do sleep 0.05; done";
    const process = await start(["bash", "-c", script]);
    await process.waitFor({ pattern: "up" });
    await process.signal("SIGUSR1");
    await process.waitFor({ pattern: "got USR1" });
    await process.signal("SIGWINCH", "group");
    await process.waitFor({ pattern: "got WINCH" });
    await process.signal("SIGSTOP");
    await process.signal("SIGCONT");
    assertEquals((await process.get()).state, "running");
    await process.signal("SIGQUIT", "group");
    const tree = "sh -c 'sh -c \"sleep 7100 & echo deep; wait\" & wait' & wait";
    for (const how of ["group", "cancel"] as const) {
      const deep = await start(["sh", "-c", tree]);
      await deep.waitFor({ pattern: "deep" });
      assertEquals(await running(session, "sleep 7100"), 1);
      if (how === "group") await deep.signal("SIGTERM", "group");
      else assertEquals((await deep.cancel(session)).cancelled, [deep.id]);
      const { status, signal } = await deep.end();
      assertEquals(
        [status, signal],
        how === "group" ? ["signaled", "SIGTERM"] : ["cancelled", undefined],
      );
      assertEquals(await running(session, "sleep 7100"), 0);
    }
  },
);

testWithSession(
  "process.attach() gives the same output through ten connections, and after the end",
  async ({ start }) => {
    const script = "i=0; while [ $i -lt 2000 ]; do echo line $i äöü; i=$((i+1)); " +
      "[ $((i % 100)) = 0 ] && sleep 0.1; done";
    const process = await start(["bash", "-c", script]);
    const chunks: OutputChunk[] = [];
    for (let cut = 0; cut < 10; cut++) {
      const other = await server.connect();
      const seen = process.seenBy(other);
      const replay = await seen.attach({ seq: chunks.length });
      assertEquals(replay.droppedChunks, 0);
      chunks.push(...replay.chunks);
      if (cut < 9) await until(() => seen.sent().length >= 1, 10_000, "more output");
      else if (replay.state !== "ended") await seen.exit();
      chunks.push(...seen.sent());
      await other.close();
    }
    const expected = Array.from({ length: 2000 }, (_, i) => `line ${i} äöü\n`).join("");
    assertEquals(textOf(chunks), expected);
    const after = await process.attach();
    assertEquals([after.state, after.result?.status, after.chunks], ["ended", "ok", chunks]);
  },
);

testWithSession(
  "a flood costs the server little, and the gap is stated",
  async ({ start, session }) => {
    const process = await start(["sh", "-c", "echo HEAD; head -c 200000000 /dev/zero; echo TAIL"]);
    const { stdoutBytes, stdoutTruncated } = await process.end();
    assertEquals([stdoutBytes, stdoutTruncated], [200_000_010, true]);
    const { chunks, droppedChunks, nextSeq } = await process.attach();
    assertEquals(chunks.length + droppedChunks, nextSeq);
    const kept = textOf(chunks).length;
    const dropped = chunks.reduce((sum, { droppedBytes = 0 }) => sum + droppedBytes, 0);
    assertEquals(kept + dropped, 200_000_010);
    assert(kept <= 1024 * 1024 && kept > 900_000, `${kept}`);
    assertEquals([chunks[0]?.data.slice(0, 5), textOf(chunks).slice(-5)], ["HEAD\n", "TAIL\n"]);
    assertEquals(await session.output("print('next')"), "next");
  },
);

testWithSession("a session ends its processes with it", async ({ client, session, start }) => {
  const processes = [await start(["sleep", "7200"]), await start(["sleep", "7200"])];
  const { containerId } = session.created;
  const third = await start(["sleep", "7200"]);
  const command = { type: "execute_shell", commandName: "true", background: true };
  const params = { sessionId: session.id, command };
  const { data } = await client.requestError("session.execute", params);
  assertEquals(data.reason, "process_limit_reached");
  await client.request("session.close", { sessionId: session.id });
  for (const process of [...processes, third]) {
    assertEquals((await process.end()).status, "cancelled");
  }
  assertEquals(await docker("ps", "-aq", "--filter", `id=${containerId}`), "");
});

testWithSession("a lost container loses its processes", async ({ session, start }) => {
  const process = await start(["sleep", "7300"], { stream: true });
  await docker("rm", "-f", session.created.containerId);
  assertEquals((await process.end()).status, "session_lost");
  assertEquals((await process.exit()).status, "session_lost");
});

testWithSession(
  "the end of the agent loses what it ran, and the session goes on",
  async (place) => {
    const { session, start } = place;
    const process = await start(["sleep", "7400"]);
    const killed = await start(["sh", "-c", "sleep 0.3; kill -9 -1"]);
    assertEquals((await killed.end()).status, "session_lost");
    assertEquals((await process.end()).status, "session_lost");
    assertEquals(await session.output("print('next')"), "next");
    assertEquals(await running(session, "sleep 7400"), 0);
  },
);

testWithSession("a program that is missing is not started", async ({ session }) => {
  const command = { type: "execute_shell", commandName: "no-such", background: true } as const;
  const { success, status, result, error } = await session.execute(command);
  assertEquals([success, status, result], [false, "not_started", null]);
  assertEquals(error, "Program not found: no-such");
});
