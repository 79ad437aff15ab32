import { assertEquals } from "@std/assert";
import { workspaceSegments } from "../../src/runtimes/workspace_path.ts";

Deno.test("workspaceSegments() reads absolute and relative paths", () => {
  const cases: [path: string, segments: string[] | undefined][] = [
    ["/workspace", []],
    ["/workspace/", []],
    [".", []],
    ["a.txt", ["a.txt"]],
    ["/workspace/a/./b//c", ["a", "b", "c"]],
    ["/workspace/a/../b", ["b"]],
    ["-rf", ["-rf"]],
    ["a b/ü/\n", ["a b", "ü", "\n"]],
    ["//workspace/a", ["a"]],
    ["..", undefined],
    ["../workspace/a", ["a"]],
    ["/workspace/..", undefined],
    ["/workspace/../etc/passwd", undefined],
    ["/etc/passwd", undefined],
    ["/workspacex/a", undefined],
    ["/", undefined],
    ["a\0b", undefined],
    ["a/../../../etc", undefined],
  ];
  for (const [path, segments] of cases) {
    assertEquals(workspaceSegments(path), segments, JSON.stringify(path));
  }
});
