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
