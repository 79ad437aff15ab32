import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type NotStartedReason,
  ProgramNotStarted,
} from "../../src/runtimes/docker/container_io.ts";
import type { ProcessControl } from "../../src/runtimes/runtime.ts";
import type { IoCase, Scenario } from "./container_io_suite.ts";
import { bytesOf, PATH, runIn, shellIn, textOf } from "./run_in.ts";

/** The mark of processes, which some give as a variable. */
const OURS_REGEXP = /^CODEBEAKER_/;

/** Starting programs, and what goes in and out. */
export const programScenarios: Scenario[] = [
  {
    name: "run() gives output and exit code",
    test: async ({ io }) => {
      const echo = await runIn(io, ["echo", "hello", "a b", "'\"$HOME\\"]);
      assertEquals(textOf(echo.stdout), "hello a b '\"$HOME\\\n");
      assertEquals([echo.code, echo.signal, echo.stopped], [0, null, false]);
      const both = await shellIn(io, "echo out; echo err >&2; exit 7");
      assertEquals([textOf(both.stdout), textOf(both.stderr), both.code], ["out\n", "err\n", 7]);
      assertEquals([both.oomKills, both.pidsRefused], [0, 0]);
    },
  },
  {
    name: "run() tells signals from exit codes",
    test: async ({ io }) => {
      for (const signal of ["SEGV", "KILL", "TERM", "ABRT", "HUP"]) {
        const { code, signal: found } = await shellIn(io, `kill -${signal} $$`);
        assertEquals([code, found], [null, `SIG${signal}`]);
      }
      for (const exit of [1, 126, 127, 130, 137, 139, 143, 255]) {
        const { code, signal } = await shellIn(io, `exit ${exit}`);
        assertEquals([code, signal], [exit, null]);
      }
    },
  },
  {
    name: "run() gives standard input, or its end at once",
    test: async ({ io }) => {
      assertEquals(textOf((await runIn(io, ["cat"])).stdout), "");
      assertEquals(textOf((await runIn(io, ["cat"], { stdin: "" })).stdout), "");
      assertEquals(
        textOf((await runIn(io, ["cat"], { stdin: "ä\nno newline" })).stdout),
        "ä\nno newline",
      );
      const long = "0123456789abcdef".repeat(100_000);
      assertEquals((await runIn(io, ["cat"], { stdin: long })).stdout.length, long.length);
      assertEquals((await runIn(io, ["true"], { stdin: long })).code, 0);
    },
  },
  {
    name: "run() takes input while the program runs",
    test: async ({ io }) => {
      const answers = Promise.withResolvers<ProcessControl>();
      const { stdout, code } = await shellIn(io, 'while read -r line; do echo "<$line>"; done', {
        stdin: "first\n",
        keepStdin: true,
        started: answers.resolve,
        onStdout: (text) => {
          answers.promise.then((control) => {
            if (text === "<first>\n") return control.write(bytesOf("second\nthird\n"));
            if (text.endsWith("<third>\n")) return control.closeStdin();
          });
        },
      });
      assertEquals([textOf(stdout), code], ["<first>\n<second>\n<third>\n", 0]);
      let calls = 0;
      const missing = () => runIn(io, ["no-such-program"], { started: () => calls++ });
      await assertRejects(missing, ProgramNotStarted);
      assertEquals(calls, 0);
    },
  },
  {
    name: "run() hands on every byte in order",
    test: async ({ io }) => {
      const all = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7 + (index >> 8)) % 256);
      await io.files.write("bytes", all);
      assertEquals((await runIn(io, ["cat", "bytes"])).stdout, all);
      const { stdout, stderr } = await shellIn(
        io,
        "i=0; while [ $i -lt 3000 ]; do echo $i; echo $i >&2; i=$((i+1)); done",
      );
      const lines = Array.from({ length: 3000 }, (_, index) => `${index}\n`).join("");
      assert(textOf(stdout) === lines && textOf(stderr) === lines, "Lines are missing or mixed up");
    },
  },
  {
    name: "run() hands on 20 MB",
    test: async ({ io }) => {
      const { stdout, code } = await shellIn(io, "head -c 20000000 /dev/zero | tr '\\000' '\\036'");
      assertEquals([stdout.length, code], [20_000_000, 0]);
      assert(stdout.every((byte) => byte === 0o36));
    },
  },
  {
    name: "run() gives exactly the environment asked for",
    test: async ({ io }) => {
      const env = {
        PATH,
        QUOTES: `'"\``,
        LINES: "one\ntwo\n",
        BACKSLASHES: "\\n\\\\",
        DOLLARS: "$HOME $(id) ${x}",
        EMPTY: "",
        EQUALS: "a=b=c",
        SPACES: "  a  b ",
        UNICODE: "ü🎉",
        LONG: "x".repeat(60_000),
      };
      assertEquals(await environment(io, env), env);
      assertEquals(await environment(io, {}, "/bin/cat"), {});
    },
  },
  {
    name: "run() starts where it is told to",
    test: async ({ io }) => {
      await io.files.createDirectory("a b/$(x)/-n");
      const cwd = "/workspace/a b/$(x)/-n";
      assertEquals(textOf((await runIn(io, ["pwd"], { cwd })).stdout), `${cwd}\n`);
      assertEquals(textOf((await runIn(io, ["pwd"], { cwd: "/tmp" })).stdout), "/tmp\n");
    },
  },
  {
    name: "run() says why a program cannot be started",
    test: async ({ io }) => {
      await io.files.write("plain", bytesOf("echo no"));
      await io.files.write("script", bytesOf("#!/no/such/interpreter\n"));
      await io.files.createDirectory("directory");
      await shellIn(io, "chmod 755 script");
      const cases: [argv: [string, ...string[]], cwd: string, reason: NotStartedReason][] = [
        [["no-such-program"], "/workspace", "program_not_found"],
        [["/no/such/program"], "/workspace", "program_not_found"],
        [["./missing"], "/workspace", "program_not_found"],
        [["./plain"], "/workspace", "permission_denied"],
        [["./directory"], "/workspace", "permission_denied"],
        [["./script"], "/workspace", "other"],
        [["echo"], "/workspace/missing", "directory_not_found"],
        [["echo"], "/workspace/plain", "not_a_directory"],
        [["echo", "x".repeat(200_000)], "/workspace", "too_long"],
      ];
      for (const [argv, cwd, reason] of cases) {
        const error = await assertRejects(() => runIn(io, argv, { cwd }), ProgramNotStarted);
        assertEquals([argv[0], cwd, error.reason], [argv[0], cwd, reason]);
      }
    },
  },
  {
    name: "run() takes programs of any name",
    test: async ({ io }) => {
      for (const name of ["-x", "a=b", "a b", "line\nbreak", "$x"]) {
        await io.files.write(name, bytesOf('#!/bin/sh\nprintf "%s|" "${0##*/}" "$@"'));
        await runIn(io, ["chmod", "755", `./${name}`]);
        const { stdout } = await runIn(io, [`./${name}`, "-n", "", "*"]);
        assertEquals(textOf(stdout), `${name}|-n||*|`);
      }
    },
  },
  {
    name: "run() writes the script and removes it in the end",
    test: async ({ io }) => {
      const path = "/workspace/.code_1";
      for (const length of [0, 200, 70_000, 1_500_000]) {
        const content = `'"\\n$(x)ä🎉\n`.repeat(length / 10);
        const script = { path, content };
        const remove = [path, "/workspace/missing", "/workspace/tree"];
        const { stdout, code } = await runIn(io, ["sh", "-c", `mkdir -p tree/x; cat ${path}`], {
          script,
          remove,
        });
        assertEquals([code, textOf(stdout) === content], [0, true], `${length}`);
        assertEquals((await io.files.list("/workspace")).map(({ name }) => name), []);
      }
      const script = { path, content: "x" };
      const missing = () => runIn(io, ["no-such-program"], { script, remove: [path] });
      await assertRejects(missing, ProgramNotStarted);
      assertEquals(await io.files.list("/workspace"), []);
    },
  },
  {
    name: "run() keeps concurrent programs apart",
    test: async ({ io }) => {
      const numbers = Array.from({ length: 8 }, (_, index) => index);
      const results = await Promise.all(numbers.map((number) =>
        shellIn(
          io,
          `i=0; while [ $i -lt 500 ]; do echo ${number}; echo e${number} >&2; i=$((i+1)); done; exit ${number}`,
        )
      ));
      for (const number of numbers) {
        const { code, stdout, stderr } = results[number]!;
        assertEquals(code, number);
        assertEquals(textOf(stdout), `${number}\n`.repeat(500));
        assertEquals(textOf(stderr), `e${number}\n`.repeat(500));
      }
    },
  },
];

async function environment(
  io: IoCase["io"],
  env: Record<string, string>,
  cat = "cat",
): Promise<Record<string, string>> {
  const { stdout } = await runIn(io, [cat, "/proc/self/environ"], { env });
  const variables = textOf(stdout).split("\0").filter((text) => text !== "").map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(variables.filter(([name = ""]) => !OURS_REGEXP.test(name)));
}
