import { assertEquals } from "@std/assert";
import { parseRange, resolveRange } from "../../../src/transport/files/byte_range.ts";

Deno.test("parseRange() reads one range of bytes and leaves out everything else", () => {
  assertEquals(parseRange("bytes=0-0"), { first: 0, last: 0 });
  assertEquals(parseRange("bytes=5-"), { first: 5 });
  assertEquals(parseRange("BYTES= 1 - 2 "), { first: 1, last: 2 });
  assertEquals(parseRange("bytes=-3"), { suffix: 3 });
  const others = [
    null,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=2-1",
    "bytes=0-1,2-3",
    "items=0-1",
  ];
  for (const header of [...others, "bytes=a-b", "bytes=-1-2", `bytes=${"9".repeat(40)}-`]) {
    assertEquals(parseRange(header), undefined, String(header));
  }
});

Deno.test("resolveRange() counts from the end for a suffix", () => {
  assertEquals(resolveRange(undefined, 10), {});
  assertEquals(resolveRange({ first: 2, last: 4 }, 10), { offset: 2, length: 3 });
  assertEquals(resolveRange({ first: 2 }, 10), { offset: 2 });
  assertEquals(resolveRange({ suffix: 3 }, 10), { offset: 7, length: 3 });
  assertEquals(resolveRange({ suffix: 30 }, 10), { offset: 0, length: 10 });
});
