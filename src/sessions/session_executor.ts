import type { Command } from "../protocol/commands.ts";
import type { RunSpec } from "../runtimes/runtime.ts";
import { OutputCapture } from "../runtimes/output_capture.ts";
import { BackgroundProcess } from "./background_process.ts";
import { Execution } from "./execution.ts";
import { ExecutionStore } from "./execution_store.ts";
import { checkCode, prepareCommand, writesOutput } from "./prepare_command.ts";
import type { Session } from "./session.ts";
import { newId } from "./session_ids.ts";
import type { SessionLimits } from "./session_limits.ts";
import type { SessionServices } from "./session_options.ts";
import { commandTimeout } from "./session_settings.ts";
import { EmulatorTurns } from "./terminals/emulator_turns.ts";
import { TerminalScreen } from "./terminals/terminal_screen.ts";

/** How a command is executed, as a client asks for it. */
export interface ExecuteOptions {
  readonly timeoutMs?: number | undefined;
  readonly concurrent?: boolean | undefined;
  readonly executionId?: string | undefined;
  /** Where the command stands in the params. @default {["command"]} */
  readonly path?: readonly (string | number)[] | undefined;
}

/** Turns commands into executions in their sessions, and finds them again. */
export class SessionExecutor {
  readonly #limits: SessionLimits;
  readonly #services: SessionServices;
  readonly #executions: ExecutionStore;
  readonly #emulatorTurns: EmulatorTurns;

  /** Begins without executions. */
  constructor(limits: SessionLimits, services: SessionServices) {
    const { clock, expiry } = services;
    const retentionMs = limits.resultRetentionMinutes * 60_000;
    this.#limits = limits;
    this.#services = services;
    this.#executions = new ExecutionStore({ clock, expiry, retentionMs });
    this.#emulatorTurns = new EmulatorTurns(clock);
  }

  /** Queues a command of the session's caller, before it returns. */
  start(session: Session, command: Command, options: ExecuteOptions): Execution {
    const { clock, timing, events } = this.#services;
    const limits = this.#limits;
    const { executionId = newId(), concurrent = false, path = ["command"] } = options;
    const { language, sandbox: { languages }, kind: { runtime }, hasNetwork: network } = session;
    const { contexts, shells } = session;
    const context = { limits, language, languages, runtime, network, contexts, shells, path };
    const prepared = prepareCommand(command, context);
    const hasOutput = writesOutput(prepared);
    const isProcess = prepared.kind === "program" && prepared.spec.background === true;
    const byKind = hasOutput ? limits.defaultTimeoutMs : timing.fileTimeoutMs;
    const fallback = prepared.timeoutMs === undefined
      ? byKind
      : Math.min(prepared.timeoutMs, limits.maxTimeoutMs);
    // A process may run as long as its session; its time is a bound of the client's own.
    const timeoutMs = isProcess
      ? options.timeoutMs ?? fallback
      : commandTimeout(options.timeoutMs, fallback, limits);
    const startOnly = isProcess && options.timeoutMs === undefined;
    session.assertRoom(prepared, concurrent);
    const output = hasOutput
      ? new OutputCapture({ maxBytes: limits.maxOutputBytes, timers: clock })
      : undefined;
    const execution = new Execution({
      id: executionId,
      caller: session.caller,
      sessionId: session.id,
      command: command.type,
      output,
      process: output && isProcess ? this.#process(prepared.spec, output) : undefined,
      clock,
      onEnd: (ended, envelope) => {
        this.#executions.retire(ended);
        events.executionEnded?.({
          ...session.kind,
          command: command.type,
          envelope,
          elapsedMs: ended.started ? ended.elapsedMs : undefined,
          queueMs: ended.queueMs,
        });
      },
    });
    this.#executions.add(execution);
    session.run(execution, prepared, { timeoutMs, startOnly, concurrent, path });
    return execution;
  }

  /** Throws what {@linkcode start} would, of code for which there is no session yet. */
  checkCode(code: string, caller: string, options: ExecuteOptions): void {
    checkCode(code, this.#limits);
    commandTimeout(options.timeoutMs, this.#limits.defaultTimeoutMs, this.#limits);
    const { executionId } = options;
    if (executionId !== undefined) this.#executions.assertFree(caller, executionId);
  }

  /** A caller's executions in a session, under way or ended lately, oldest first. */
  ofSession(caller: string, sessionId: string): Execution[] {
    return this.#executions.ofSession(caller, sessionId);
  }

  /** Finds a caller's execution, under way or ended lately. */
  get(caller: string, id: string, sessionId?: string): Execution {
    return this.#executions.get(caller, id, sessionId);
  }

  #process(spec: RunSpec, output: OutputCapture): BackgroundProcess | undefined {
    if (spec.kind !== "shell") return undefined;
    const { commandName: command, args, keepStdin = false, terminal: size } = spec;
    const maxWaitingBytes = 2 * this.#limits.maxFileBytes;
    const terminal = size &&
      { size, screen: new TerminalScreen(output, size, this.#emulatorTurns) };
    const takesInput = keepStdin;
    return new BackgroundProcess({ command, args, takesInput, maxWaitingBytes, terminal });
  }
}
