import { assert, assertEquals } from "@std/assert";
import {
  type KernelMessage,
  KernelStream,
  newKernelToken,
} from "../../../src/sessions/contexts/kernel_stream.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message as a kernel sends it, in frames of a size. */
function frames(message: unknown, size = 4058): Uint8Array {
  const data = encoder.encode(JSON.stringify(message));
  const parts: number[] = [];
  for (let start = 0; start < data.length; start += size) {
    const part = data.subarray(start, start + size);
    const more = start + size < data.length ? "+" : ".";
    const length = part.length.toString(16).padStart(4, "0");
    parts.push(...encoder.encode(`\x1e${TOKEN}${more}${length}`), ...part);
  }
  return Uint8Array.from(parts);
}

function collect(maxMessageBytes = 1000) {
  const found = { output: "", messages: [] as KernelMessage[], tooLarge: 0 };
  const stream = new KernelStream(TOKEN, {
    output: (bytes) => found.output += decoder.decode(bytes),
    message: (message) => void found.messages.push(message),
    tooLarge: () => void found.tooLarge++,
  }, maxMessageBytes);
  return { found, stream };
}

function join(...parts: (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === "string" ? encoder.encode(part) : part)]),
  );
}

Deno.test("KernelStream tells messages and output apart, wherever the chunks are cut", () => {
  const message = { type: "end", id: 1, text: "é".repeat(50) };
  const bytes = join(
    "before\x1e",
    frames(message, 7),
    "bet\x1eween",
    frames({ type: "x" }),
    "after",
  );
  for (let size = 1; size <= bytes.length; size++) {
    const { found, stream } = collect();
    for (let at = 0; at < bytes.length; at += size) stream.push(bytes.subarray(at, at + size));
    stream.end();
    assertEquals(found.output, "before\x1ebet\x1eweenafter");
    assertEquals(found.messages, [message, { type: "x" }]);
  }
});

Deno.test("KernelStream takes what is no frame for output", () => {
  for (
    const text of [
      "\x1e",
      `\x1e${TOKEN}`,
      `\x1e${TOKEN}?0001x`,
      `\x1e${TOKEN}.zzzzx`,
      `\x1e${"f".repeat(32)}.0001x`,
    ]
  ) {
    const { found, stream } = collect();
    stream.push(encoder.encode(text));
    stream.end();
    assertEquals(found.output, text);
    assertEquals(found.messages, []);
  }
});

Deno.test("KernelStream drops messages that are too large, and reads on", () => {
  const { found, stream } = collect(100);
  stream.push(frames({ type: "large", text: "x".repeat(500) }, 20));
  stream.push(frames({ type: "small" }));
  assertEquals(found.tooLarge, 1);
  assertEquals(found.messages, [{ type: "small" }]);
});

Deno.test("KernelStream ignores messages that are none", () => {
  const { found, stream } = collect();
  for (const message of [1, null, "text", [], { id: 1 }, { type: 5 }]) stream.push(frames(message));
  stream.push(encoder.encode(`\x1e${TOKEN}.0003{a}`));
  stream.push(encoder.encode(`\x1e${TOKEN}.0000`));
  assertEquals(found, { output: "", messages: [], tooLarge: 0 });
});

Deno.test("KernelStream survives any bytes", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  const pieces = ["\x1e", TOKEN, ".", "+", "0003", "ffff", "{}", "\x00\xff", `\x1e${TOKEN}.0002{}`];
  for (let round = 0; round < 300; round++) {
    const { found, stream } = collect(200);
    let total = 0;
    for (let at = 0; at < 40; at++) {
      const bytes = encoder.encode(pieces[random(pieces.length)]!.slice(0, 1 + random(40)));
      total += bytes.length;
      stream.push(bytes);
    }
    stream.end();
    assert(found.output.length <= total, "nothing is made up");
  }
});

Deno.test("newKernelToken() is another one each time", () => {
  assert(newKernelToken() !== newKernelToken());
  assertEquals(newKernelToken().length, 32);
});
