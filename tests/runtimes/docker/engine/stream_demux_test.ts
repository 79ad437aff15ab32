import { assert, assertEquals, assertThrows } from "@std/assert";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import {
  type DemuxStream,
  StreamDemux,
} from "../../../../src/runtimes/docker/engine/stream_demux.ts";
import { bytes, cut, seeded } from "./streams.ts";

function frame(stream: number, content: Uint8Array, length = content.length): number[] {
  return [
    stream,
    0,
    0,
    0,
    length >>> 24,
    length >> 16 & 255,
    length >> 8 & 255,
    length & 255,
    ...content,
  ];
}

function collect(pieces: readonly Uint8Array<ArrayBuffer>[]): Record<DemuxStream, string> {
  const output = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const demux = new StreamDemux((stream, piece) => {
    assert(piece.length > 0, "no empty piece is handed on");
    output[stream] += decoders[stream].decode(piece, { stream: true });
  });
  for (const piece of pieces) demux.write(piece);
  demux.end();
  return output;
}

Deno.test("StreamDemux tells streams apart wherever the bytes are split", () => {
  const whole = new Uint8Array([
    ...frame(1, bytes("one")),
    ...frame(2, bytes("")),
    ...frame(2, bytes("zwö")),
    ...frame(1, bytes("!")),
  ]);
  const expected = { stdout: "one!", stderr: "zwö" };
  assertEquals(collect([whole]), expected);
  assertEquals(collect([...whole].map((byte) => new Uint8Array([byte]))), expected);
  for (let at = 0; at <= whole.length; at++) {
    assertEquals(collect([whole.subarray(0, at), whole.subarray(at)]), expected);
  }
  assertEquals(collect([]), { stdout: "", stderr: "" });
});

Deno.test("StreamDemux hands on pieces of a frame that is not complete, without a copy", () => {
  const seen: Uint8Array<ArrayBuffer>[] = [];
  const demux = new StreamDemux((_, piece) => void seen.push(piece));
  const first = new Uint8Array(frame(1, bytes("abc"), 1_000_000));
  demux.write(first);
  assertEquals(seen, [bytes("abc")]);
  assert(seen[0]!.buffer === first.buffer);
  demux.write(bytes("de"));
  assertEquals(seen[1], bytes("de"));
});

Deno.test("StreamDemux refuses what is no stream", () => {
  for (const start of [[0, 0, 0, 0], [3, 0, 0, 0], [255, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 1]]) {
    const demux = new StreamDemux(() => {});
    const header = new Uint8Array([...start, 0, 0, 0, 1]);
    const error = assertThrows(() => demux.write(header), EngineError, start.join(" "));
    assertEquals(error.kind, "protocol");
  }
});

Deno.test("StreamDemux refuses an absurd length, as an unsigned number", () => {
  const header = (length: number) => new Uint8Array(frame(1, new Uint8Array(0), length));
  const small = { maxFrameBytes: 10 };
  assertThrows(() => new StreamDemux(() => {}, small).write(header(11)), EngineError, "11 bytes");
  new StreamDemux(() => {}, small).write(header(10));
  assertThrows(
    () => new StreamDemux(() => {}).write(header(0xffff_ffff)),
    EngineError,
    "4294967295",
  );
});

Deno.test("StreamDemux refuses an end within a frame", () => {
  const whole = new Uint8Array(frame(2, bytes("abc")));
  for (let at = 1; at < whole.length; at++) {
    assertThrows(() => collect([whole.subarray(0, at)]), EngineError, "ended within a frame");
  }
});

Deno.test("StreamDemux keeps every byte of random frames in random pieces", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const expected = { stdout: "", stderr: "" };
    const whole: number[] = [];
    for (let count = random() * 30; count > 0; count--) {
      const stream = random() < 0.5 ? 1 : 2;
      const text = String.fromCharCode(97 + random() * 26).repeat(random() ** 3 * 5000);
      expected[stream === 1 ? "stdout" : "stderr"] += text;
      whole.push(...frame(stream, bytes(text)));
    }
    assertEquals(collect(cut(new Uint8Array(whole), random)), expected, `seed ${seed}`);
  }
});

Deno.test("StreamDemux never throws anything but an EngineError, whatever it is fed", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const whole = new Uint8Array([...frame(1, bytes("abcdefgh")), ...frame(2, bytes("ij"))]);
    for (let count = 1 + random() * 4; count > 0; count--) {
      whole[Math.floor(random() * whole.length)] = random() * 256;
    }
    let handed = 0;
    const demux = new StreamDemux((_, piece) => handed += piece.length);
    try {
      for (const piece of cut(whole, random)) demux.write(piece);
      demux.end();
    } catch (error) {
      assert(error instanceof EngineError, `seed ${seed}: ${error}`);
    }
    assert(handed <= whole.length);
  }
});
