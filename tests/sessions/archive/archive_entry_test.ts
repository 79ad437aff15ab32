import { assertEquals, assertThrows } from "@std/assert";
import { ArchiveError } from "../../../src/errors.ts";
import { entrySegments, linkTarget } from "../../../src/sessions/archive/archive_entry.ts";

Deno.test("entrySegments() reads names as archives have them", () => {
  assertEquals(entrySegments("./a//b/./c/"), ["a", "b", "c"]);
  assertEquals(entrySegments("./"), []);
  assertEquals(entrySegments("a..b/...c"), ["a..b", "...c"]);
});

Deno.test("entrySegments() refuses what leads out or is too much", () => {
  const names = ["/a", "..", "a/..", "a/../b", "./../a", "a\0b", "n".repeat(256)];
  for (const name of [...names, "d/".repeat(101), "long name/".repeat(400)]) {
    assertThrows(() => entrySegments(name), ArchiveError, "is refused", name);
  }
});

Deno.test("linkTarget() keeps symlinks in the workspace, and makes them relative", () => {
  const target = (linkName: string, ...directory: string[]) =>
    linkTarget({ name: "l", linkName }, directory);
  assertEquals(target("a/b"), "a/b");
  assertEquals(target("."), ".");
  assertEquals(target("../x", "a"), "../x");
  assertEquals(target("../..", "a", "b"), "../..");
  assertEquals(target("/workspace/x/y"), "x/y");
  assertEquals(target("/workspace/x", "a", "b"), "../../x");
  assertEquals(target("/workspace", "a"), "..");
  assertEquals(target("/workspace"), ".");
});

Deno.test("linkTarget() refuses those that lead out, whatever is on their way", () => {
  const cases: [string, ...string[]][] = [
    [".."],
    ["../x"],
    ["../../x", "a"],
    ["./../x"],
    ["/etc"],
    ["/"],
    ["/workspace/../etc"],
    ["/workspaces/x"],
    ["/../workspace/x"],
    ["a/../b"],
    ["a/../../x", "b", "c"],
    [""],
    ["a\0b"],
    ["x".repeat(4000)],
  ];
  for (const [linkName, ...directory] of cases) {
    const act = () => linkTarget({ name: "l", linkName }, directory);
    assertThrows(act, ArchiveError, "symlink", linkName);
  }
});
