import { assert, assertEquals, assertLess } from "@std/assert";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import { peakMemory } from "../testutil/process_tree.ts";
import type { RpcMessage } from "../testutil/rpc_client.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until, within } from "../testutil/within.ts";
import { OPCODE, RawWebSocket } from "../transport/raw_websocket.ts";

const MIB = 2 ** 20;
const FLOOD_BYTES = 256 * MIB;
const WAIT_MS = 60_000;
const server = sharedServer();

/** Writes a line, much more than anything keeps or buffers, and a line. */
const FLOOD = `
console.log("HEAD");
const block = new Uint8Array(65536).fill(120);
for (let i = 0; i < ${FLOOD_BYTES / 65536}; i++) Deno.stdout.writeSync(block);
console.log("");
console.log("TAIL");`;
const TOTAL_BYTES = FLOOD_BYTES + "HEAD\n\nTAIL\n".length;

/** A client that reads only what it is told to. */
class SlowClient implements Disposable {
  readonly #socket: RawWebSocket;

  private constructor(socket: RawWebSocket) {
    this.#socket = socket;
  }

  static async connect(): Promise<SlowClient> {
    return new SlowClient(await RawWebSocket.connect(server.process.port));
  }

  async send(id: string, method: string, params: unknown): Promise<void> {
    await this.#socket.send(OPCODE.Text, JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  }

  /** Reads messages up to the one that fits, which is the last. */
  async readTo(fits: (message: RpcMessage) => boolean): Promise<RpcMessage[]> {
    const messages: RpcMessage[] = [];
    const read = async () => {
      while (true) {
        const frame = await this.#socket.receive();
        if (frame === undefined) throw new Error("Expected a message, the connection has ended");
        if (frame.opcode !== OPCODE.Text) continue;
        messages.push(JSON.parse(new TextDecoder().decode(frame.payload)));
        if (fits(messages.at(-1)!)) return messages;
      }
    };
    return await within(read(), WAIT_MS, "what a slow client has missed");
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** Fails unless the chunks are all of the output but for gaps that are stated. */
function assertComplete(chunks: readonly OutputChunk[]): void {
  const text = chunks.map(({ data }) => data);
  const kept = text.reduce((sum, { length }) => sum + length, 0);
  const gaps = chunks.filter(({ droppedBytes }) => droppedBytes !== undefined);
  const dropped = gaps.reduce((sum, { droppedBytes = 0 }) => sum + droppedBytes, 0);
  assert(gaps.length > 0, "Expected a gap");
  assertEquals(kept + dropped, TOTAL_BYTES);
  assertLess(kept, 64 * MIB);
  for (const [index, chunk] of chunks.entries()) {
    const expected = index === 0 ? 0 : chunks[index - 1]!.seq + 1;
    if (chunk.droppedBytes === undefined) assertEquals(chunk.seq, expected);
    else assert(chunk.seq > expected, `${chunk.seq} is behind a gap after ${expected}`);
  }
  assertEquals(text[0]!.slice(0, 5), "HEAD\n");
  assert(text.join("").endsWith("x\nTAIL\n"));
}

/** Fails unless somebody else is served while `flood` is under way, which it must end by itself. */
async function serveOthers(flood: () => Promise<boolean>): Promise<void> {
  const before = await peakMemory(server.process.pid);
  await server.withSession(async (session) => {
    let served = 0;
    const serve = async () => {
      assertEquals(await session.output(`console.log(${served})`), `${served++}`);
      return await flood();
    };
    await until(serve, WAIT_MS, "the program to end, whoever reads");
    assert(served > 0);
  });
  assertLess(await peakMemory(server.process.pid) - before, 100 * MIB);
}

function chunksOf(messages: readonly RpcMessage[], method: string): OutputChunk[] {
  return messages.filter((message) => message.method === method)
    .map(({ params }) => params as unknown as OutputChunk);
}

Deno.test("a client that stops reading its command's output holds up nobody and is told of the gap", async () => {
  await using other = await server.connect();
  await using session = await TestSession.open(other);
  // What a flood costs that nobody reads is not the reader's.
  await session.code(FLOOD);
  using slow = await SlowClient.connect();
  await slow.send("flood", "session.execute", {
    sessionId: session.id,
    stream: true,
    executionId: "flood",
    command: { type: "execute_code", code: FLOOD },
  });
  const hasBegun = async () => {
    const { error } = await other.call("execution.get", { executionId: "flood" });
    return error === undefined;
  };
  await until(hasBegun, WAIT_MS, "the command to arrive");
  await serveOthers(async () => {
    const { state } = await other.request("execution.get", { executionId: "flood" });
    return state === "ended";
  });
  const messages = await slow.readTo(({ id }) => id === "flood");
  assertComplete(chunksOf(messages, "session.output"));
  const { status, stdoutBytes, stdoutTruncated } = messages.at(-1)!.result as Record<
    string,
    unknown
  >;
  assertEquals([status, stdoutBytes, stdoutTruncated], ["ok", TOTAL_BYTES, true]);
});

Deno.test("a client that stops reading a process it attached to is told of the gap and the end", async () => {
  await using other = await server.connect();
  const files = { "flood.ts": `await Deno.stdin.read(new Uint8Array(1));${FLOOD}` };
  await using session = await TestSession.open(other, { files });
  const { result } = await session.execute({
    type: "execute_shell",
    commandName: "deno",
    args: ["run", "flood.ts"],
    background: true,
  });
  const { processId } = result as { processId: string };
  using slow = await SlowClient.connect();
  await slow.send("attach", "process.attach", { processId });
  const [attached] = await slow.readTo(({ id }) => id === "attach");
  assertEquals((attached!.result as { state: string }).state, "running");
  await other.request("process.write", { processId, data: "\n" });
  await serveOthers(async () =>
    (await other.request("process.get", { processId })).state === "ended"
  );
  const messages = await slow.readTo(({ method }) => method === "process.exit");
  assertComplete(chunksOf(messages, "process.output"));
  assertEquals(messages.at(-1)!.params!.status, "ok");
  // Whoever attaches later gets what is kept: its head, the gap and its tail.
  const replay = await other.request("process.attach", { processId });
  assertComplete(replay.chunks);
  assertEquals(replay.chunks.length + replay.droppedChunks, replay.nextSeq);
});
