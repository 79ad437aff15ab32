import type { CellResult } from "../../protocol/contexts.ts";
import type { CommandEnvelope, ExecutionStatus } from "../../protocol/execution.ts";
import type { CapturedOutput } from "../../runtimes/output_capture.ts";
import type { RunOutcome } from "../../runtimes/runtime.ts";
import { type EnvelopeSource, failed, roundMs, stoppedEnvelope, succeeded } from "../envelope.ts";
import type { CellRun } from "./context.ts";

const RESTARTS = "the context's state is lost, its next cell begins anew";

/** The envelope of a cell that ran, or of the attempt. */
export function cellEnvelope(
  source: EnvelopeSource,
  contextId: string,
  run: CellRun,
  output: CapturedOutput,
): CommandEnvelope {
  const { stdout, stderr } = output;
  const verdict = verdictOf(source, run);
  const { end } = run;
  return {
    ...verdict,
    result: verdict.status === "not_started" ? null : resultOf(contextId, run, output),
    ...(end.kind === "lost" && endingOf(end.outcome)),
    wallMs: roundMs(source.elapsedMs),
    queueMs: roundMs(source.queueMs),
    stdoutBytes: stdout.bytes,
    stderrBytes: stderr.bytes,
    ...(stdout.truncated && { stdoutTruncated: true }),
    ...(stderr.truncated && { stderrTruncated: true }),
    ...(stdout.base64 !== undefined && { stdoutBase64: stdout.base64 }),
    ...(stderr.base64 !== undefined && { stderrBase64: stderr.base64 }),
  };
}

function verdictOf(source: EnvelopeSource, { end, replaced }: CellRun): CommandEnvelope {
  const { stopped } = source;
  if (end.kind === "lost") {
    if (stopped !== undefined) {
      const envelope = stoppedEnvelope(source, stopped);
      return {
        ...envelope,
        error: `${stopped.message}; it did not end when interrupted: ${RESTARTS}`,
      };
    }
    if (replaced) return failed(source, "The context was restarted or deleted", "cancelled");
    return failed(source, lostText(end.outcome), lostStatus(end.outcome));
  }
  if (end.interrupted) {
    if (stopped === undefined) return failed(source, "The cell was interrupted", "cancelled");
    const envelope = stoppedEnvelope(source, stopped);
    return { ...envelope, error: `${stopped.message}; the cell was interrupted` };
  }
  if (end.error === undefined) return succeeded(source, null);
  const { name, value } = end.error;
  return failed(source, value === "" ? name : `${name}: ${value}`, "nonzero_exit");
}

function resultOf(contextId: string, run: CellRun, output: CapturedOutput): CellResult {
  const { end, executionCount, restarted } = run;
  const error = end.kind === "ended"
    ? end.error
    : { name: "ContextEnded", value: lostText(end.outcome), traceback: "" };
  return {
    context: contextId,
    executionCount,
    stdout: output.stdout.text,
    stderr: output.stderr.text,
    results: end.results,
    ...(error !== undefined && { error }),
    ...(end.kind === "ended" && end.interrupted && { interrupted: true as const }),
    ...(restarted && { restarted: true as const }),
    ...(end.droppedResults > 0 && { droppedResults: end.droppedResults }),
  };
}

function endingOf(outcome: RunOutcome): Partial<CommandEnvelope> {
  if (outcome.cause === "stopped") return {};
  return {
    exitCode: outcome.exitCode,
    ...(outcome.signal !== undefined && { signal: outcome.signal }),
    ...(outcome.limit !== undefined && { limit: outcome.limit }),
    ...(outcome.memoryPeakBytes !== undefined && { memoryPeakBytes: outcome.memoryPeakBytes }),
  };
}

/** A cell that exits ends what its context was; that is no exit code of the cell's own. */
function lostStatus({ cause }: RunOutcome): ExecutionStatus {
  return cause === "exited" || cause === "stopped" ? "session_lost" : cause;
}

function lostText({ cause, exitCode, signal, message }: RunOutcome): string {
  if (cause === "not_started") return message ?? "The context's interpreter could not be started";
  if (message !== undefined) return `${message}; ${RESTARTS}`;
  if (cause === "exited") return `The interpreter exited with code ${exitCode}: ${RESTARTS}`;
  if (cause === "signaled") {
    return `The interpreter was ended by ${signal ?? "a signal"}: ${RESTARTS}`;
  }
  return `The interpreter ended: ${RESTARTS}`;
}
