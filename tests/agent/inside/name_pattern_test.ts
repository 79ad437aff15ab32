import { assertEquals } from "@std/assert";
import { excludedBy } from "../../../src/agent/inside/name_pattern.ts";

Deno.test("excludedBy() does match names at any depth, and paths from the top on", () => {
  const cases: [pattern: string, path: string, excluded: boolean][] = [
    ["node_modules", "node_modules", true],
    ["node_modules", "a/b/node_modules", true],
    ["node_modules/", "a/node_modules", true],
    ["node_modules", "node_modules2", false],
    ["*.log", "a/x.log", true],
    ["*.log", "x.log.txt", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["?", "🦕", true],
    ["*", "anything", true],
    ["**", "anything", true],
    ["a*b*c", "axxbxxbxxc", true],
    ["a*b*c", "axxbxx", false],
    ["a/b", "a/b", true],
    ["/a", "a", true],
    ["/a", "b/a", false],
    ["a/b", "x/a/b", false],
    ["a/*", "a/b", true],
    ["a/*", "a/b/c", false],
    ["**/b", "b", true],
    ["**/b", "x/y/b", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/x/y/c", false],
    ["a/**", "a/x/y", true],
    ["[a]", "a", false],
  ];
  for (const [pattern, path, excluded] of cases) {
    assertEquals(excludedBy([pattern])(path.split("/")), excluded, `${pattern} ${path}`);
  }
  assertEquals(excludedBy([])(["a"]), false);
});

Deno.test("excludedBy() does not take the longer for a pattern that could go back and forth", () => {
  const isExcluded = excludedBy([`${"a*".repeat(400)}b`, `${"**/a/".repeat(100)}b`]);
  assertEquals(isExcluded(["a".repeat(255)]), false);
  assertEquals(isExcluded(Array(1000).fill("a")), false);
});
