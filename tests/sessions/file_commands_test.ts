import { assertEquals, assertObjectMatch } from "@std/assert";
import { COMMAND_RESULTS, CommandSchema } from "../../src/protocol/commands.ts";
import type { CommandInput } from "../../src/protocol/commands.ts";
import { TestManager } from "./test_manager.ts";

async function run(test: TestManager, sessionId: string, command: CommandInput) {
  const parsed = CommandSchema.parse(command);
  const envelope = await test.manager.execute(sessionId, parsed, test.user).answer;
  if (envelope.success) COMMAND_RESULTS[command.type].parse(envelope.result);
  return envelope;
}

Deno.test("every file command has the contract's result", async () => {
  await using test = new TestManager();
  const [{ id }] = await test.open();
  const results: [CommandInput, unknown][] = [
    [{ type: "create_directory", path: "d" }, { path: "d" }],
    [{ type: "write_file", path: "d/a", content: "é" }, { path: "d/a", bytes: 2 }],
    [{ type: "write_file", path: "d/a", content: "b", mode: "Append" }, { path: "d/a", bytes: 1 }],
    [{ type: "read_file", path: "d/a" }, { content: "éb", bytes: 3 }],
    [
      { type: "read_file", path: "d/a", offset: 2, length: 5 },
      { content: "b", bytes: 1, size: 3 },
    ],
    [{ type: "read_file", path: "d/a", encoding: "base64" }, { content: "w6li", bytes: 3 }],
    [
      { type: "read_file", path: "d/a", startLine: 1 },
      { content: "éb", bytes: 3, startLine: 1, endLine: 1, totalLines: 1 },
    ],
    [
      { type: "replace_in_file", path: "d/a", oldText: "b", newText: "c" },
      { path: "d/a", count: 1, bytes: 3 },
    ],
    [{ type: "set_permissions", path: "d/a", mode: "0640" }, { path: "d/a", mode: "640" }],
    [
      { type: "copy_file", sourcePath: "d/a", destinationPath: "c" },
      { sourcePath: "d/a", destinationPath: "c", bytes: 3 },
    ],
    [
      { type: "move_file", sourcePath: "c", destinationPath: "m" },
      { sourcePath: "c", destinationPath: "m" },
    ],
    [{ type: "delete_file", path: "d/a" }, { path: "d/a" }],
    [{ type: "list_directory" }, {
      path: "/workspace",
      entries: [{
        name: "m",
        path: "m",
        type: "file",
        size: 3,
        modifiedAt: "1970-01-01T00:00:00.000Z",
      }],
    }],
    [{ type: "file_info", path: "m" }, {
      name: "m",
      path: "m",
      type: "file",
      size: 3,
      modifiedAt: "1970-01-01T00:00:00.000Z",
    }],
  ];
  for (const [command, result] of results) {
    const envelope = await run(test, id, command);
    assertObjectMatch({ ...envelope }, { success: true, error: null, status: "ok" });
    assertEquals(envelope.result, result, JSON.stringify(command));
  }
});

Deno.test("a file command that fails has the guide's error and no status", async () => {
  await using test = new TestManager();
  const [{ id }] = await test.open();
  const path = "/workspace/missing.py";
  const { executionId, durationMs, ...rest } = await run(test, id, { type: "read_file", path });
  assertEquals([typeof executionId, typeof durationMs], ["string", "number"]);
  assertEquals(rest, { success: false, result: null, error: `File not found: ${path}` });
});

Deno.test("read_file refuses to give bytes as text", async () => {
  await using test = new TestManager();
  const [{ id }] = await test.open();
  const content = "gA==";
  await run(test, id, { type: "write_file", path: "b", content, encoding: "base64" });
  const { error } = await run(test, id, { type: "read_file", path: "b" });
  assertEquals(
    error,
    'Cannot read "b" as text: not valid UTF-8, read it with encoding "base64"',
  );
});

Deno.test("read_file by lines tells which ones, and the size of the whole file", async () => {
  await using test = new TestManager();
  const [{ id }] = await test.open();
  await run(test, id, { type: "write_file", path: "f", content: "a\nbb\nc\n" });
  const { result } = await run(test, id, {
    type: "read_file",
    path: "f",
    startLine: 2,
    endLine: 2,
  });
  assertEquals(result, {
    content: "bb\n",
    bytes: 3,
    size: 7,
    startLine: 2,
    endLine: 2,
    totalLines: 3,
  });
});

Deno.test("read_file takes lines or bytes, not both", () => {
  const issues = (more: object) =>
    CommandSchema.safeParse({ type: "read_file", path: "f", ...more }).error?.issues
      .map(({ path, message }) => [...path, message]);
  assertEquals(issues({ startLine: 2, offset: 1, length: 3 }), [[
    "startLine",
    "startLine cannot be used together with offset and length: read either lines or bytes",
  ]]);
  assertEquals(issues({ startLine: 3, endLine: 2 }), [[
    "endLine",
    "Expected at least startLine, which is 3, received 2",
  ]]);
  assertEquals(issues({ startLine: 0 })?.length, 1);
  assertEquals(issues({ endLine: 2 }), undefined);
});

Deno.test("set_permissions takes three octal digits only", () => {
  const command = { type: "set_permissions", path: "f" };
  for (const mode of ["755", "0644", "000"]) CommandSchema.parse({ ...command, mode });
  for (const mode of ["4755", "7", "888", "u+x", "-755", "755 ", "0o755", "01755"]) {
    assertEquals(CommandSchema.safeParse({ ...command, mode }).success, false, mode);
  }
});
