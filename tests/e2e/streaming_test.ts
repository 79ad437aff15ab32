import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import type { NotificationParams } from "../../src/protocol/notifications.ts";
import { NOTIFICATIONS } from "../../src/protocol/notifications.ts";
import { peakMemory } from "../testutil/process_tree.ts";
import type { RpcClient } from "../testutil/rpc_client.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";

type Chunk = NotificationParams<"session.output">;

const MIB = 2 ** 20;
const server = sharedServer();

/** The output notifications of an execution so far; fails if one is not what the contract says. */
function chunksOf(client: RpcClient, executionId: string): Chunk[] {
  return client.notifications("session.output")
    .map((params) => NOTIFICATIONS["session.output"].parse(params))
    .filter((chunk) => chunk.executionId === executionId);
}

function textOf(chunks: readonly Pick<Chunk, "stream" | "data">[], stream: string): string {
  return chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data).join("");
}

function assertNumbered(chunks: readonly Pick<Chunk, "seq">[], first = 0): void {
  assertEquals(chunks.map(({ seq }) => seq), chunks.map((_, index) => index + first));
}

Deno.test("stream: true sends output while the program runs, numbered, before the response", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const code = `
console.log("ask");
const buffer = new Uint8Array(1);
while (true) {
  try { Deno.statSync("go"); break; } catch { await new Promise((r) => setTimeout(r, 10)); }
}
console.error("problem");
await new Promise((r) => setTimeout(r, 100));
console.log("end");`;
  const running = session.code(code, { stream: true, executionId: "live" });
  const first = await client.nextNotification("session.output", session.id);
  assertEquals([first.stream, first.data, first.seq], ["stdout", "ask\n", 0]);
  const go = { type: "write_file", path: "go", content: "" } as const;
  await session.execute(go, { concurrent: true });
  const envelope = await running;
  assertEquals(envelope.result, "ask\nend");
  const chunks = chunksOf(client, "live");
  assertNumbered(chunks);
  assertEquals(textOf(chunks, "stdout"), "ask\nend\n");
  assertEquals(textOf(chunks, "stderr"), "problem\n");
  const kinds = client.messages.filter((message) =>
    message.method === "session.output" ||
    (message.result as { executionId?: string } | undefined)?.executionId === "live"
  ).map((message) => message.method ?? "response");
  assertEquals(kinds.at(-1), "response");
});

Deno.test("stream: true never splits a character, whatever the program writes", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const text = "a🦕é한☕".repeat(20);
  const code = `
for (const byte of new TextEncoder().encode(${JSON.stringify(text)})) {
  Deno.stdout.writeSync(Uint8Array.of(byte));
  if (byte % 7 === 0) await new Promise((r) => setTimeout(r, 1));
}`;
  const { result, executionId } = await session.code(code, { stream: true });
  assertEquals(result, text);
  const chunks = chunksOf(client, executionId);
  assertNumbered(chunks);
  assertEquals(textOf(chunks, "stdout"), text);
  assert(chunks.every(({ data }) => !data.includes("\uFFFD") && data.isWellFormed()));
});

Deno.test("stream: true joins a flood of one-byte writes", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const code =
    "const b = Uint8Array.of(46); for (let i = 0; i < 20000; i++) Deno.stdout.writeSync(b);";
  const { executionId } = await session.code(code, { stream: true });
  const chunks = chunksOf(client, executionId);
  assertNumbered(chunks);
  assertEquals(textOf(chunks, "stdout"), ".".repeat(20_000));
  assertLess(chunks.length, 1000);
});

Deno.test("without stream no output is sent", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  await session.output("console.log('quiet')");
  assertEquals(client.notifications("session.output"), []);
});

Deno.test("execution.attach() takes the stream up again on another connection", async () => {
  const first = await server.connect();
  const session = await TestSession.open(first);
  const code = `
for (let i = 0; i < 3; i++) console.log("before " + i);
while (true) {
  try { Deno.statSync("go"); break; } catch { await new Promise((r) => setTimeout(r, 10)); }
}
for (let i = 0; i < 3; i++) { console.log("after " + i); await new Promise((r) => setTimeout(r, 20)); }`;
  first.sendRaw(JSON.stringify({
    jsonrpc: "2.0",
    id: "lost",
    method: "session.execute",
    params: {
      sessionId: session.id,
      executionId: "again",
      stream: true,
      command: { type: "execute_code", code },
    },
  }));
  await until(
    () => textOf(chunksOf(first, "again"), "stdout").includes("before 2"),
    10_000,
    "the first part of the output",
  );
  await first.close();

  await using second = await server.connect();
  const attached = await second.request("execution.attach", { executionId: "again", seq: 0 });
  assertEquals([attached.state, attached.droppedChunks], ["running", 0]);
  assertNumbered(attached.chunks);
  assertEquals(textOf(attached.chunks, "stdout"), "before 0\nbefore 1\nbefore 2\n");
  assertEquals(attached.nextSeq, attached.chunks.length);
  const go = { type: "write_file", path: "go", content: "" } as const;
  await second.request("session.execute", { sessionId: session.id, command: go, concurrent: true });
  const get = () => second.request("execution.get", { executionId: "again" });
  await until(async () => (await get()).state === "ended", 10_000, "the execution to end");
  const rest = chunksOf(second, "again");
  assertNumbered(rest, attached.nextSeq);
  assertEquals(textOf(rest, "stdout"), "after 0\nafter 1\nafter 2\n");

  const later = await second.request("execution.attach", { executionId: "again", seq: 1 });
  assertEquals([later.state, later.result?.success], ["ended", true]);
  assertEquals(
    later.chunks,
    [
      ...attached.chunks,
      ...rest.map(({ stream, data, seq }) => ({
        stream,
        data,
        seq,
      })),
    ].slice(1),
  );
  await second.request("session.close", { sessionId: session.id });
});

Deno.test("execution.attach() and get() answer an unknown execution with an error", async () => {
  await using client = await server.connect();
  for (const method of ["execution.attach", "execution.get"]) {
    const { data } = await client.requestError(method, { executionId: "nobody" });
    assertEquals(data.reason, "execution_not_found");
  }
});

Deno.test("output over the cap keeps its head and tail, the true sizes and the program's end", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const before = await peakMemory(server.process.pid);
  const code = `
console.log("HEAD");
const block = new Uint8Array(65536).fill(120);
for (let i = 0; i < 800; i++) Deno.stdout.writeSync(block);
console.error("on stderr");
console.log("TAIL");`;
  const envelope = await session.code(code);
  const { result, status, stdoutBytes, stdoutTruncated, stderrBytes, stderrTruncated } = envelope;
  assertEquals([status, stdoutBytes, stdoutTruncated], ["ok", 800 * 65536 + 10, true]);
  assertEquals([stderrBytes ?? 10, stderrTruncated ?? false], [10, false]);
  const text = result as string;
  assertStringIncludes(text.slice(0, 100), "HEAD\nxxx");
  assert(text.endsWith("xxxTAIL"), text.slice(-100));
  assertGreater(text.length, 512 * 1024);
  assertLess(text.length, 2 * MIB);
  assertLess(await peakMemory(server.process.pid) - before, 100 * MIB);
  assertEquals(await session.output("console.log('next')"), "next");
});

Deno.test("output over the cap is capped for both streams of a program", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const code = `
const block = new Uint8Array(65536).fill(121);
for (let i = 0; i < 40; i++) { Deno.stdout.writeSync(block); Deno.stderr.writeSync(block); }
Deno.exit(1);`;
  const { stdoutTruncated, stderrTruncated, stderrBytes, error } = await session.code(code);
  assertEquals([stdoutTruncated, stderrTruncated, stderrBytes], [true, true, 40 * 65536]);
  assertLess(error!.length, 2 * MIB);
});
