import { CommandError, InvalidParamsError, SandboxError } from "../errors.ts";
import type { CommandEnvelope } from "../protocol/execution.ts";
import type { RunOutcome, Sandbox } from "../runtimes/runtime.ts";
import type { Clock } from "./clock.ts";
import type { ParamsPath } from "./content.ts";
import { failed, programEnvelope, stoppedEnvelope, succeeded } from "./envelope.ts";
import type { Execution } from "./execution.ts";
import { ExecutionStop } from "./execution_stop.ts";
import type { Deadline, Expiry } from "./expiry.ts";
import { runFileCommand } from "./file_commands.ts";
import type { PreparedCommand } from "./prepare_command.ts";
import type { ProgramSlots } from "./program_slots.ts";
import type { SessionEvents } from "./session_events.ts";
import type { SessionLogger } from "./session_logger.ts";
import type { SessionTiming } from "./session_timing.ts";

/** What commands of all sessions share. */
export interface CommandRunnerServices {
  readonly clock: Clock;
  readonly expiry: Expiry;
  /** Bounds the programs that run at the same time. */
  readonly programs: ProgramSlots;
  readonly logger: SessionLogger;
  readonly timing: Pick<SessionTiming, "stopGraceMs">;
  readonly events: Pick<SessionEvents, "internalError">;
}

/** One command on its way to a sandbox. */
export interface CommandRun {
  readonly execution: Execution;
  readonly command: PreparedCommand;
  readonly sandbox: Sandbox;
  /** Milliseconds from its start. */
  readonly timeoutMs: number;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
}

/** A command did not end though it was told to. */
class StuckError extends Error {
  override readonly name = "StuckError";
}

/**
 * Runs a command to the end of its execution. Resolves with false if the sandbox did not let go of the
 * command in time, so that it is of no use any more; never rejects.
 */
export async function runCommand(
  run: CommandRun,
  services: CommandRunnerServices,
): Promise<boolean> {
  const { execution, command, timeoutMs } = run;
  const { clock, expiry, programs } = services;
  using _slot = command.kind === "program" ? await programs.acquire(execution.signal) : undefined;
  // Whoever is stopped while waiting has its answer already.
  if (execution.state !== "queued") return true;
  execution.start();
  using _deadline = expiry.schedule(clock.now() + timeoutMs, () => {
    execution.stop(new ExecutionStop({ kind: "timeout", timeoutMs }));
  });
  try {
    const envelope = await unlessStuck(perform(run), execution.signal, services);
    const interrupted = envelope.status === "cancelled" || envelope.status === "session_lost";
    execution.end(envelope, interrupted ? execution.stopped?.requestError : undefined);
    return true;
  } catch (error) {
    return endWithError(run, error, services);
  }
}

async function perform(run: CommandRun): Promise<CommandEnvelope> {
  const { execution, command, sandbox } = run;
  const { signal, output } = execution;
  if (command.kind === "file") {
    const { command: fileCommand, content } = command;
    return succeeded(execution, await runFileCommand(fileCommand, content, sandbox.files, signal));
  }
  const outcome = await sandbox.run(command.spec, {
    output: (stream, bytes) => output?.write(stream, bytes),
    signal,
  });
  return describeProgram(execution, outcome);
}

function describeProgram(execution: Execution, outcome: RunOutcome): CommandEnvelope {
  const output = execution.output?.end();
  if (output === undefined) throw new TypeError("Cannot describe a program without its output");
  return programEnvelope(execution, outcome, output);
}

/** Waits for work, but after the abort signal not longer than the grace time. */
async function unlessStuck<T>(
  work: Promise<T>,
  signal: AbortSignal,
  { clock, expiry, timing }: CommandRunnerServices,
): Promise<T> {
  const { promise: stuck, reject } = Promise.withResolvers<never>();
  let deadline: Deadline | undefined;
  const onAbort = () => {
    deadline = expiry.schedule(
      clock.now() + timing.stopGraceMs,
      () => reject(new StuckError("The command did not end")),
    );
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, stuck]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    deadline?.[Symbol.dispose]();
  }
}

/** Ends an execution whose sandbox threw; false if the sandbox is stuck. */
function endWithError(run: CommandRun, error: unknown, services: CommandRunnerServices): boolean {
  const { execution, command, path } = run;
  const stop = execution.stopped;
  if (error instanceof StuckError) {
    endStuck(run, services);
    return false;
  }
  const notStarted = command.kind === "program" ? "not_started" as const : undefined;
  if (error instanceof CommandError) {
    execution.end(failed(execution, error.message, notStarted));
  } else if (stop !== undefined) {
    execution.end(stoppedEnvelope(execution, stop), stop.requestError);
  } else if (error instanceof SandboxError) {
    const located = error instanceof InvalidParamsError ? locate(error, path) : error;
    execution.end(failed(execution, located.message, notStarted), located);
  } else {
    const { sessionId, id: executionId } = execution;
    services.events.internalError?.();
    services.logger.error("Command {executionId} failed inside the server: {error}", {
      sessionId,
      executionId,
      error,
    });
    const message = `Internal error while the command ran, reference ${executionId}`;
    execution.end(failed(execution, message, "internal_error"));
  }
  return true;
}

function endStuck({ execution, command }: CommandRun, services: CommandRunnerServices): void {
  const { stopGraceMs } = services.timing;
  const { sessionId, id: executionId, stopped } = execution;
  const message =
    `${stopped?.message}; the sandbox did not end the command within ${stopGraceMs} ` +
    "ms and is given up, create another session";
  services.logger.error("Sandbox of session {sessionId} did not end command {executionId}", {
    sessionId,
    executionId,
  });
  const envelope = command.kind === "program"
    ? describeProgram(execution, { cause: "session_lost", exitCode: null, message })
    : failed(execution, message, "session_lost");
  execution.end(envelope, stopped?.requestError);
}

/** A sandbox knows the command only; the client's params may have it under a key. */
function locate(error: InvalidParamsError, prefix: ParamsPath): InvalidParamsError {
  const issues = error.issues.map(({ path, message }) => ({
    path: [...prefix, ...(path[0] === "command" ? path.slice(1) : path)],
    message,
  }));
  return new InvalidParamsError(issues, { cause: error });
}
