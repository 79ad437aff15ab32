import { execute, refused, step, write } from "./calls.ts";
import type { Call, Scenario } from "./scenario.ts";

function file(type: string, fields: Record<string, unknown>): Call {
  return execute({ type, ...fields });
}

const FILES = {
  files: {
    "lines.txt": "one\ntwo\r\nthree",
    "src/a.ts": "export const a = 1;\n// TODO: more\n",
    "src/deep/b.ts": "// nothing\n",
    "notes.md": "todo\n",
  },
};

/** The file tools. */
export const fileScenarios: readonly Scenario[] = [
  {
    name: "read_file reads ranges of bytes and of lines",
    session: FILES,
    steps: [
      step(file("read_file", { path: "lines.txt" }), {
        result: { content: "one\ntwo\r\nthree", bytes: 14 },
      }),
      step(file("read_file", { path: "lines.txt", offset: 4, length: 3 }), {
        result: { content: "two", bytes: 3, size: 14 },
      }),
      step(file("read_file", { path: "lines.txt", startLine: 2, endLine: 2 }), {
        result: { content: "two\r\n", startLine: 2, endLine: 2, totalLines: 3 },
      }),
      step(file("read_file", { path: "lines.txt", startLine: 3 }), {
        result: { content: "three", startLine: 3, endLine: 3, totalLines: 3 },
      }),
      refused(file("read_file", { path: "lines.txt", startLine: 1, offset: 0 }), {
        code: -32602,
        data: { reason: "invalid_params" },
      }),
      step(file("read_file", { path: "missing.txt" }), {
        success: false,
        result: null,
        error: "File not found: missing.txt",
      }),
      step(file("read_file", { path: "src" }), { success: false, result: null }),
    ],
  },
  {
    name: "write_file appends, takes bytes, and never leaves the workspace",
    steps: [
      step(file("write_file", { path: "w-${file}/x", content: "//4A", encoding: "base64" }), {
        result: { bytes: 3 },
      }),
      step(file("write_file", { path: "w-${file}/x", content: "é", mode: "Append" }), {
        result: { bytes: 2 },
      }),
      step(file("read_file", { path: "w-${file}/x", encoding: "base64" }), {
        result: { content: "//4Aw6k=", bytes: 5 },
      }),
      step(file("read_file", { path: "w-${file}/x" }), { success: false }),
      step(file("write_file", { path: "../outside", content: "" }), { success: false }),
    ],
  },
  {
    name: "search_files finds by name and by line",
    session: FILES,
    steps: [
      step(file("search_files", { glob: "*.ts" }), {
        result: {
          entries: [{ path: "/workspace/src/a.ts" }, { path: "/workspace/src/deep/b.ts" }],
        },
      }),
      step(
        file("search_files", { pattern: "todo", ignoreCase: true, glob: "*.ts", contextLines: 1 }),
        {
          result: {
            matches: [{
              path: "/workspace/src/a.ts",
              line: 2,
              text: "// TODO: more",
              before: ["export const a = 1;"],
              after: [],
            }],
          },
        },
      ),
      step(file("search_files", { pattern: "o", maxResults: 1 }), {
        result: { matches: ["$any"], truncated: true, truncatedBy: "results" },
      }),
      refused(file("search_files", { pattern: "(" }), { code: -32602 }),
    ],
  },
  {
    name: "replace_in_file replaces what is there as often as expected, else nothing",
    session: { files: { f: "a b a\n" } },
    steps: [
      step(file("replace_in_file", { path: "f", oldText: "a", newText: "c" }), {
        success: false,
        error: "$match:2",
      }),
      step(file("replace_in_file", { path: "f", oldText: "x", newText: "c" }), { success: false }),
      step(file("read_file", { path: "f" }), { result: { content: "a b a\n" } }),
      step(
        file("replace_in_file", { path: "f", oldText: "a", newText: "$1", expectedCount: 2 }),
        { result: { path: "f", count: 2, bytes: 8 } },
      ),
      step(file("read_file", { path: "f" }), { result: { content: "$match:^\\$1 b \\$1\\n$" } }),
    ],
  },
  {
    name: "list_directory lists as deep as it is told to",
    session: FILES,
    steps: [
      step(file("list_directory", {}), {
        result: {
          entries: [
            { name: "lines.txt", type: "file", size: 14, modifiedAt: "$time" },
            { name: "notes.md", type: "file" },
            { name: "src", type: "directory" },
          ],
        },
      }),
      step(file("list_directory", { path: "src", depth: 2 }), {
        result: {
          entries: [
            { path: "/workspace/src/a.ts" },
            { path: "/workspace/src/deep" },
            { path: "/workspace/src/deep/b.ts" },
          ],
        },
      }),
      step(file("list_directory", { path: "none" }), { success: false }),
    ],
  },
  {
    name: "files are copied, moved, looked at and deleted",
    session: { files: { f: "x" } },
    steps: [
      step(file("copy_file", { sourcePath: "f", destinationPath: "d/g" }), { success: true }),
      step(file("move_file", { sourcePath: "f", destinationPath: "h" }), { success: true }),
      step(file("file_info", { path: "h" }), { result: { type: "file", size: 1 } }),
      step(file("file_info", { path: "f" }), {
        success: false,
        error: "File not found: f",
      }),
      step(file("delete_file", { path: "d" }), { success: false }),
      step(file("delete_file", { path: "d", recursive: true }), { success: true }),
      step(file("create_directory", { path: "e/f" }), { success: true }),
      step(file("set_permissions", { path: "h", mode: "755" }), { result: { mode: "755" } }),
      step(
        execute({
          type: "execute_shell",
          commandName: "sh",
          args: ["-c", "test -x h; echo $?; ls"],
        }),
        { result: { stdout: "0\ne\nh\n" } },
      ),
    ],
  },
  {
    name: "what is written is there for the program that follows",
    steps: [
      {
        together: [
          write("order-${file}", "one\n"),
          execute({
            type: "write_file",
            path: "order-${file}",
            content: "two\n",
            mode: "Append",
          }),
          execute({ type: "execute_shell", commandName: "cat", args: ["order-${file}"] }),
          write("order-${file}", "late"),
        ],
        expect: [
          { result: { success: true } },
          { result: { success: true } },
          { result: { status: "ok", result: { stdout: "one\ntwo\n" } } },
          { result: { success: true } },
        ],
      },
    ],
    instead: {
      http: {
        because: "Calls over HTTP arrive in no order unless they are of one batch",
        steps: [
          step(write("order-${file}", "one\n"), { success: true }),
          step(execute({ type: "execute_shell", commandName: "cat", args: ["order-${file}"] }), {
            result: { stdout: "one\n" },
          }),
        ],
      },
    },
  },
];
