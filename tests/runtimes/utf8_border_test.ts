import { assertEquals } from "@std/assert";
import { dropPartialEnd, dropPartialStart } from "../../src/runtimes/utf8_border.ts";

const bytes = new TextEncoder().encode("aé한🦕z");

/** Where characters begin, and the end. */
const BORDERS = [0, 1, 3, 6, 10, 11];

Deno.test("dropPartialEnd() cuts back to the last whole character", () => {
  for (let end = 0; end <= bytes.length; end++) {
    const expected = BORDERS.findLast((border) => border <= end);
    assertEquals(dropPartialEnd(bytes.subarray(0, end)).length, expected, `cut at ${end}`);
  }
});

Deno.test("dropPartialStart() goes on to the first whole character", () => {
  for (let start = 0; start <= bytes.length; start++) {
    const expected = BORDERS.find((border) => border >= start)!;
    const kept = dropPartialStart(bytes.subarray(start)).length;
    assertEquals(bytes.length - kept, expected, `cut at ${start}`);
  }
});

Deno.test("dropPartialEnd() and dropPartialStart() leave bytes that are no text", () => {
  const noText = Uint8Array.of(0xff, 0xfe, 0xc0, 0xff);
  assertEquals([dropPartialEnd(noText).length, dropPartialStart(noText).length], [4, 4]);
  const continuations = new Uint8Array(10).fill(0x80);
  assertEquals(dropPartialEnd(continuations).length, 10);
  assertEquals(dropPartialStart(continuations).length, 7);
});
