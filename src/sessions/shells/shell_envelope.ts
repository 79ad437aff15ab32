import type { CommandEnvelope } from "../../protocol/execution.ts";
import type { ShellResult } from "../../protocol/shells.ts";
import type { CapturedOutput } from "../../runtimes/output_capture.ts";
import { cellEnvelope } from "../contexts/cell_envelope.ts";
import type { CellRun } from "../contexts/context.ts";
import { type EnvelopeSource, roundMs } from "../envelope.ts";

const FRESH = "the next command gets a fresh shell";

/** The envelope of a command of a shell: as of a cell, told in the words of programs. */
export function shellEnvelope(
  source: EnvelopeSource,
  shell: string,
  run: CellRun,
  output: CapturedOutput,
): CommandEnvelope {
  const { end, replaced } = run;
  const envelope = cellEnvelope(source, shell, run, output);
  if (envelope.status === "not_started") return envelope;
  const ended = endOfShell(run, source);
  const exitCode = end.kind === "ended" ? codeOf(run) : end.outcome.exitCode;
  const result: ShellResult = {
    shell,
    exitCode,
    stdout: output.stdout.text,
    stderr: output.stderr.text,
    durationMs: roundMs(source.elapsedMs),
    ...(end.kind === "ended" && end.interrupted && { interrupted: true as const }),
    ...(run.restarted && { restarted: true as const }),
    ...(ended !== undefined && { error: ended }),
  };
  const says = ended !== undefined && source.stopped === undefined && !replaced;
  const error = says ? ended.message : envelope.error && errorOf(envelope, output, exitCode);
  return { ...envelope, result, error, exitCode };
}

/** A command that was interrupted has none. */
function codeOf({ end }: CellRun): number | null {
  if (end.kind !== "ended" || end.interrupted) return null;
  return end.exitCode ?? (end.error === undefined ? 0 : Number(end.error.value) || 1);
}

function endOfShell({ end }: CellRun, { stopped }: EnvelopeSource): ShellResult["error"] {
  if (end.kind !== "lost") return undefined;
  const { cause, exitCode, signal, message } = end.outcome;
  if (cause === "exited" && stopped === undefined) {
    const text = `The shell exited with code ${exitCode}, ${FRESH}`;
    return { reason: "shell_exited", exitCode, message: text };
  }
  const why = message ?? (signal === undefined ? "The shell has ended" : `Ended by ${signal}`);
  return { reason: "shell_lost", exitCode, message: `${why}, ${FRESH}` };
}

/** What a command that fails wrote says more than its code. */
function errorOf(
  { error, status }: CommandEnvelope,
  { stderr }: CapturedOutput,
  exitCode: number | null,
): string | null {
  if (status !== "nonzero_exit") return error?.replace(/ the cell was/i, inWords) ?? null;
  const written = stderr.text.trimEnd();
  return written === "" ? `Exited with code ${exitCode}` : written;
}

function inWords(text: string): string {
  return text.replace("cell", "command");
}
