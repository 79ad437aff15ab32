import { assertEquals } from "@std/assert";
import { lineRange } from "../../src/sessions/line_range.ts";

function lines(text: string, startLine?: number, endLine?: number) {
  const { content, ...rest } = lineRange(new TextEncoder().encode(text), startLine, endLine);
  return [new TextDecoder().decode(content), rest.startLine, rest.endLine, rest.totalLines];
}

Deno.test("lineRange() cuts lines with their ends", () => {
  const text = "one\ntwo\r\nthree\n";
  assertEquals(lines(text, 2, 2), ["two\r\n", 2, 2, 3]);
  assertEquals(lines(text, 1, 2), ["one\ntwo\r\n", 1, 2, 3]);
  assertEquals(lines(text, 2), ["two\r\nthree\n", 2, 3, 3]);
  assertEquals(lines(text, undefined, 1), ["one\n", 1, 1, 3]);
});

Deno.test("lineRange() counts a last line without an end", () => {
  assertEquals(lines("one\ntwo", 2), ["two", 2, 2, 2]);
  assertEquals(lines("\n\nx", 2, 3), ["\nx", 2, 3, 3]);
});

Deno.test("lineRange() returns nothing beyond the end, and says how many lines there are", () => {
  assertEquals(lines("one\n", 5, 9), ["", 5, 1, 1]);
  assertEquals(lines("", 1), ["", 1, 0, 0]);
});
