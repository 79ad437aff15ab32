import { assertEquals, assertThrows } from "@std/assert";
import {
  encodeFrame,
  FrameDecoder,
  FrameError,
  type FrameType,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
} from "../../../src/agent/inside/frames.ts";
import { concat, Random } from "../random.ts";

interface SeenFrame {
  readonly type: FrameType;
  readonly id: number;
  readonly payload: Uint8Array;
}

const TYPES: readonly FrameType[] = [
  "request",
  "data",
  "end",
  "signal",
  "stop",
  "cancel",
  "credit",
  "ready",
  "started",
  "stdout",
  "stderr",
  "result",
  "fail",
  "exit",
];

function decode(chunks: readonly Uint8Array[], { end = true } = {}): SeenFrame[] {
  const seen: SeenFrame[] = [];
  const decoder = new FrameDecoder((type, id, payload) =>
    seen.push({ type, id, payload: payload.slice() })
  );
  for (const chunk of chunks) decoder.write(chunk);
  if (end) decoder.end();
  return seen;
}

function header(length: number, type: number, id = 1): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  view.setUint8(4, type);
  view.setUint32(5, id);
  return bytes;
}

Deno.test("encodeFrame() does write length, type, id and payload, big-endian", () => {
  assertEquals(
    encodeFrame("data", 0x01020304, Uint8Array.of(7, 8)),
    Uint8Array.of(0, 0, 0, 2, 2, 1, 2, 3, 4, 7, 8),
  );
  assertEquals(encodeFrame("end", 2 ** 32 - 1), Uint8Array.of(0, 0, 0, 0, 3, 255, 255, 255, 255));
});

Deno.test("encodeFrame() does refuse a payload that is too long and an id that is none", () => {
  const long = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
  assertThrows(() => encodeFrame("data", 1, long), FrameError, `at most ${MAX_PAYLOAD_BYTES}`);
  assertEquals(
    encodeFrame("data", 1, long.subarray(1)).length,
    HEADER_BYTES + MAX_PAYLOAD_BYTES,
  );
  for (const id of [-1, 2 ** 32, 1.5, NaN]) {
    assertThrows(() => encodeFrame("data", id), FrameError, `${id}`);
  }
});

Deno.test("FrameDecoder.write() does give back every type of frame", () => {
  const frames = TYPES.map((type, id) => ({ type, id, payload: Uint8Array.of(id) }));
  const bytes = concat(frames.map(({ type, id, payload }) => encodeFrame(type, id, payload)));
  assertEquals(decode([bytes]), frames);
});

Deno.test("FrameDecoder.write() does not mind where chunks are split", () => {
  const random = new Random(1);
  for (let round = 0; round < 200; round++) {
    const frames = Array.from({ length: 1 + random.below(8) }, (_, id) => ({
      type: random.pick(TYPES),
      id,
      payload: random.bytes(random.pick([0, 1, 8, 9, 10, 300])),
    }));
    const bytes = concat(frames.map(({ type, id, payload }) => encodeFrame(type, id, payload)));
    assertEquals(decode(random.split(bytes, random.pick([1, 3, 20, 1000]))), frames);
  }
});

Deno.test("FrameDecoder.write() does take the longest payload in small chunks", () => {
  const payload = new Random(2).bytes(1000);
  const long = new Uint8Array(MAX_PAYLOAD_BYTES).map((_, at) => payload[at % 1000]!);
  const frame = encodeFrame("stdout", 3, long);
  const chunks = Array.from(
    { length: Math.ceil(frame.length / 4001) },
    (_, index) => frame.subarray(index * 4001, (index + 1) * 4001),
  );
  assertEquals(decode(chunks), [{ type: "stdout", id: 3, payload: long }]);
});

Deno.test("FrameDecoder.write() does hand on a payload inside a chunk without a copy", () => {
  const chunk = encodeFrame("stdout", 1, Uint8Array.of(1, 2, 3));
  const decoder = new FrameDecoder((_type, _id, payload) =>
    assertEquals(payload.buffer, chunk.buffer)
  );
  decoder.write(chunk);
});

Deno.test("FrameDecoder.write() does refuse absurd lengths and unknown types, and names them", () => {
  const stated = 2 ** 32 - 1;
  assertThrows(() => decode([header(stated, 2)]), FrameError, `${stated}`);
  const tooLong = MAX_PAYLOAD_BYTES + 1;
  assertThrows(() => decode([header(tooLong, 2)]), FrameError, `${tooLong}`);
  assertThrows(() => decode([header(0, 99)]), FrameError, "type 99");
  assertThrows(() => decode([header(0, 0)]), FrameError, "type 0");
});

Deno.test("FrameDecoder.end() does refuse an end within a frame", () => {
  const frame = encodeFrame("data", 1, Uint8Array.of(1, 2, 3));
  for (let length = 1; length < frame.length; length++) {
    assertThrows(() => decode([frame.subarray(0, length)]), FrameError, "within a frame");
  }
  assertEquals(decode([frame]).length, 1);
});

Deno.test("FrameDecoder.write() does end mutated frames in an error or other frames, never longer than stated", () => {
  const random = new Random(3);
  let errors = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = concat([
      encodeFrame("stdout", 1, random.bytes(random.below(50))),
      encodeFrame("exit", 2, random.bytes(random.below(50))),
    ]);
    try {
      for (const { payload } of decode(random.split(random.mutate(bytes), 30))) {
        assertEquals(payload.length <= bytes.length + 32, true);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      errors++;
    }
  }
  assertEquals(errors > 100, true);
});
