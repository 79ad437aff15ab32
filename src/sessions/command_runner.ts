import { CommandError, InvalidParamsError, SandboxError } from "../errors.ts";
import type { CommandEnvelope } from "../protocol/execution.ts";
import type { ProcessControl, RunOutcome, Sandbox } from "../runtimes/runtime.ts";
import { runBatch } from "./batch_runner.ts";
import type { Clock } from "./clock.ts";
import { locateIssues, type ParamsPath } from "./content.ts";
import { failed, programEnvelope, startedEnvelope, stoppedEnvelope } from "./envelope.ts";
import type { Execution } from "./execution.ts";
import { ExecutionStop } from "./execution_stop.ts";
import type { Deadline, Expiry } from "./expiry.ts";
import { performCommand } from "./perform_command.ts";
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
  /** Whether the time is that of its start in the background only. @default {false} */
  readonly startOnly?: boolean;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
  /** Called when it goes on in the background, before its request is answered. */
  readonly onDetached: () => void;
}

/** A command did not end though it was told to. */
class StuckError extends Error {
  override readonly name = "StuckError";
}

/** A command under way; neither of the promises rejects. */
export interface CommandProgress {
  /** Resolves when the next command may run: at its end or, in the background, when it has started. */
  readonly turn: Promise<void>;
  /**
   * Resolves at its end; with false if the sandbox did not let go of the command in time, so that it is of
   * no use any more.
   */
  readonly ended: Promise<boolean>;
}

/** Runs a command to the end of its execution. */
export function runCommand(run: CommandRun, services: CommandRunnerServices): CommandProgress {
  const started = Promise.withResolvers<void>();
  const onDetached = () => {
    run.onDetached();
    started.resolve();
  };
  const ended = runToEnd({ ...run, onDetached }, services);
  return { turn: Promise.race([started.promise, ended]).then(() => {}), ended };
}

async function runToEnd(
  run: CommandRun,
  services: CommandRunnerServices,
): Promise<boolean> {
  const { execution, command, timeoutMs, startOnly = false, onDetached } = run;
  const { clock, expiry, programs } = services;
  using slot = command.takesSlot ? await programs.acquire(execution.signal) : undefined;
  // Whoever is stopped while waiting has its answer already.
  if (execution.state !== "queued") return true;
  execution.start();
  using deadline = expiry.schedule(clock.now() + timeoutMs, () => {
    execution.stop(new ExecutionStop({ kind: "timeout", timeoutMs }));
  });
  const onStarted = (control: ProcessControl) => {
    if (execution.process === undefined || execution.state === "ended") return;
    execution.process.started(control);
    slot?.[Symbol.dispose]();
    if (startOnly) deadline[Symbol.dispose]();
    onDetached();
    execution.detach(startedEnvelope(execution, control.pid));
  };
  try {
    const envelope = await unlessStuck(perform(run, onStarted, clock), execution.signal, services);
    const interrupted = envelope.status === "cancelled" || envelope.status === "session_lost";
    execution.end(envelope, interrupted ? execution.stopped?.requestError : undefined);
    return true;
  } catch (error) {
    return endWithError(run, error, services);
  }
}

async function perform(
  { execution, command, sandbox, path }: CommandRun,
  started: (control: ProcessControl) => void,
  clock: Clock,
): Promise<CommandEnvelope> {
  if (command.kind === "batch") {
    return await runBatch({ execution, command, sandbox, path }, clock);
  }
  const { signal, output } = execution;
  return await performCommand(command, { sandbox, source: execution, output, signal, started });
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
    // What is left of a file command holds nothing up, and its session has other files; a program that
    // does not end might hold up all that follows.
    if (command.kind === "file" && stop !== undefined) {
      execution.end(stoppedEnvelope(execution, stop), stop.requestError);
      return true;
    }
    endStuck(run, services);
    return false;
  }
  const notStarted = command.kind === "program" || command.kind === "cell"
    ? "not_started" as const
    : undefined;
  if (error instanceof CommandError) {
    execution.end(failed(execution, error.message, notStarted));
  } else if (stop !== undefined) {
    execution.end(stoppedEnvelope(execution, stop), stop.requestError);
  } else if (error instanceof SandboxError) {
    const located = error instanceof InvalidParamsError ? locateIssues(error, path) : error;
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
