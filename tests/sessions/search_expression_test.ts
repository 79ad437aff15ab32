import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compileGlob,
  compilePattern,
  ExpressionError,
} from "../../src/sessions/search_expression.ts";

function matching(glob: string, paths: string[], ignoreCase = false): string[] {
  const expression = compileGlob(glob, ignoreCase);
  return paths.filter((path) => expression.test(path));
}

Deno.test("compileGlob() takes **, *, ?, [] and {}", () => {
  const paths = ["a.ts", "b.js", "src/a.ts", "src/deep/er/a.ts", "src/ab.ts", "(x).ts"];
  assertEquals(matching("*.ts", paths), ["a.ts", "(x).ts"]);
  assertEquals(matching("**/*.ts", paths), paths.filter((path) => path !== "b.js"));
  assertEquals(matching("src/**", paths), ["src/a.ts", "src/deep/er/a.ts", "src/ab.ts"]);
  assertEquals(matching("src/?.ts", paths), ["src/a.ts"]);
  assertEquals(matching("src/a?.ts", paths), ["src/ab.ts"]);
  assertEquals(matching("[ab].{ts,js}", paths), ["a.ts", "b.js"]);
  assertEquals(matching("[!a].*", paths), ["b.js"]);
  assertEquals(matching("{a,src/a}.ts", paths), ["a.ts", "src/a.ts"]);
  assertEquals(matching("A.TS", paths, true), ["a.ts"]);
});

Deno.test("compileGlob() has ? stand for no slash, and a dot for itself", () => {
  assertEquals(matching("a?b", ["a/b", "a-b"]), ["a-b"]);
  assertEquals(matching("a.b", ["a.b", "axb"]), ["a.b"]);
  assertEquals(matching("[.x]b", [".b", "xb", "yb"]), [".b", "xb"]);
});

Deno.test("compilePattern() takes what clients write, without backtracking", () => {
  const found = (pattern: string, text: string, ignoreCase = false) =>
    compilePattern(pattern, ignoreCase).test(text);
  assert(found("^\\s*export (?:async )?function \\w+\\(", "export function f("));
  assert(found("(?<year>\\d{4})-\\d\\d", "on 2024-05"));
  assert(found("\\u00e9", "é"));
  assert(found("\\bTODO\\b", "// todo: x", true));
  assert(found("\\p{Lu}", "É"));
  assertEquals(compilePattern("b+", false).indexIn("aabb"), 2);
  assertEquals(compilePattern("c", false).indexIn("aabb"), -1);
  // An engine that backtracks would take 2^100000 steps.
  const text = `${"a".repeat(100_000)}b`;
  for (const evil of ["^(a+)+$", "^(a|aa)+$", "(.*a){20}c", "^(a|a?)+$"]) {
    assertEquals(found(evil, text), false, evil);
  }
});

Deno.test("compilePattern() refuses what it does not know, with the reason", () => {
  for (const pattern of ["(", "a{2,1}", "(?=a)", "(a)\\1", "[z-a]"]) {
    const error = assertThrows(() => compilePattern(pattern, false), ExpressionError);
    assert(error.message.startsWith("Not a valid expression: "), error.message);
  }
});

Deno.test("compilePattern() refuses what grows too large before it is compiled", () => {
  for (const pattern of ["\\pL{1000}".repeat(50), "((\\w{10}){10}){100}", "(ab{999}c){6}"]) {
    assertThrows(() => compilePattern(pattern, false), ExpressionError, "too large");
  }
  compilePattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", true);
});
