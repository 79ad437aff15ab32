import { assert, assertEquals, assertThrows, unimplemented } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import { type Command, type CommandInput, CommandSchema } from "../../src/protocol/commands.ts";
import { type CommandContext, prepareCommand } from "../../src/sessions/prepare_command.ts";
import { codeCommand, readCommand, shellCommand, writeCommand } from "./test_manager.ts";

const CONTEXT: CommandContext = {
  limits: { maxCodeBytes: 10, maxFileBytes: 20, maxOutputBytes: 1000 },
  language: "deno",
  languages: new Set(["deno", "typescript"]),
  runtime: "deno",
  network: false,
  contexts: { resolve: () => unimplemented() },
  shells: { resolve: () => unimplemented() },
  path: ["command"],
};

function contentOf(command: Command): number[] {
  const prepared = prepareCommand(command, CONTEXT);
  assert(prepared.kind === "file");
  return [...prepared.content];
}

Deno.test("prepareCommand() takes code of the limit's size and refuses more", () => {
  const prepared = prepareCommand(codeCommand("é".repeat(5)), CONTEXT);
  assert(prepared.kind === "program" && prepared.spec.kind === "code");
  assertEquals(prepared.spec.language, "deno");
  const error = assertThrows(
    () => prepareCommand(codeCommand("é".repeat(5) + "x"), CONTEXT),
    SandboxError,
    "Code is too large: 11 bytes, at most 10 (maxCodeBytes)",
  );
  assertEquals([error.code, error.data], ["too_large", {
    limit: "maxCodeBytes",
    maxBytes: 10,
    bytes: 11,
  }]);
});

Deno.test("prepareCommand() refuses a language that the session does not run", () => {
  const command = { ...codeCommand("x"), language: "python" } as const;
  const error = assertThrows(() => prepareCommand(command, CONTEXT), InvalidParamsError);
  assertEquals(error.issues[0]?.path, ["command", "language"]);
  const typescript = prepareCommand({ ...command, language: "typescript" }, CONTEXT);
  assert(typescript.kind === "program" && typescript.spec.kind === "code");
  assertEquals(typescript.spec.language, "typescript");
});

Deno.test("prepareCommand() refuses standard input above the limit", () => {
  for (const command of [codeCommand("x"), shellCommand("cat")]) {
    prepareCommand({ ...command, stdin: "x".repeat(20) }, CONTEXT);
    assertThrows(
      () => prepareCommand({ ...command, stdin: "x".repeat(21) }, CONTEXT),
      SandboxError,
      "stdin is too large: 21 bytes",
    );
  }
});

Deno.test("prepareCommand() turns content into bytes", () => {
  assertEquals(contentOf(writeCommand("f", "é")), [0xc3, 0xa9]);
  const base64 = { ...writeCommand("f", "AP+A"), encoding: "base64" } as const;
  assertEquals(contentOf(base64), [0, 255, 128]);
  assertEquals(contentOf({ ...base64, content: "" }), []);
  assertEquals(contentOf(readCommand("f")), []);
});

Deno.test("prepareCommand() refuses content above the limit, before decoding it", () => {
  const base64 = (size: number) => new Uint8Array(size).toBase64();
  for (const size of [18, 19, 20]) {
    const command = { ...writeCommand("f", base64(size)), encoding: "base64" } as const;
    assertEquals(contentOf(command).length, size);
  }
  for (const size of [21, 22, 23, 1000]) {
    const command = { ...writeCommand("f", base64(size)), encoding: "base64" } as const;
    const error = assertThrows(() => prepareCommand(command, CONTEXT), SandboxError);
    assertEquals([error.code, error.data.bytes], ["too_large", size]);
  }
  assertThrows(
    () => prepareCommand(writeCommand("f", "한".repeat(7)), CONTEXT),
    SandboxError,
    'Content of "f" is too large: 21 bytes, at most 20 (maxFileBytes)',
  );
});

Deno.test("prepareCommand() refuses content that is not what it says it is", () => {
  const path = ["command", "content"];
  for (const content of ["A", "????", "AA=A", "é"]) {
    const command = { ...writeCommand("f", content), encoding: "base64" } as const;
    const error = assertThrows(() => prepareCommand(command, CONTEXT), InvalidParamsError);
    assertEquals(error.issues[0]?.path, path, content);
  }
  const half = assertThrows(
    () => prepareCommand(writeCommand("f", "a\ud800"), CONTEXT),
    InvalidParamsError,
  );
  assertEquals(half.issues[0]?.path, path);
});

Deno.test("prepareCommand() weighs what a command holds while it waits", () => {
  const weights = [codeCommand("12345"), writeCommand("f", "1234567"), readCommand("f")]
    .map((command) => prepareCommand(command, CONTEXT).bytes);
  assertEquals(weights, [5, 7, 0]);
});

function issueOf(command: CommandInput, context: Partial<CommandContext> = {}) {
  const parsed = CommandSchema.parse(command);
  const error = assertThrows(
    () => prepareCommand(parsed, { ...CONTEXT, ...context }),
    InvalidParamsError,
  );
  return error.issues[0]!;
}

Deno.test("prepareCommand() refuses expressions that are none, with the reason", () => {
  const pattern = issueOf({ type: "search_files", pattern: "a(" });
  assertEquals(pattern, {
    path: ["command", "pattern"],
    message: "Not a valid expression: missing closing ): `a(`",
  });
  const glob = issueOf({ type: "search_files", glob: "[]" });
  assertEquals(glob.path, ["command", "glob"]);
  prepareCommand(CommandSchema.parse({ type: "search_files", glob: "{a,b}/**/*.ts" }), CONTEXT);
});

Deno.test("prepareCommand() refuses texts of replace_in_file that are too large or no text", () => {
  const command = { type: "replace_in_file" as const, path: "f", oldText: "a" };
  assertThrows(
    () => prepareCommand(CommandSchema.parse({ ...command, newText: "x".repeat(21) }), CONTEXT),
    SandboxError,
    "newText is too large: 21 bytes, at most 20 (maxFileBytes)",
  );
  assertEquals(issueOf({ ...command, newText: "\ud800" }).path, ["command", "newText"]);
  const half = { ...command, oldText: "\ud800", newText: "" };
  assertEquals(issueOf(half).path, ["command", "oldText"]);
});

Deno.test("prepareCommand() checks every command of a batch before any runs", () => {
  const write = { type: "write_file" as const, path: "f", content: "x" };
  const batch = (...commands: Exclude<CommandInput, { type: "batch" }>[]) => ({
    type: "batch" as const,
    commands,
  });
  const path = ["command", "commands", 1];
  const bytes = { ...write, content: "?", encoding: "base64" as const };
  assertEquals(issueOf(batch(write, bytes)).path, [...path, "content"]);
  const code = { type: "execute_code" as const, code: "x", language: "python" };
  assertEquals(issueOf(batch(write, code)).path, [...path, "language"]);
  const background = { type: "execute_shell" as const, commandName: "x", background: true };
  assertEquals(issueOf(batch(write, background)).path, [...path, "background"]);
  assertThrows(
    () =>
      prepareCommand(
        CommandSchema.parse(batch(write, { type: "execute_code", code: "x".repeat(11) })),
        CONTEXT,
      ),
    SandboxError,
    "Code is too large",
  );
});

Deno.test("prepareCommand() weighs a batch by all that is in it", () => {
  const prepare = (input: CommandInput) => prepareCommand(CommandSchema.parse(input), CONTEXT);
  const write = { type: "write_file" as const, path: "f", content: "12345" };
  const files = prepare({ type: "batch", commands: [write, write] });
  assertEquals([files.bytes, files.takesSlot], [10, false]);
  const mixed = prepare({
    type: "batch",
    commands: [write, { type: "execute_code", code: "123" }],
  });
  assertEquals([mixed.bytes, mixed.takesSlot], [8, true]);
});

Deno.test("prepareCommand() gives a terminal to who asks for one, and a size only to that", () => {
  const terminalOf = (options: Partial<Extract<CommandInput, { type: "execute_shell" }>>) => {
    const type = "execute_shell" as const;
    const command = CommandSchema.parse({ type, commandName: "bash", ...options });
    const prepared = prepareCommand(command, CONTEXT);
    assert(prepared.kind === "program" && prepared.spec.kind === "shell");
    return prepared.spec.terminal;
  };
  assertEquals(terminalOf({}), undefined);
  assertEquals(terminalOf({ pty: true }), { cols: 80, rows: 24 });
  assertEquals(terminalOf({ pty: true, cols: 1000, rows: 1 }), { cols: 1000, rows: 1 });
  const shell = { type: "execute_shell", commandName: "bash" };
  for (
    const wrong of [
      { pty: true, cols: 0 },
      { pty: true, rows: 1001 },
      { pty: true, cols: 1.5 },
      { pty: true, rows: "24" },
      { pty: false, cols: 80 },
      { rows: 24 },
    ]
  ) assertEquals(CommandSchema.safeParse({ ...shell, ...wrong }).success, false);
});
