import { assert, assertEquals, assertRejects } from "@std/assert";
import { compilePattern } from "../../src/sessions/search_expression.ts";
import { isBinary, searchLines, type SearchLinesOptions } from "../../src/sessions/search_lines.ts";
import { Turns } from "../../src/sessions/turns.ts";

function search(text: string, pattern: string, options: Partial<SearchLinesOptions> = {}) {
  return searchLines(text, compilePattern(pattern, false), {
    path: "f",
    contextLines: 0,
    max: 100,
    turns: new Turns(new AbortController().signal),
    isOver: () => false,
    ...options,
  });
}

Deno.test("searchLines() gives the lines that match, without their ends", async () => {
  assertEquals(await search("one\r\ntwo\nthree two\n", "two$"), [
    { path: "f", line: 2, text: "two" },
    { path: "f", line: 3, text: "three two" },
  ]);
  assertEquals(await search("a\n\nb\n", "^$"), [{ path: "f", line: 2, text: "" }]);
  assertEquals(await search("", "x*"), []);
});

Deno.test("searchLines() gives the lines around", async () => {
  const text = "1\n2\n3\n4\n5\n";
  assertEquals(await search(text, "[15]", { contextLines: 2 }), [
    { path: "f", line: 1, text: "1", before: [], after: ["2", "3"] },
    { path: "f", line: 5, text: "5", before: ["3", "4"], after: [] },
  ]);
});

Deno.test("searchLines() cuts long lines around what was found, with marks", async () => {
  const [match] = await search(`${"a".repeat(3000)}NEEDLE${"b".repeat(3000)}`, "NEEDLE");
  assert(match!.text.startsWith("…aaa") && match!.text.endsWith("bbb…"));
  assert(match!.text.includes("NEEDLE") && match!.text.length === 502);
  const [last] = await search(`${"a".repeat(3000)}NEEDLE`, "NEEDLE$");
  assert(last!.text.startsWith("…") && last!.text.endsWith("NEEDLE"));
  const [emoji] = await search(`x${"😀".repeat(1000)}`, "^x");
  assert(emoji!.text.isWellFormed());
});

Deno.test("searchLines() ends after so many, when it is over, and when it is told to", async () => {
  assertEquals((await search("x\n".repeat(100), "x", { max: 3 })).length, 3);
  const long = "x\n".repeat(10_000);
  assert((await search(long, "x", { max: 10_000, isOver: () => true })).length < 10_000);
  const turns = new Turns(AbortSignal.abort(new Error("enough")));
  await assertRejects(() => search(long, "x", { max: 10_000, turns }), Error, "enough");
});

Deno.test("isBinary() tells bytes from text", () => {
  assertEquals(isBinary(new TextEncoder().encode("text é")), false);
  assertEquals(isBinary(Uint8Array.of(65, 0, 66)), true);
});
