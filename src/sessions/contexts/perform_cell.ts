import type { CommandEnvelope } from "../../protocol/execution.ts";
import type { CapturedOutput } from "../../runtimes/output_capture.ts";
import type { OutputSink } from "../../runtimes/runtime.ts";
import type { EnvelopeSource } from "../envelope.ts";
import { shellEnvelope } from "../shells/shell_envelope.ts";
import { cellEnvelope } from "./cell_envelope.ts";
import type { Context } from "./context.ts";

/** A cell of a context. */
export interface Cell {
  readonly context: Context;
  readonly code: string;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | undefined;
  /** Whether it is a command of a shell. */
  readonly isShell?: boolean;
}

/** Where a cell is performed. */
export interface CellPlace {
  /** What its envelope tells of it. */
  readonly source: EnvelopeSource;
  readonly output: { readonly write: OutputSink; end(): CapturedOutput };
  readonly signal: AbortSignal;
}

/** Runs a cell, to its end. */
export async function performCell(
  { context, code, env, stdin, isShell = false }: Cell,
  { source, output, signal }: CellPlace,
): Promise<CommandEnvelope> {
  const write: OutputSink = (stream, bytes) => output.write(stream, bytes);
  const run = await context.run({ code, env, stdin, output: write, signal });
  const describe = isShell ? shellEnvelope : cellEnvelope;
  return describe(source, context.id, run, output.end());
}
