import { assert, assertEquals } from "@std/assert";
import { OutputCapture } from "../../src/runtimes/output_capture.ts";
import { FakeClock } from "../sessions/fake_clock.ts";

const encoder = new TextEncoder();

Deno.test("OutputCapture keeps both streams and their chunks", () => {
  const clock = new FakeClock();
  using capture = new OutputCapture({ maxBytes: 10_000, timers: clock });
  capture.write("stdout", encoder.encode("out"));
  capture.write("stderr", encoder.encode("err"));
  const { stdout, stderr } = capture.end();
  assertEquals([stdout.text, stderr.text], ["out", "err"]);
  assertEquals(capture.replay(0).chunks, [
    { stream: "stdout", data: "out", seq: 0 },
    { stream: "stderr", data: "err", seq: 1 },
  ]);
});

Deno.test("OutputCapture.end() returns the same again and ignores what comes later", () => {
  const clock = new FakeClock();
  using capture = new OutputCapture({ maxBytes: 10_000, timers: clock });
  capture.write("stdout", encoder.encode("out"));
  const first = capture.end();
  capture.write("stdout", encoder.encode("late"));
  assertEquals(capture.end(), first);
  assertEquals(first.stdout.bytes, 3);
});

Deno.test("OutputCapture stays flat under a flood that somebody watches slowly", async () => {
  const clock = new FakeClock();
  using capture = new OutputCapture({ maxBytes: 256 * 1024, timers: clock });
  let [sent, dropped, room] = [0, 0, 100_000];
  capture.subscribe("watcher", ({ data, droppedBytes = 0 }) => {
    sent += data.length;
    room -= data.length;
    dropped += droppedBytes;
  }, { hasRoom: () => room > 0 });
  const block = new Uint8Array(1024 * 1024).fill(46);
  for (let i = 0; i < 1024; i++) capture.write("stdout", block);
  await clock.advance(20);
  assert(sent < 200_000, `${sent} bytes were sent`);
  room = 100_000;
  await clock.advance(20);
  assert(capture.keptBytes <= 2 * 256 * 1024, `${capture.keptBytes} bytes are kept`);
  const { stdout } = capture.end();
  assertEquals(sent + dropped, 2 ** 30);
  assertEquals([stdout.bytes, stdout.truncated], [2 ** 30, true]);
  assert(stdout.text.length < 257 * 1024);
});
