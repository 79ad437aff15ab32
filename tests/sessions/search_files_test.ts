import { assert, assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../src/errors.ts";
import { type CommandInput, CommandSchema } from "../../src/protocol/commands.ts";
import { SearchResultSchema } from "../../src/protocol/search.ts";
import type { SandboxFiles } from "../../src/runtimes/runtime.ts";
import {
  SEARCH_BOUNDS,
  type SearchBounds,
  type SearchCommand,
  searchFiles,
} from "../../src/sessions/search_files.ts";
import { TreeFiles } from "./tree_files.ts";

const FILES = new TreeFiles({
  src: { "a.ts": "one\ntwo\n", "b.js": "two\n", lib: { "c.ts": "TWO\n" } },
  "d.ts": "two\n",
  ".hidden": { "e.ts": "two\n" },
  "image.png": Uint8Array.of(137, 80, 0, 116, 119, 111),
});

interface SearchOptions {
  readonly bounds?: Partial<SearchBounds>;
  readonly signal?: AbortSignal;
}

async function search(
  command: Omit<CommandInput & { type: "search_files" }, "type">,
  files: TreeFiles = FILES,
  { bounds = {}, signal = new AbortController().signal }: SearchOptions = {},
) {
  const parsed = CommandSchema.parse({ type: "search_files", ...command }) as SearchCommand;
  const result = await searchFiles(parsed, {
    files: files as unknown as SandboxFiles,
    content: new Uint8Array(),
    maxFileBytes: 1_000_000,
    signal,
  }, { ...SEARCH_BOUNDS, ...bounds });
  return SearchResultSchema.parse(result);
}

async function paths(...args: Parameters<typeof search>): Promise<string[]> {
  const { entries = [], matches = [] } = await search(...args);
  return [...entries, ...matches].map(({ path }) => path.replace("/workspace/", ""));
}

Deno.test("searchFiles() finds entries by a glob", async () => {
  assertEquals(await paths({ glob: "*.ts" }), ["d.ts", "src/a.ts", "src/lib/c.ts"]);
  assertEquals(await paths({ glob: "src/*.ts" }), ["src/a.ts"]);
  assertEquals(await paths({ glob: "src/**/*.{ts,js}" }), ["src/a.ts", "src/b.js", "src/lib/c.ts"]);
  assertEquals(await paths({ glob: "./src/*.js" }), ["src/b.js"]);
  assertEquals(await paths({ glob: "/workspace/src/*.js" }), ["src/b.js"]);
  assertEquals(await paths({ glob: "lib" }), ["src/lib"]);
  assertEquals(await paths({ glob: "D.TS", ignoreCase: true }), ["d.ts"]);
  assertEquals(await paths({ glob: "e.ts" }), []);
  assertEquals(await paths({ glob: "e.ts", includeHidden: true }), [".hidden/e.ts"]);
});

Deno.test("searchFiles() finds lines by a pattern, in the order of the paths", async () => {
  const result = await search({ pattern: "t[wo]o" });
  assertEquals(result, {
    path: "/workspace",
    matches: [
      { path: "/workspace/d.ts", line: 1, text: "two" },
      { path: "/workspace/src/a.ts", line: 2, text: "two" },
      { path: "/workspace/src/b.js", line: 1, text: "two" },
    ],
    files: 5,
  });
  assertEquals(await paths({ pattern: "two", ignoreCase: true, glob: "*.ts" }), [
    ...["d.ts", "src/a.ts", "src/lib/c.ts"],
  ]);
});

Deno.test("searchFiles() begins where it is told to, which may be a file", async () => {
  assertEquals(await paths({ path: "/workspace/src/lib", pattern: "TWO" }), ["src/lib/c.ts"]);
  assertEquals(await paths({ path: "/workspace/src/a.ts", pattern: "two" }), ["src/a.ts"]);
  await assertRejects(
    () => search({ path: "/workspace/none", pattern: "x" }),
    CommandError,
    "File not found: /workspace/none",
  );
});

Deno.test("searchFiles() says when there is more, and why", async () => {
  const truncated = async (...args: Parameters<typeof search>) => {
    const { truncated, truncatedBy, matches, entries } = await search(...args);
    assertEquals(truncated, truncatedBy && true);
    return [truncatedBy, (matches ?? entries)?.length];
  };
  assertEquals(await truncated({ pattern: "two", maxResults: 2 }), ["results", 2]);
  assertEquals(await truncated({ pattern: "two", maxResults: 3 }), [undefined, 3]);
  assertEquals(await truncated({ glob: "*.ts", maxResults: 1 }), ["results", 1]);
  assertEquals(await truncated({ glob: "*.ts" }, FILES, { bounds: { entries: 3 } }), [
    "entries",
    1,
  ]);
  assertEquals(await truncated({ pattern: "two" }, FILES, { bounds: { allBytes: 6 } }), [
    "bytes",
    1,
  ]);
  assertEquals(await truncated({ pattern: "two" }, FILES, { bounds: { fileBytes: 4 } }), [
    "bytes",
    2,
  ]);
  assertEquals(await truncated({ pattern: "two" }, FILES, { bounds: { ms: 0 } }), ["time", 1]);
  const few = { resultCharacters: 30 };
  assertEquals(await truncated({ pattern: "two" }, FILES, { bounds: few }), ["results", 1]);
});

Deno.test("searchFiles() reads many files together", async () => {
  const tree = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, "needle\n"]));
  const files = new TreeFiles(tree);
  const { matches, files: looked } = await search({ pattern: "needle", maxResults: 5000 }, files);
  assertEquals([matches?.length, looked], [1000, 1000]);
  assert(files.busiest > 32 && files.busiest <= 256, String(files.busiest));
});

Deno.test("searchFiles() gives up when it is told to", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => search({ pattern: "two" }, FILES, { signal }), Error, "enough");
});
