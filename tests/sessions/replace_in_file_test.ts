import { assert, assertEquals, assertRejects } from "@std/assert";
import { CommandError, SandboxError } from "../../src/errors.ts";
import { replaceInFile } from "../../src/sessions/replace_in_file.ts";
import { FakeFiles } from "./fake_runtime.ts";

const encoder = new TextEncoder();

async function replace(
  file: string | Uint8Array,
  oldText: string,
  newText: string,
  more: { expectedCount?: number; all?: boolean; maxFileBytes?: number } = {},
) {
  const { maxFileBytes = 1_000_000, expectedCount, all = false } = more;
  const files = new FakeFiles();
  files.content.set("f", typeof file === "string" ? encoder.encode(file) : file);
  const type = "replace_in_file" as const;
  const { signal } = new AbortController();
  const result = await replaceInFile(
    { type, path: "f", oldText, newText: "", all, expectedCount },
    { files, content: encoder.encode(newText), maxFileBytes, signal },
  );
  return { result, bytes: files.content.get("f")! };
}

async function text(...args: Parameters<typeof replace>): Promise<string> {
  return new TextDecoder().decode((await replace(...args)).bytes);
}

Deno.test("replaceInFile() replaces text that is there as often as expected", async () => {
  assertEquals(await text("a b c", "b", "bee"), "a bee c");
  assertEquals(await text("a b c", "b ", ""), "a c");
  assertEquals(await text("x-x-x", "x", "yy", { expectedCount: 3 }), "yy-yy-yy");
  assertEquals(await text("x-x", "x", "", { all: true }), "-");
  assertEquals(await text("$&", "$&", "$1 $&"), "$1 $&");
  const { result } = await replace("한글 a", "글", "ก");
  assertEquals(result, { path: "f", count: 1, bytes: 8 });
});

Deno.test("replaceInFile() keeps the rest byte for byte, text or not", async () => {
  const { bytes } = await replace(Uint8Array.of(0, 255, 97, 13, 10, 254), "a\r\n", "b");
  assertEquals([...bytes], [0, 255, 98, 254]);
});

Deno.test("replaceInFile() says how often the text is there if that is not expected", async () => {
  const failure = async (...args: Parameters<typeof replace>) =>
    (await assertRejects(() => replace(...args), CommandError)).message;
  assertEquals(
    await failure("x x", "x", "y"),
    "Cannot replace in f: expected the text once, it is there 2 times; add more of what is around " +
      'it, set "expectedCount" or use "all": true',
  );
  assert(
    (await failure("x", "x", "y", { expectedCount: 3 })).includes("3 times, it is there once"),
  );
  assertEquals(await failure("abc", "x", "y"), "Cannot replace in f: the text is there 0 times");
  assertEquals(await failure("abc", "x", "", { all: true }), await failure("abc", "x", "y"));
  assertEquals(
    await failure("a\n  b\n", "a\n\tb", "c"),
    "Cannot replace in f: the text is there 0 times; at line 1 it differs in white space only",
  );
});

Deno.test("replaceInFile() bounds what it makes", async () => {
  const error = await assertRejects(
    () => replace("xxxxx", "x", "12345", { all: true, maxFileBytes: 24 }),
    SandboxError,
    "f would have 25 bytes, at most 24 are allowed at once",
  );
  assertEquals(error.code, "too_large");
  const many = "x".repeat(100_001);
  await assertRejects(
    () => replace(many, "x", "", { all: true }),
    CommandError,
    "more than 100000",
  );
});
