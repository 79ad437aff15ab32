import type { CommandEnvelope } from "../protocol/execution.ts";
import type { CapturedOutput } from "../runtimes/output_capture.ts";
import type { OutputSink, RunOptions, Sandbox } from "../runtimes/runtime.ts";
import { type EnvelopeSource, failed, programEnvelope, succeeded } from "./envelope.ts";
import { performCell } from "./contexts/perform_cell.ts";
import { runFileCommand } from "./file_commands.ts";
import type { PreparedSingle } from "./prepare_command.ts";

/** Takes what a program writes, and gives it back in the end. */
export interface ProgramOutput {
  /** Takes bytes, which are the writer's again when it returns. */
  readonly write: OutputSink;
  /** What was kept. */
  end(): CapturedOutput;
}

/** Where a command is performed. */
export interface CommandPlace {
  readonly sandbox: Sandbox;
  /** What its envelope tells of it. */
  readonly source: EnvelopeSource;
  readonly output: ProgramOutput | undefined;
  readonly signal: AbortSignal;
  /** Called when a program runs. */
  readonly started?: RunOptions["started"];
}

/** Performs a command, to its end. Throws what the sandbox throws. */
export async function performCommand(
  command: PreparedSingle,
  { sandbox, source, output, signal, started }: CommandPlace,
): Promise<CommandEnvelope> {
  switch (command.kind) {
    case "refused":
      return failed(source, command.message, "not_started");
    case "file": {
      const { command: fileCommand, content, maxFileBytes } = command;
      const place = { files: sandbox.files, content, maxFileBytes, signal };
      return succeeded(source, await runFileCommand(fileCommand, place));
    }
    case "cell": {
      if (output === undefined) throw new TypeError("Cannot run a cell without its output");
      return await performCell(command, { source, output, signal });
    }
    case "program": {
      if (output === undefined) throw new TypeError("Cannot run a program without its output");
      const write: OutputSink = (stream, bytes) => output.write(stream, bytes);
      const outcome = await sandbox.run(command.spec, {
        output: write,
        signal,
        ...(started !== undefined && { started }),
      });
      return programEnvelope(source, outcome, output.end(), command.extra);
    }
  }
}
