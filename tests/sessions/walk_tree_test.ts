import { assert, assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../src/errors.ts";
import { type WalkOptions, walkTree } from "../../src/sessions/walk_tree.ts";
import { TreeFiles } from "./tree_files.ts";

const TREE = { b: { c: { d: "1" }, e: "2" }, a: "3", ".git": { x: "4" }, link: null };

async function walk(files: TreeFiles, options: Partial<WalkOptions> = {}) {
  const { signal } = new AbortController();
  const tree = await walkTree(files, "/workspace", {
    depth: 20,
    maxEntries: 1000,
    signal,
    ...options,
  });
  return {
    paths: tree.entries.map(({ path }) => path.slice("/workspace/".length)),
    truncated: tree.truncated,
  };
}

Deno.test("walkTree() lists so many levels, sorted, and follows no symlink", async () => {
  const files = new TreeFiles(TREE);
  assertEquals(await walk(files, { depth: 1 }), {
    paths: [".git", "a", "b", "link"],
    truncated: false,
  });
  assertEquals((await walk(files, { depth: 2 })).paths, [
    ...[".git", ".git/x", "a", "b", "b/c", "b/e", "link"],
  ]);
  assertEquals((await walk(files)).paths.includes("b/c/d"), true);
  assert(!files.listed.includes("/workspace/link"));
});

Deno.test("walkTree() leaves hidden names out", async () => {
  const files = new TreeFiles(TREE);
  assertEquals((await walk(files, { includeHidden: false })).paths[0], "a");
  assert(!files.listed.includes("/workspace/.git"));
});

Deno.test("walkTree() leaves the deepest out where there are too many, and says so", async () => {
  const files = new TreeFiles(TREE);
  assertEquals(await walk(files, { maxEntries: 5 }), {
    paths: [".git", ".git/x", "a", "b", "link"],
    truncated: true,
  });
  assertEquals(await walk(files, { maxEntries: 2 }), { paths: [".git", "a"], truncated: true });
  assertEquals((await walk(files, { isOver: () => true })).truncated, true);
});

Deno.test("walkTree() lists directories together, and not all at once", async () => {
  const tree = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`d${i}`, { f: "" }]));
  const files = new TreeFiles(tree);
  assertEquals((await walk(files)).paths.length, 200);
  assert(files.busiest > 4 && files.busiest <= 32, String(files.busiest));
});

Deno.test("walkTree() passes over what is gone, and tells of what cannot be listed", async () => {
  const files = new TreeFiles({ a: {}, b: { c: "" } });
  const refuse = (words: string) => (path: string) => {
    if (path.endsWith("/a")) throw new CommandError(`${words}: ${path}`);
  };
  files.gate = refuse("File not found");
  assertEquals(await walk(files), { paths: ["a", "b", "b/c"], truncated: false });
  files.gate = refuse("Permission denied");
  assertEquals(await walk(files), { paths: ["a", "b", "b/c"], truncated: true });
  files.gate = () => {
    throw new CommandError("Permission denied: /workspace");
  };
  await assertRejects(() => walk(files), CommandError, "Permission denied");
});
