import { assertEquals } from "@std/assert";
import { nearest, suggestion } from "../../src/rpc/suggestion.ts";

Deno.test("nearest() returns a word that is near enough", () => {
  const known = ["language", "sessionId", "timeoutMs", "path"];
  const cases: [string, string | undefined][] = [
    ["langauge", "language"],
    ["sessionid", "sessionId"],
    ["session_id", "sessionId"],
    ["timeout", "timeoutMs"],
    ["pth", "path"],
    ["x", undefined],
    ["memory", undefined],
    ["", undefined],
    ["l".repeat(100_000), undefined],
  ];
  for (const [given, expected] of cases) assertEquals(nearest(given, known), expected, given);
  assertEquals(nearest("path", []), undefined);
});

Deno.test("suggestion() ends the sentence", () => {
  assertEquals(suggestion("pth", ["path", "mode"]), `, did you mean "path"?`);
  assertEquals(suggestion("zzz", ["path", "mode"]), `, expected one of "path", "mode"`);
  assertEquals(suggestion("zzz", ["path"]), `, expected "path"`);
  assertEquals(suggestion("zzz", []), "");
  assertEquals(suggestion("zzz", Array.from({ length: 21 }, (_, index) => `key${index}x`)), "");
});
