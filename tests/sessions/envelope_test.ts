import { assertEquals } from "@std/assert";
import { CommandEnvelopeSchema } from "../../src/protocol/execution.ts";
import type { RunOutcome } from "../../src/runtimes/runtime.ts";
import {
  type EnvelopeSource,
  failed,
  programEnvelope,
  stoppedEnvelope,
  succeeded,
} from "../../src/sessions/envelope.ts";
import { ExecutionStop } from "../../src/sessions/execution_stop.ts";

const SOURCE: EnvelopeSource = {
  id: "e1",
  command: "execute_code",
  queueMs: 0.04,
  elapsedMs: 12.345,
  stopped: undefined,
};

function stream(text: string) {
  return { text, bytes: text.length, truncated: false };
}

function program(
  outcome: Partial<RunOutcome>,
  { stdout = "", stderr = "", ...source }: Partial<EnvelopeSource> & {
    stdout?: string;
    stderr?: string;
  } = {},
) {
  const output = { stdout: stream(stdout), stderr: stream(stderr) };
  const full: RunOutcome = { cause: "exited", exitCode: 0, ...outcome };
  const envelope = programEnvelope({ ...SOURCE, ...source }, full, output);
  assertEquals(CommandEnvelopeSchema.parse(envelope), envelope);
  return envelope;
}

Deno.test("programEnvelope() begins with the guide's keys in the guide's order", () => {
  const envelope = program({}, { stdout: "Hello\nSum: 30\n" });
  assertEquals(Object.keys(envelope).slice(0, 6), [
    "success",
    "result",
    "error",
    "durationMs",
    "executionId",
    "status",
  ]);
  assertEquals(envelope, {
    success: true,
    result: "Hello\nSum: 30",
    error: null,
    durationMs: 12.3,
    executionId: "e1",
    status: "ok",
    exitCode: 0,
    wallMs: 12.3,
    queueMs: 0,
    stdoutBytes: 14,
    stderrBytes: 0,
  });
});

Deno.test("programEnvelope() cuts exactly one line end of code's output", () => {
  const results = ["a\n\n", "a\r\n", "a", "\n", "", "a\r"].map((stdout) =>
    program({}, { stdout }).result
  );
  assertEquals(results, ["a\n", "a", "a", "", "", "a\r"]);
});

Deno.test("programEnvelope() leaves the output of a program as it is", () => {
  const options = { command: "execute_shell", stdout: "out\n", stderr: "err\n" };
  const { result, error } = program({ exitCode: 3 }, options);
  assertEquals(result, { exitCode: 3, stdout: "out\n", stderr: "err\n", durationMs: 12.3 });
  assertEquals(error, "err");
});

Deno.test("programEnvelope() tells how a program ended", () => {
  const cases: [Partial<RunOutcome>, string, string, string][] = [
    [{ exitCode: 3 }, "", "nonzero_exit", "Exited with code 3"],
    [{ exitCode: 1 }, "Uncaught\r\n\n", "nonzero_exit", "Uncaught"],
    [
      { cause: "signaled", exitCode: null, signal: "SIGSEGV" },
      "",
      "signaled",
      "Ended by signal SIGSEGV",
    ],
    [{ cause: "memory_limit", exitCode: null }, "", "memory_limit", "Memory limit exceeded"],
    [
      { cause: "memory_limit", exitCode: null, message: "Used more than 16 MiB" },
      "heap\n",
      "memory_limit",
      "Used more than 16 MiB\nheap",
    ],
    [{ cause: "compile_error", exitCode: 1 }, "line 1\n", "compile_error", "line 1"],
    [{ cause: "session_lost", exitCode: null, message: "Gone" }, "", "session_lost", "Gone"],
  ];
  for (const [outcome, stderr, status, error] of cases) {
    const envelope = program(outcome, { stderr, stdout: "so far\n" });
    assertEquals([envelope.success, envelope.status, envelope.error], [false, status, error]);
    assertEquals([envelope.result, envelope.exitCode], ["so far", outcome.exitCode]);
  }
});

Deno.test("programEnvelope() has no result for what did not start", () => {
  const { result, status, error } = program({
    cause: "not_started",
    exitCode: null,
    message: "Program not found: nope",
  });
  assertEquals([result, status, error], [null, "not_started", "Program not found: nope"]);
});

Deno.test("programEnvelope() says why a program was stopped", () => {
  const stops = [
    [new ExecutionStop({ kind: "timeout", timeoutMs: 1000 }), "timeout"],
    [new ExecutionStop({ kind: "cancelled" }), "cancelled"],
    [new ExecutionStop({ kind: "closed", reason: "client" }), "cancelled"],
    [new ExecutionStop({ kind: "closed", reason: "runtime_failure" }), "session_lost"],
    [new ExecutionStop({ kind: "shutdown" }), "cancelled"],
  ] as const;
  for (const [stopped, status] of stops) {
    const envelope = program({ cause: "stopped", exitCode: null }, { stopped, stderr: "late\n" });
    assertEquals([envelope.status, envelope.error], [status, `${stopped.message}\nlate`]);
  }
  const [[timeout]] = stops;
  const { limit } = program({ cause: "stopped", exitCode: null }, { stopped: timeout });
  assertEquals(limit, { kind: "time", configured: 1000, observed: 12.3 });
  const finished = program({}, { stopped: timeout });
  assertEquals([finished.status, finished.limit], ["ok", undefined], "it ended by itself");
});

Deno.test("programEnvelope() passes on what was measured and what was cut", () => {
  const limit = { kind: "memory", configured: 100, observed: 120 } as const;
  const outcome: RunOutcome = {
    cause: "memory_limit",
    exitCode: null,
    limit,
    cpuMs: 1.26,
    memoryPeakBytes: 120,
    stage: "run",
  };
  const envelope = programEnvelope(SOURCE, outcome, {
    stdout: { text: "\uFFFD", bytes: 1, truncated: false, base64: "/w==" },
    stderr: { text: "a…b", bytes: 5000, truncated: true },
  });
  assertEquals(CommandEnvelopeSchema.parse(envelope), envelope);
  const { cpuMs, memoryPeakBytes, stage, stdoutBase64, stderrTruncated, stderrBytes } = envelope;
  assertEquals([envelope.limit, cpuMs, memoryPeakBytes, stage], [limit, 1.3, 120, "run"]);
  assertEquals([stdoutBase64, stderrTruncated, stderrBytes], ["/w==", true, 5000]);
  assertEquals("stdoutTruncated" in envelope, false);
});

Deno.test("succeeded() and failed() are as short as the guide's", () => {
  const source = { ...SOURCE, command: "write_file" };
  assertEquals(succeeded(source, { path: "a", bytes: 1 }), {
    success: true,
    result: { path: "a", bytes: 1 },
    error: null,
    durationMs: 12.3,
    executionId: "e1",
    status: "ok",
  });
  assertEquals(failed(source, "File not found: a"), {
    success: false,
    result: null,
    error: "File not found: a",
    durationMs: 12.3,
    executionId: "e1",
  });
});

Deno.test("stoppedEnvelope() has no result", () => {
  const stop = new ExecutionStop({ kind: "timeout", timeoutMs: 5 });
  const envelope = stoppedEnvelope({ ...SOURCE, command: "read_file" }, stop);
  assertEquals(CommandEnvelopeSchema.parse(envelope), envelope);
  assertEquals([envelope.result, envelope.status, envelope.error], [
    null,
    "timeout",
    "Timed out after 5 ms",
  ]);
});
