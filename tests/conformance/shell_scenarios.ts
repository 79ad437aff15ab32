import { execute, refused, script, shell, step } from "./calls.ts";
import type { Call, Scenario } from "./scenario.ts";

function method(name: string, params: Record<string, unknown> = {}): Call {
  return { method: `shell.${name}`, params: { sessionId: "$session", ...params } };
}

const isFresh = step(shell("echo ${kept-fresh}"), {
  status: "ok",
  result: { stdout: "fresh\n", restarted: true },
});

/** Commands in one live Bash. */
export const shellScenarios: readonly Scenario[] = [
  {
    name: "a shell keeps its directory, variables and functions",
    session: {},
    steps: [
      step(shell("mkdir -p sub && cd sub; export EXPORTED=1; plain=2; f() { echo f $plain; }"), {
        status: "ok",
        result: { shell: "default", exitCode: 0, stdout: "", stderr: "" },
      }),
      step(shell("pwd; f; bash -c 'echo $EXPORTED'; echo $plain"), {
        status: "ok",
        result: { stdout: "/workspace/sub\nf 2\n1\n2\n" },
      }),
      step(shell("echo out; echo err >&2; (exit 3)"), {
        success: false,
        status: "nonzero_exit",
        exitCode: 3,
        result: { exitCode: 3, stdout: "out\n", stderr: "err\n" },
      }),
      step(shell('cat; echo "$GIVEN"', { stdin: "in ", env: { GIVEN: "a'b\"\\\n c" } }), {
        result: { stdout: "in a'b\"\\\n c\n" },
      }),
      step(shell("echo ${GIVEN-none}; pwd"), { result: { stdout: "none\n/workspace/sub\n" } }),
    ],
  },
  {
    name: "exit ends a shell with a typed error, and the next command gets a fresh one",
    session: {},
    steps: [
      step(shell("kept=1"), { status: "ok" }),
      step(shell("echo bye; exit 42"), {
        success: false,
        status: "session_lost",
        exitCode: 42,
        error: "$match:^The shell exited with code 42",
        result: {
          stdout: "bye\n",
          error: { reason: "shell_exited", exitCode: 42, message: "$string" },
        },
      }),
      isFresh,
      step(shell("true"), { status: "ok", result: { restarted: undefined } }),
      step(shell("kept=1; kill -9 $$"), {
        success: false,
        result: { error: { reason: "shell_lost" } },
      }),
      isFresh,
    ],
  },
  {
    name: "what a job in the background writes is never in the output of a later command",
    session: {},
    steps: [
      step(
        shell(
          "(until [ -e go ]; do sleep 0.02; done; echo late; echo late >&2; echo late >job.txt; " +
            "touch went) & echo first",
        ),
        { status: "ok", result: { stdout: "first\n", stderr: "" } },
      ),
      step(shell("touch go; until [ -e went ]; do sleep 0.02; done; echo second; echo e >&2"), {
        status: "ok",
        result: { stdout: "second\n", stderr: "e\n" },
      }),
      step(shell("wait; echo third"), { result: { stdout: "third\n", stderr: "" } }),
      // The job went on all the same.
      step(execute({ type: "read_file", path: "job.txt" }), { result: { content: "late\n" } }),
    ],
  },
  {
    name: "a command of a shell is interrupted, beyond its time too, and the shell goes on",
    session: {},
    steps: [
      step(shell("kept=1"), { status: "ok" }),
      { begin: "sleep", call: shell("echo up; sleep ${unique}", {}, { executionId: "$file" }) },
      {
        until: { method: "execution.attach", params: { executionId: "$file", stream: false } },
        expect: { result: { chunks: [{ data: "up\n" }] } },
      },
      step(method("interrupt", { shellId: "default" }), { shellId: "default", interrupted: true }),
      {
        answered: "sleep",
        expect: { result: { status: "cancelled", result: { interrupted: true } } },
      },
      step(shell("while :; do :; done", {}, { timeoutMs: 300 }), {
        status: "timeout",
        limit: { kind: "time", configured: 300 },
        result: { interrupted: true },
      }),
      step(shell("echo $kept"), { result: { stdout: "1\n" } }),
      { running: "sleep ${unique}", count: 0 },
    ],
  },
  {
    name: "shells are several, and what belongs to one is not in the other",
    session: { files: { "dir/file": "" } },
    steps: [
      step(method("create", { cwd: "dir", env: { GIVEN: "yes" } }), {
        shellId: "$id",
        state: "idle",
        cwd: "dir",
        commandCount: 0,
      }, { shell: "/result/shellId" }),
      step(shell("pwd; echo $GIVEN", { shell: "$shell" }), {
        result: { shell: "$shell", stdout: "/workspace/dir\nyes\n" },
      }),
      step(shell("pwd; echo ${GIVEN-none}"), { result: { stdout: "/workspace\nnone\n" } }),
      step(method("list"), {
        count: 2,
        shells: [{ shellId: "$shell", commandCount: 1 }, { shellId: "default", commandCount: 1 }],
      }),
      step(method("delete", { shellId: "$shell" }), { shellId: "$shell", deleted: true }),
      refused(shell("pwd", { shell: "$shell" }), {
        code: -32001,
        data: { reason: "shell_not_found" },
      }),
      // Its end is not the session's.
      step(script("echo on"), { result: { stdout: "on\n" } }),
    ],
  },
];
