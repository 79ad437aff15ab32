import { assert, assertEquals, assertLess } from "@std/assert";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import { OutputStream } from "../../src/runtimes/output_stream.ts";
import { FakeClock } from "../sessions/fake_clock.ts";

const encoder = new TextEncoder();

function setUp(maxBytes = 1024 * 1024) {
  const clock = new FakeClock();
  const stream = new OutputStream(maxBytes, clock);
  const chunks: OutputChunk[] = [];
  const subscription = stream.subscribe("test", (chunk) => chunks.push(chunk));
  const write = (text: string, name: "stdout" | "stderr" = "stdout") =>
    stream.push(name, encoder.encode(text));
  return { clock, stream, chunks, subscription, write };
}

function textOf(chunks: readonly OutputChunk[], stream = "stdout"): string {
  return chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data).join("");
}

function assertNumbered(chunks: readonly OutputChunk[], first = 0): void {
  assertEquals(chunks.map(({ seq }) => seq), chunks.map((_, index) => index + first));
}

Deno.test("OutputStream sends the first chunk at once and collects what follows", async () => {
  const { clock, stream, chunks, write } = setUp();
  write("a");
  assertEquals(chunks, [{ stream: "stdout", data: "a", seq: 0 }]);
  write("b");
  write("c");
  assertEquals(chunks.length, 1);
  await clock.advance(20);
  assertEquals(chunks.slice(1), [{ stream: "stdout", data: "bc", seq: 1 }]);
  await clock.advance(100);
  write("d");
  assertEquals(chunks[2], { stream: "stdout", data: "d", seq: 2 });
  stream.end();
  assertEquals(clock.timers, 0);
});

Deno.test("OutputStream sends what is left at its end, and nothing afterwards", () => {
  const { stream, chunks, write, clock } = setUp();
  write("a");
  write("b");
  stream.end();
  write("c");
  stream.end();
  assertEquals(textOf(chunks), "ab");
  assertEquals(clock.timers, 0);
});

Deno.test("OutputStream makes few chunks of a flood of single bytes", async () => {
  const { clock, stream, chunks, write } = setUp();
  for (let i = 0; i < 100_000; i++) {
    write(".");
    if (i % 10_000 === 0) await clock.advance(5);
  }
  stream.end();
  assertNumbered(chunks);
  assertEquals(textOf(chunks).length, 100_000);
  assertLess(chunks.length, 15);
});

Deno.test("OutputStream sends 32 KiB without waiting, and a large write in pieces", () => {
  const { stream, chunks, write } = setUp();
  write("a");
  write("x".repeat(200_000));
  assert(textOf(chunks).length > 160_000);
  assert(chunks.every(({ data }) => data.length <= 64 * 1024));
  stream.end();
  assertEquals(textOf(chunks).length, 200_001);
});

Deno.test("OutputStream never splits a character", async () => {
  const { clock, stream, chunks } = setUp();
  const text = "a🦕é한☕".repeat(30);
  for (const byte of encoder.encode(text)) {
    stream.push("stdout", Uint8Array.of(byte));
    await clock.advance(10);
  }
  stream.end();
  assertEquals(textOf(chunks), text);
  assert(chunks.every(({ data }) => data.isWellFormed() && !data.includes("\uFFFD")));
  assertNumbered(chunks);
});

Deno.test("OutputStream shows a character that the program left unfinished", () => {
  const { stream, chunks } = setUp();
  stream.push("stdout", encoder.encode("🦕").subarray(0, 2));
  assertEquals(chunks, []);
  stream.end();
  assertEquals(textOf(chunks), "\uFFFD");
});

Deno.test("OutputStream keeps characters of both streams apart", async () => {
  const { clock, stream, chunks } = setUp();
  const [first, second] = [encoder.encode("é"), encoder.encode("한")];
  stream.push("stdout", first.subarray(0, 1));
  stream.push("stderr", second.subarray(0, 2));
  stream.push("stdout", first.subarray(1));
  stream.push("stderr", second.subarray(2));
  await clock.advance(20);
  assertEquals([textOf(chunks), textOf(chunks, "stderr")], ["é", "한"]);
  stream.end();
});

Deno.test("OutputStream sends all to whoever takes it, however long it is", async () => {
  const { clock, stream, chunks, write } = setUp(1000);
  for (let i = 0; i < 100; i++) {
    write("한".repeat(50));
    await clock.advance(20);
  }
  write("still", "stderr");
  stream.end();
  assertEquals(textOf(chunks), "한".repeat(5000));
  assertEquals(textOf(chunks, "stderr"), "still");
  assertNumbered(chunks);
});

Deno.test("OutputStream replays the first and the last that is kept, and says what is not", async () => {
  const { clock, stream, chunks, write } = setUp(1000);
  for (let i = 0; i < 20; i++) {
    write(`${i} `);
    await clock.advance(20);
  }
  const all = stream.replay(0);
  assertEquals([all.nextSeq, all.dropped], [20, 13]);
  // Three of each half fit, and the end may have what the beginning left.
  assertEquals(all.chunks.map(({ seq }) => seq), [0, 1, 2, 16, 17, 18, 19]);
  const missing = chunks.slice(3, 16);
  assertEquals(all.chunks[3], { ...chunks[16]!, droppedBytes: textOf(missing).length });
  // Who asks for what is missing knows its own place better than we do.
  assertEquals(stream.replay(10), { chunks: chunks.slice(16), nextSeq: 20, dropped: 6 });
  assertEquals(stream.replay(3).chunks[0]?.droppedBytes, textOf(missing).length);
  assertEquals(stream.replay(18), { chunks: chunks.slice(18), nextSeq: 20, dropped: 0 });
  assertEquals(stream.replay(99), { chunks: [], nextSeq: 20, dropped: 0 });
  assertLess(stream.keptBytes, 1200);
  stream.end();
  assertEquals(stream.replay(18).chunks, chunks.slice(18));
});

Deno.test("OutputStream holds chunks back for a slow listener, and tells it what it missed", async () => {
  const { clock, stream, chunks, write } = setUp(1000);
  const slow: OutputChunk[] = [];
  let hasRoom = true;
  stream.subscribe("slow", (chunk) => slow.push(chunk), { hasRoom: () => hasRoom });
  write("0 ");
  hasRoom = false;
  for (let i = 1; i < 20; i++) {
    write(`${i} `);
    await clock.advance(20);
  }
  assertEquals([chunks.length, slow.length], [20, 1]);
  hasRoom = true;
  await clock.advance(20);
  assertEquals(slow.map(({ seq }) => seq), [0, 1, 2, 16, 17, 18, 19]);
  assertEquals(slow[3]?.droppedBytes, textOf(chunks.slice(3, 16)).length);
  hasRoom = false;
  write("last");
  stream.end();
  assertEquals(slow.at(-1), chunks.at(-1));
  assertEquals(clock.timers, 0);
});

Deno.test("OutputStream begins where a listener wants it to", async () => {
  const clock = new FakeClock();
  const stream = new OutputStream(1000, clock);
  const seen: OutputChunk[] = [];
  for (const text of ["a", "b", "c"]) {
    stream.push("stdout", encoder.encode(text));
    stream.replay(0);
  }
  stream.subscribe("late", (chunk) => seen.push(chunk), { from: 1 });
  assertEquals(seen, []);
  await clock.advance(20);
  assertEquals([textOf(seen), seen[0]?.seq], ["bc", 1]);
  stream.end();
  assertEquals(clock.timers, 0);
});

Deno.test("OutputStream waits for nothing while it has half of a character only", async () => {
  const { clock, stream } = setUp();
  stream.push("stdout", encoder.encode("🦕").subarray(0, 2));
  await clock.advance(100);
  assertEquals(clock.timers, 0);
  stream.end();
});

Deno.test("OutputStream gives a late listener everything once", async () => {
  const clock = new FakeClock();
  const stream = new OutputStream(1000, clock);
  stream.push("stdout", encoder.encode("before "));
  assertEquals(clock.timers, 0, "nobody listens, so there is nothing to wait for");
  const { chunks, nextSeq } = stream.replay(0);
  const later: OutputChunk[] = [];
  stream.subscribe("late", (chunk) => later.push(chunk));
  stream.push("stdout", encoder.encode("after"));
  await clock.advance(20);
  assertEquals([textOf(chunks), textOf(later)], ["before ", "after"]);
  assertNumbered(later, nextSeq);
  stream.end();
});

Deno.test("OutputStream sends to a listener until it is disposed or replaced", async () => {
  const { clock, stream, chunks, subscription, write } = setUp();
  write("a");
  const second: OutputChunk[] = [];
  const other = stream.subscribe("test", (chunk) => second.push(chunk));
  subscription[Symbol.dispose]();
  write("b");
  await clock.advance(20);
  other[Symbol.dispose]();
  write("c");
  await clock.advance(20);
  assertEquals([textOf(chunks), textOf(second)], ["a", "b"]);
  stream.end();
  assertEquals(clock.timers, 0);
});
