import { assertEquals } from "@std/assert";
import { formatBytes, parseBytes } from "../../src/config/byte_size.ts";

Deno.test("parseBytes() reads sizes and nothing else", async (t) => {
  const table: [string, number | undefined][] = [
    ["0", 0],
    ["1500", 1500],
    ["1500B", 1500],
    ["64MB", 64_000_000],
    ["64mb", 64_000_000],
    ["64 MiB", 67_108_864],
    ["1GiB", 1_073_741_824],
    ["1.5KiB", 1536],
    ["2kb", 2000],
    ["", undefined],
    ["MB", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["0.0001KiB", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["64M", undefined],
    ["64TB", undefined],
    ["1 0", undefined],
    ["999999999999999GiB", undefined],
    ["9".repeat(400), undefined],
  ];
  for (const [text, bytes] of table) {
    await t.step(JSON.stringify(text.slice(0, 40)), () => assertEquals(parseBytes(text), bytes));
  }
});

Deno.test("formatBytes() uses the largest unit without a fraction", () => {
  assertEquals(formatBytes(0), "0 B");
  assertEquals(formatBytes(1000), "1000 B");
  assertEquals(formatBytes(1536), "1536 B");
  assertEquals(formatBytes(2048), "2 KiB");
  assertEquals(formatBytes(64 * 2 ** 20), "64 MiB");
  assertEquals(formatBytes(2 ** 30), "1 GiB");
});
