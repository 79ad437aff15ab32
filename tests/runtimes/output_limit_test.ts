import { assert, assertEquals, assertMatch } from "@std/assert";
import { OutputLimit } from "../../src/runtimes/output_limit.ts";

const encoder = new TextEncoder();

function limited(maxBytes: number, chunks: readonly (string | Uint8Array)[]) {
  const limit = new OutputLimit(maxBytes);
  for (const chunk of chunks) limit.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
  return limit.finish();
}

Deno.test("OutputLimit keeps all that fits, to the last byte", () => {
  assertEquals(limited(10, []), { text: "", bytes: 0, truncated: false });
  assertEquals(limited(10, ["0123", "456789"]), {
    text: "0123456789",
    bytes: 10,
    truncated: false,
  });
});

Deno.test("OutputLimit keeps the first and the last half of more", () => {
  const { text, bytes, truncated } = limited(10, ["0123", "456789", "abc"]);
  assertEquals(text, "01234\n… 3 bytes omitted …\n89abc");
  assertEquals([bytes, truncated], [13, true]);
});

Deno.test("OutputLimit keeps the same however the bytes are cut into chunks", () => {
  const all = encoder.encode("0123456789abcdefghijklmnopqrstuvwxyz");
  const whole = limited(16, [all]);
  for (let size = 1; size < all.length; size++) {
    const chunks = Array.from(
      { length: Math.ceil(all.length / size) },
      (_, i) => all.subarray(i * size, (i + 1) * size),
    );
    assertEquals(limited(16, chunks), whole, `chunks of ${size}`);
  }
});

Deno.test("OutputLimit cuts between characters", () => {
  for (let limit = 8; limit < 30; limit++) {
    const { text } = limited(limit, ["한🦕é".repeat(20)]);
    const [head, omitted, tail] = text.split("\n");
    assert(!text.includes("\uFFFD"), `limit ${limit}: ${text}`);
    assertMatch(omitted!, /^… \d+ bytes omitted …$/);
    const kept = encoder.encode(head! + tail!).length;
    assertEquals(kept + Number(omitted!.split(" ")[1]), 180, `limit ${limit}`);
  }
});

Deno.test("OutputLimit gives the exact bytes of what is not UTF-8, if none is missing", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x62);
  assertEquals(limited(10, [bytes]), {
    text: "a\uFFFDb",
    bytes: 3,
    truncated: false,
    base64: bytes.toBase64(),
  });
  const cut = limited(4, [bytes, bytes]);
  assertEquals([cut.truncated, cut.base64], [true, undefined]);
});

Deno.test("OutputLimit keeps a byte order mark and text split between chunks", () => {
  const text = "\uFEFF한글";
  const chunks = Array.from(encoder.encode(text), (byte) => Uint8Array.of(byte));
  assertEquals(limited(100, chunks), { text, bytes: 9, truncated: false });
});

Deno.test("OutputLimit copies, so that the caller may use its buffer again", () => {
  const limit = new OutputLimit(4);
  const buffer = new Uint8Array(1);
  for (const byte of [97, 98, 99, 100]) {
    buffer[0] = byte;
    limit.push(buffer);
  }
  assertEquals(limit.finish().text, "abcd");
});

Deno.test("OutputLimit takes gigabytes in flat memory", () => {
  const limit = new OutputLimit(64 * 1024);
  const block = new Uint8Array(1024 * 1024).fill(120);
  const before = Deno.memoryUsage();
  for (let i = 0; i < 4096; i++) limit.push(block);
  const after = Deno.memoryUsage();
  const grown = after.external + after.heapUsed - before.external - before.heapUsed;
  assert(grown < 32 * 1024 * 1024, `grown by ${grown} bytes`);
  const { bytes, text, truncated } = limit.finish();
  assertEquals([bytes, truncated], [4 * 2 ** 30, true]);
  assertEquals(text.split("\n").map(({ length }) => length), [32768, 28, 32768]);
});

Deno.test("OutputLimit takes a limit of one byte and of none", () => {
  assertEquals(limited(1, ["abc"]).text, "a\n… 2 bytes omitted …\n");
  assertEquals(limited(0, ["abc"]).text, "\n… 3 bytes omitted …\n");
});
