import type { CommandEnvelope, ExecutionStatus } from "../protocol/execution.ts";
import type { CapturedOutput } from "../runtimes/output_capture.ts";
import type { RunOutcome } from "../runtimes/runtime.ts";
import type { ExecutionStop, StopCause } from "./execution_stop.ts";

/** What an envelope tells of its execution. */
export interface EnvelopeSource {
  readonly id: string;
  readonly command: string;
  readonly queueMs: number;
  readonly elapsedMs: number;
  readonly stopped: ExecutionStop | undefined;
}

type Result = CommandEnvelope["result"];

/** Rounds milliseconds to one decimal. */
export function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** The envelope of a file command that succeeded. */
export function succeeded(source: EnvelopeSource, result: Result): CommandEnvelope {
  return envelope(source, { success: true, result, error: null, status: "ok" });
}

/** The envelope of a program that was started in the background: it has no verdict yet. */
export function startedEnvelope(source: EnvelopeSource, pid: number | undefined): CommandEnvelope {
  const result = { processId: source.id, ...(pid !== undefined && { pid }) };
  return {
    ...envelope(source, { success: true, result, error: null, status: undefined }),
    queueMs: roundMs(source.queueMs),
  };
}

/** The envelope of a command that failed; without a status if none of the contract's says how. */
export function failed(
  source: EnvelopeSource,
  error: string,
  status?: ExecutionStatus,
): CommandEnvelope {
  return envelope(source, { success: false, result: null, error, status });
}

/** The envelope of a command that was stopped and left no output. */
export function stoppedEnvelope(source: EnvelopeSource, stop: ExecutionStop): CommandEnvelope {
  return { ...failed(source, stop.message, stopStatus(stop)), ...timeLimit(source, stop.cause) };
}

/** The envelope of a program that ran, or of the attempt; `extra` is told in its result too. */
export function programEnvelope(
  source: EnvelopeSource,
  outcome: RunOutcome,
  output: CapturedOutput,
  extra: { readonly packages?: string[] } = {},
): CommandEnvelope {
  const { stdout, stderr } = output;
  const status = programStatus(outcome, source.stopped);
  const success = status === "ok";
  const stop = outcome.cause === "stopped" ? source.stopped : undefined;
  return {
    ...envelope(source, {
      success,
      result: status === "not_started" ? null : programResult(source, outcome, output, extra),
      error: success ? null : programError(outcome, stderr.text, source),
      status,
    }),
    exitCode: outcome.exitCode,
    ...(outcome.signal !== undefined && { signal: outcome.signal }),
    ...(outcome.limit !== undefined && { limit: outcome.limit }),
    ...timeLimit(source, stop?.cause),
    ...(outcome.cpuMs !== undefined && { cpuMs: roundMs(outcome.cpuMs) }),
    wallMs: roundMs(source.elapsedMs),
    queueMs: roundMs(source.queueMs),
    ...(outcome.memoryPeakBytes !== undefined && { memoryPeakBytes: outcome.memoryPeakBytes }),
    stdoutBytes: stdout.bytes,
    stderrBytes: stderr.bytes,
    ...(stdout.truncated && { stdoutTruncated: true }),
    ...(stderr.truncated && { stderrTruncated: true }),
    ...(stdout.base64 !== undefined && { stdoutBase64: stdout.base64 }),
    ...(stderr.base64 !== undefined && { stderrBase64: stderr.base64 }),
    ...(outcome.stage !== undefined && { stage: outcome.stage }),
  };
}

interface Verdict {
  readonly success: boolean;
  readonly result: Result;
  readonly error: string | null;
  readonly status: ExecutionStatus | undefined;
}

/** The guide's four keys come first, in the guide's order. */
function envelope(source: EnvelopeSource, verdict: Verdict): CommandEnvelope {
  return {
    success: verdict.success,
    result: verdict.result,
    error: verdict.error,
    durationMs: roundMs(source.elapsedMs),
    executionId: source.id,
    ...(verdict.status !== undefined && { status: verdict.status }),
  };
}

function timeLimit(
  source: EnvelopeSource,
  cause: StopCause | undefined,
): Pick<CommandEnvelope, "limit"> {
  if (cause?.kind !== "timeout") return {};
  const observed = roundMs(source.elapsedMs);
  return { limit: { kind: "time", configured: cause.timeoutMs, observed } };
}

function stopStatus(stop: ExecutionStop): ExecutionStatus {
  if (stop.cause.kind === "timeout") return "timeout";
  return stop.sandboxLost ? "session_lost" : "cancelled";
}

function programStatus(outcome: RunOutcome, stop: ExecutionStop | undefined): ExecutionStatus {
  switch (outcome.cause) {
    case "exited":
      return outcome.exitCode === 0 ? "ok" : "nonzero_exit";
    case "stopped":
      return stop === undefined ? "internal_error" : stopStatus(stop);
    default:
      return outcome.cause;
  }
}

function programResult(
  source: EnvelopeSource,
  outcome: RunOutcome,
  { stdout, stderr }: CapturedOutput,
  extra: { readonly packages?: string[] },
): Result {
  if (source.command === "execute_code") return withoutLastNewline(stdout.text);
  return {
    exitCode: outcome.exitCode,
    stdout: stdout.text,
    stderr: stderr.text,
    durationMs: roundMs(source.elapsedMs),
    ...extra,
  };
}

/** What stood in the way comes first, where the program could not say so itself. */
function programError(outcome: RunOutcome, stderr: string, source: EnvelopeSource): string {
  const written = withoutNewlines(stderr);
  const stop = outcome.cause === "stopped" ? source.stopped : undefined;
  const said = stop?.message ?? outcome.message;
  if (said !== undefined) return written === "" ? said : `${said}\n${written}`;
  return written === "" ? endSentence(outcome) : written;
}

const CAUSE_TEXTS: Record<Exclude<RunOutcome["cause"], "exited" | "signaled">, string> = {
  stopped: "Stopped for an unknown reason",
  "memory_limit": "Memory limit exceeded",
  "process_limit": "Process limit exceeded",
  "disk_limit": "Disk limit exceeded",
  "cpu_limit": "CPU time limit exceeded",
  "compile_error": "Compilation failed",
  "not_started": "The program could not be started",
  "session_lost": "The sandbox was lost while the command ran",
};

function endSentence({ cause, exitCode, signal }: RunOutcome): string {
  if (cause === "exited") return `Exited with code ${exitCode}`;
  if (cause === "signaled") return `Ended by signal ${signal ?? "of unknown number"}`;
  return CAUSE_TEXTS[cause];
}

/** Cuts one line end, as the guide's results have it. */
function withoutLastNewline(text: string): string {
  if (text.endsWith("\r\n")) return text.slice(0, -2);
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

function withoutNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return text.slice(0, end);
}
