import { ended, execute, process, refused, says, started, step } from "./calls.ts";
import type { Scenario } from "./scenario.ts";

const EXITED = { code: -32009, data: { reason: "exited_before_ready" } };

/** What can be done with a program that runs in the background. */
export const processScenarios: readonly Scenario[] = [
  {
    name: "process.list and process.get tell of a process while it runs and after",
    session: {},
    steps: [
      started("echo up; read line; exit 7"),
      step({ method: "process.list", params: { sessionId: "$session" } }, {
        count: 1,
        processes: [{
          processId: "$process",
          sessionId: "$session",
          pid: "$number",
          command: "sh",
          args: ["-c", "echo up; read line; exit 7"],
          state: "running",
          startedAt: "$time",
        }],
      }),
      step(process("get"), { processId: "$process", state: "running" }),
      step(process("write", { data: "x\n" }), { processId: "$process", bytes: 2 }),
      ended({ status: "nonzero_exit", exitCode: 7, result: { exitCode: 7, stdout: "up\n" } }),
      step(process("get"), {
        state: "ended",
        status: "nonzero_exit",
        exitCode: 7,
        endedAt: "$time",
        result: { exitCode: 7, success: false },
      }),
      step({ method: "process.list", params: { sessionId: "$session" } }, {
        count: 1,
        processes: [{ processId: "$process", state: "ended", exitCode: 7 }],
      }),
    ],
  },
  {
    name: "process.write and process.closeStdin feed a process, text or bytes",
    steps: [
      started("cat; echo end"),
      step(process("write", { data: "ä🦕\n" }), { bytes: 7 }),
      says("^ä🦕$"),
      step(process("write", { data: "//79AAo=", encoding: "base64" }), { bytes: 5 }),
      step(process("closeStdin"), { closed: true }),
      ended({ status: "ok", stdoutBytes: 16, stdoutBase64: "$string" }),
      refused(process("write", { data: "x" }), {
        code: -32009,
        data: { reason: "process_ended" },
      }),
    ],
  },
  {
    name: "stdin of a process is all of its input",
    steps: [
      started("cat; echo end; exec sleep 300", { stdin: "given\n" }),
      says("^end$"),
      refused(process("write", { data: "x" }), { code: -32009, data: { reason: "stdin_closed" } }),
      step(process("signal", { signal: "SIGKILL" }), { signal: "SIGKILL" }),
      ended({ status: "signaled", signal: "SIGKILL", exitCode: null }),
    ],
  },
  {
    name: "process.signal reaches a program, which may handle it",
    steps: [
      started(
        "trap 'echo got INT' INT; trap 'echo got USR1' USR1; echo up; while :; do sleep 0.05; done",
      ),
      says("^up$"),
      step(process("signal", { signal: "SIGINT" }), { signal: "SIGINT" }),
      says("^got INT$"),
      step(process("signal", { signal: "SIGUSR1" }), { signal: "SIGUSR1" }),
      says("^got USR1$"),
      refused(process("signal", { signal: "SIGNONE" }), { code: -32602 }),
      step(process("signal", { signal: "SIGHUP" }), { signal: "SIGHUP" }),
      ended({ status: "signaled", signal: "SIGHUP", exitCode: null }),
      refused(process("signal", { signal: "SIGHUP" }), {
        code: -32009,
        data: { reason: "process_ended" },
      }),
    ],
  },
  {
    name: "process.wait waits no longer than it is told to, and ends nothing",
    steps: [
      started("read line; exit 2"),
      step(process("wait", { timeoutMs: 20 }), { processId: "$process", ended: false }),
      step(process("get"), { state: "running" }),
      step(process("closeStdin"), { closed: true }),
      ended({ status: "nonzero_exit", exitCode: 2 }),
      step(process("wait", { timeoutMs: 20 }), { ended: true, result: { exitCode: 2 } }),
    ],
  },
  {
    name: "process.waitFor takes a line, also one that was there before, or the end",
    steps: [
      started("echo starting; echo 'listening on 8080' >&2; read line; exit 0"),
      step(process("waitFor", { pattern: "on (\\d+)$", timeoutMs: 20_000 }), {
        ready: true,
        line: "listening on 8080",
      }),
      step(process("waitFor", { pattern: "start", timeoutMs: 20_000 }), { line: "starting" }),
      refused(process("waitFor", { pattern: "never", timeoutMs: 50 }), {
        code: -32009,
        data: { reason: "timed_out" },
      }),
      refused(process("waitFor", { pattern: "start", stream: "stderr", timeoutMs: 50 }), {
        code: -32009,
        data: { reason: "timed_out" },
      }),
      refused(process("waitFor", { pattern: "(" }), { code: -32602 }),
      step(process("closeStdin"), { closed: true }),
      step(process("waitFor", { timeoutMs: 20_000 }), { ready: true, result: { exitCode: 0 } }),
    ],
  },
  {
    name: "process.waitFor says that a process ended before it was ready",
    steps: [
      started("echo starting; echo no luck >&2; exit 4"),
      refused(process("waitFor", { pattern: "listening", timeoutMs: 20_000 }), {
        ...EXITED,
        message: "$match:exited before ready: it ended with exit code 4",
        data: { reason: "exited_before_ready", result: { exitCode: 4 } },
      }),
    ],
  },
  {
    name: "process.waitFor takes a port",
    steps: [
      step(
        execute({
          type: "execute_shell",
          commandName: "python3",
          args: ["-u", "-m", "http.server", "8231"],
          background: true,
        }),
        { success: true },
        { process: "/result/result/processId" },
      ),
      step(process("waitFor", { port: 8231, timeoutMs: 20_000 }), { ready: true }),
      step(process("signal", { signal: "SIGKILL" }), { signal: "SIGKILL" }),
      ended({ status: "signaled", signal: "SIGKILL" }),
      refused(process("waitFor", { port: 8231, timeoutMs: 20_000 }), EXITED),
    ],
    instead: {
      deno: {
        because: "What listens in a Deno session cannot be told from outside",
        steps: [
          started("echo up; sleep 300"),
          refused(process("waitFor", { port: 8231, timeoutMs: 1000 }), {
            code: -32009,
            data: { reason: "not_supported" },
          }),
        ],
      },
    },
  },
  {
    name: "processes run beside commands, which end nothing of them",
    steps: [
      started("echo up; while read line; do echo got $line; done"),
      says("^up$"),
      step(execute({ type: "execute_shell", commandName: "true" }), { status: "ok" }),
      step(process("write", { data: "word\n" }), { bytes: 5 }),
      says("^got word$"),
      step(process("closeStdin"), { closed: true }),
      ended({ status: "ok" }),
    ],
  },
  {
    name: "a process that is none is not found",
    steps: [
      refused({ method: "process.get", params: { processId: "nobody" } }, {
        code: -32001,
        data: { reason: "process_not_found" },
      }),
      step(execute({ type: "execute_shell", commandName: "true" }, { executionId: "$file" }), {
        status: "ok",
      }),
      refused({ method: "process.wait", params: { processId: "$file" } }, {
        code: -32001,
        data: { reason: "process_not_found" },
      }),
    ],
  },
];
