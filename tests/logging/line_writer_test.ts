import { assertEquals, assertStringIncludes } from "@std/assert";
import { type ByteSink, LineWriter } from "../../src/logging/line_writer.ts";

/** Takes what it is given, at most `step` bytes at a time, and only while its gate is open. */
class SlowSink implements ByteSink {
  text = "";
  gate: Promise<void> = Promise.resolve();
  readonly #step: number;
  constructor(step = Infinity) {
    this.#step = step;
  }
  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    const taken = bytes.subarray(0, this.#step);
    this.text += String.fromCharCode(...taken);
    return taken.length;
  }
}

Deno.test("LineWriter.write() keeps the order over partial writes", async () => {
  const sink = new SlowSink(3);
  const writer = new LineWriter(sink);
  for (let i = 0; i < 20; i++) writer.write(`line ${i}\n`);
  await writer.flush();
  writer.write("last\n");
  await writer[Symbol.asyncDispose]();
  assertEquals(sink.text, Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join("") + "last\n");
});

Deno.test("LineWriter.write() drops what a slow reader leaves no room for and says so", async () => {
  const sink = new SlowSink();
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  await using writer = new LineWriter(sink, { maxQueued: 25 });
  for (let i = 0; i < 10; i++) writer.write(`0123456${i}\n`);
  gate.resolve();
  await writer.flush();
  const lines = sink.text.trimEnd().split("\n");
  assertEquals(lines.slice(0, 2), ["01234560", "01234561"]);
  assertEquals(JSON.parse(lines[2] ?? "").dropped, 8);
  writer.write("after\n");
  await writer.flush();
  assertStringIncludes(sink.text, "after\n");
});

Deno.test("LineWriter[Symbol.asyncDispose]() gives up on a reader that never reads", async () => {
  const sink = new SlowSink();
  sink.gate = new Promise(() => {});
  const writer = new LineWriter(sink, { closeTimeoutMs: 1 });
  writer.write("lost\n");
  await writer[Symbol.asyncDispose]();
  writer.write("late\n");
  assertEquals(sink.text, "");
});

Deno.test("LineWriter.write() survives a sink that fails", async () => {
  let writes = 0;
  const sink: ByteSink = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe(String(writes++))),
  };
  await using writer = new LineWriter(sink, { maxQueued: 10 });
  writer.write("12345678\n");
  await writer.flush();
  writer.write("12345678\n");
  await writer.flush();
  assertEquals(writes, 2);
});

Deno.test("LineWriter.flush() ends over a sink that takes nothing", async () => {
  await using writer = new LineWriter({ write: () => Promise.resolve(0) });
  writer.write("x\n");
  await writer.flush();
});
