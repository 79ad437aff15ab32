import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandInput, CommandResults } from "../../src/protocol/commands.ts";
import type { TestSession } from "./test_session.ts";

type SingleInput = Exclude<CommandInput, { type: "batch" }>;

/** A session and what differs between runtimes. */
export interface ToolsCase {
  readonly session: TestSession;
  /** Code of the session's language that prints a word. */
  readonly print: (word: string) => string;
  /** Code that ends with exit code 3. */
  readonly fail: string;
  /** Code that runs for a minute. */
  readonly sleep: string;
}

/** Something that holds for the file commands of every runtime. */
export interface ToolsScenario {
  /** As it stands in the test's name. */
  readonly name: string;
  test(subject: ToolsCase): Promise<void>;
}

/** Runs a command that must succeed. */
export async function done<T extends CommandInput["type"]>(
  session: TestSession,
  command: CommandInput & { type: T },
): Promise<CommandResults[T]> {
  const { success, error, result, status } = await session.execute(command);
  assertEquals([success, error, status], [true, null, "ok"], JSON.stringify(command).slice(0, 200));
  return result as CommandResults[T];
}

/** Runs a command that must fail, and returns its error. */
export async function failed(session: TestSession, command: CommandInput): Promise<string> {
  const { success, error, result } = await session.execute(command);
  assertEquals([success, result], [false, null], JSON.stringify(command).slice(0, 200));
  assert(error !== null && error !== "");
  return error;
}

const write = (path: string, content: string): SingleInput => ({
  type: "write_file",
  path,
  content,
});

async function writeAll(session: TestSession, files: Record<string, string>): Promise<void> {
  const commands = Object.entries(files).map(([path, content]) => write(path, content));
  for (let at = 0; at < commands.length; at += 100) {
    await done(session, { type: "batch", commands: commands.slice(at, at + 100) });
  }
}

const WORKSPACE = "/workspace/";
const shown = (found: readonly { path: string }[] = []) =>
  found.map(({ path }) => path.slice(WORKSPACE.length));

/** What the file commands do, in every runtime. */
export const FILE_TOOL_SCENARIOS: readonly ToolsScenario[] = [
  {
    name: "read_file reads lines",
    async test({ session }) {
      await session.write("f", "one\ntwo\r\nthree");
      const read = (startLine?: number, endLine?: number) =>
        done(session, { type: "read_file", path: "f", startLine, endLine });
      assertEquals(await read(2, 2), {
        content: "two\r\n",
        bytes: 5,
        size: 14,
        startLine: 2,
        endLine: 2,
        totalLines: 3,
      });
      assertEquals((await read(2)).content, "two\r\nthree");
      assertEquals((await read(undefined, 1)).content, "one\n");
      assertEquals(await read(9), {
        content: "",
        bytes: 0,
        size: 14,
        startLine: 9,
        endLine: 3,
        totalLines: 3,
      });
    },
  },
  {
    name: "read_file reads lines of a large file",
    async test({ session }) {
      const line = "x".repeat(99);
      await session.write("big", `${line}\n`.repeat(100_000));
      const command = { type: "read_file", path: "big", startLine: 99_999 } as const;
      const { content, size, totalLines } = await done(session, command);
      assertEquals([content, size, totalLines], [`${line}\n`.repeat(2), 10_000_000, 100_000]);
    },
  },
  {
    name: "replace_in_file replaces exactly what is expected",
    async test({ session }) {
      await session.write("f", "a.b.c\n");
      const replace = { type: "replace_in_file", path: "f", newText: "$1é" } as const;
      assertEquals(await done(session, { ...replace, oldText: "a" }), {
        path: "f",
        count: 1,
        bytes: 9,
      });
      assertEquals(await session.read("f"), "$1é.b.c\n");
      assertStringIncludes(
        await failed(session, { ...replace, oldText: "." }),
        "expected the text once, it is there 2 times",
      );
      const all = { ...replace, oldText: ".", newText: "", all: true };
      assertEquals((await done(session, all)).count, 2);
      assertEquals(await session.read("f"), "$1ébc\n");
      assertStringIncludes(
        await failed(session, { ...replace, oldText: "$1É" }),
        "it is there 0 times; at line 1 it differs in capitals".replace("it", "the text"),
      );
      assertEquals(
        await failed(session, { ...replace, path: "none", oldText: "x" }),
        "File not found: none",
      );
    },
  },
  {
    name: "replace_in_file keeps bytes and permissions",
    async test({ session }) {
      const content = Uint8Array.of(0, 255, 97, 254, 13, 10).toBase64();
      await done(session, { type: "write_file", path: "b", content, encoding: "base64" });
      await done(session, { type: "set_permissions", path: "b", mode: "640" });
      await done(session, { type: "replace_in_file", path: "b", oldText: "a", newText: "bc" });
      const read = { type: "read_file", path: "b", encoding: "base64" } as const;
      const bytes = Uint8Array.fromBase64((await done(session, read)).content);
      assertEquals([...bytes], [0, 255, 98, 99, 254, 13, 10]);
    },
  },
  {
    name: "list_directory lists so many levels",
    async test({ session }) {
      await writeAll(session, { "a/b/c/d.txt": "1234", "a/e.txt": "", "f.txt": "", ".h/i": "" });
      const list = async (depth?: number, path?: string) =>
        shown((await done(session, { type: "list_directory", depth, path })).entries);
      assertEquals(await list(), [".h", "a", "f.txt"]);
      assertEquals(await list(2), [".h", ".h/i", "a", "a/b", "a/e.txt", "f.txt"]);
      assertEquals(await list(20, "a"), ["a/b", "a/b/c", "a/b/c/d.txt", "a/e.txt"]);
      const { entries } = await done(session, { type: "list_directory", path: "a", depth: 20 });
      const { name, type, size } = entries[2]!;
      assertEquals([name, type, size], ["d.txt", "file", 4]);
      assertEquals(
        await failed(session, { type: "list_directory", path: "none", depth: 3 }),
        "File not found: none",
      );
    },
  },
  {
    name: "search_files finds names and lines",
    async test({ session }) {
      await writeAll(session, {
        "src/a.ts": "export const one = 1;\nexport const two = 2;\n",
        "src/lib/b.ts": "import { one } from '../a.ts';\n\nconsole.log(one);\n",
        "src/c.md": "one\r\n",
        ".hidden/d.ts": "one\n",
      });
      await done(session, {
        type: "write_file",
        path: "src/binary.ts",
        content: new TextEncoder().encode("one\0").toBase64(),
        encoding: "base64",
      });
      const search = { type: "search_files" } as const;
      const { entries } = await done(session, { ...search, glob: "**/*.ts" });
      assertEquals(shown(entries), ["src/a.ts", "src/binary.ts", "src/lib/b.ts"]);
      const found = await done(session, { ...search, pattern: "\\bone\\b", contextLines: 1 });
      assertEquals(shown(found.matches), [
        ...["src/a.ts", "src/c.md", "src/lib/b.ts", "src/lib/b.ts"],
      ]);
      assertEquals(found.matches?.[0], {
        path: "/workspace/src/a.ts",
        line: 1,
        text: "export const one = 1;",
        before: [],
        after: ["export const two = 2;"],
      });
      const hidden = { ...search, glob: "*.ts", pattern: "^ONE$", ignoreCase: true };
      const within = await done(session, { ...hidden, includeHidden: true });
      assertEquals(shown(within.matches), [".hidden/d.ts"]);
      const one = await done(session, { ...search, pattern: "one", maxResults: 1 });
      assertEquals([one.matches?.length, one.truncated, one.truncatedBy], [1, true, "results"]);
    },
  },
  {
    name: "search_files answers for an expression that would take others for ever",
    async test({ session }) {
      await session.write("f", `${"a".repeat(50_000)}b\n`.repeat(20));
      const search = { type: "search_files", pattern: "^(a|a)*(a+)+$" } as const;
      assertEquals((await done(session, search)).matches, []);
    },
  },
  {
    name: "search_files looks into many files at a time",
    async test({ session }) {
      const names = Array.from({ length: 500 }, (_, i) => `d${i % 20}/f${i}.txt`);
      await writeAll(session, Object.fromEntries(names.map((name) => [name, `in ${name}\n`])));
      const search = { type: "search_files", pattern: "in .*9", maxResults: 5000 } as const;
      const { matches, files, truncated } = await done(session, search);
      assertEquals(
        shown(matches),
        names.filter((name) => name.includes("9")).sort((a, b) => a < b ? -1 : 1),
      );
      assertEquals([files, truncated], [500, undefined]);
    },
  },
  {
    name: "set_permissions refuses what is not there and the workspace itself",
    async test({ session }) {
      const set = { type: "set_permissions", mode: "755" } as const;
      assertEquals(await failed(session, { ...set, path: "none" }), "File not found: none");
      assertEquals(
        await failed(session, { ...set, path: "." }),
        "Cannot set the permissions of the workspace itself: .",
      );
      assertEquals(
        await failed(session, { ...set, path: "../x" }),
        "Path is outside /workspace: ../x",
      );
      await session.write("-f 'x", "");
      assertEquals(await done(session, { ...set, path: "-f 'x" }), { path: "-f 'x", mode: "755" });
    },
  },
  {
    name: "batch runs files and programs in order",
    async test({ session, print, fail }) {
      const commands: SingleInput[] = [
        write("f", "one"),
        { type: "execute_code", code: print("hello") },
        { type: "execute_code", code: fail },
        { type: "read_file", path: "f" },
      ];
      const stopped = await session.execute({ type: "batch", commands });
      const { results, completed } = stopped.result as CommandResults["batch"];
      assertEquals([stopped.success, stopped.status], [false, "nonzero_exit"]);
      assertEquals([results.length, completed], [3, 2]);
      assertEquals(results[1]?.result, "hello");
      assertEquals(results[2]?.exitCode, 3);
      const all = await session.execute({ type: "batch", commands, stopOnError: false });
      const batch = all.result as CommandResults["batch"];
      assertEquals([batch.results.length, batch.completed], [4, 3]);
      assertEquals(batch.results[3]?.result, { content: "one", bytes: 3 });
    },
  },
  {
    name: "batch ends as a whole when its time is over",
    async test({ session, sleep }) {
      const { status, result, limit } = await session.execute({
        type: "batch",
        commands: [write("f", ""), { type: "execute_code", code: sleep }, write("g", "")],
      }, { timeoutMs: 1500 });
      const { results } = result as CommandResults["batch"];
      assertEquals([status, limit?.kind], ["timeout", "time"]);
      assertEquals(results.map((answer) => answer.status), ["ok", "timeout"]);
      assertEquals(await failed(session, { type: "file_info", path: "g" }), "File not found: g");
    },
  },
];
