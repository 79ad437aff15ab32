import type { Command } from "../protocol/commands.ts";
import { OutputCapture } from "../runtimes/output_capture.ts";
import { Execution } from "./execution.ts";
import { ExecutionStore } from "./execution_store.ts";
import { checkCode, prepareCommand } from "./prepare_command.ts";
import type { Session } from "./session.ts";
import { newId } from "./session_ids.ts";
import type { SessionLimits } from "./session_limits.ts";
import type { SessionServices } from "./session_options.ts";
import { commandTimeout } from "./session_settings.ts";

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

  /** Begins without executions. */
  constructor(limits: SessionLimits, services: SessionServices) {
    const { clock, expiry } = services;
    const retentionMs = limits.resultRetentionMinutes * 60_000;
    this.#limits = limits;
    this.#services = services;
    this.#executions = new ExecutionStore({ clock, expiry, retentionMs });
  }

  /** Queues a command of the session's caller, before it returns. */
  start(session: Session, command: Command, options: ExecuteOptions): Execution {
    const { clock, timing, events } = this.#services;
    const limits = this.#limits;
    const { executionId = newId(), concurrent = false, path = ["command"] } = options;
    const { language, sandbox: { languages } } = session;
    const prepared = prepareCommand(command, { limits, language, languages, path });
    const isProgram = prepared.kind === "program";
    const fallback = isProgram ? limits.defaultTimeoutMs : timing.fileTimeoutMs;
    const timeoutMs = commandTimeout(options.timeoutMs, fallback, limits);
    session.assertRoom(prepared, concurrent);
    const execution = new Execution({
      id: executionId,
      caller: session.caller,
      sessionId: session.id,
      command: command.type,
      output: isProgram
        ? new OutputCapture({ maxBytes: limits.maxOutputBytes, timers: clock })
        : undefined,
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
    session.run(execution, prepared, { timeoutMs, concurrent, path });
    return execution;
  }

  /** Throws what {@linkcode start} would, of code for which there is no session yet. */
  checkCode(code: string, caller: string, options: ExecuteOptions): void {
    checkCode(code, this.#limits);
    commandTimeout(options.timeoutMs, this.#limits.defaultTimeoutMs, this.#limits);
    const { executionId } = options;
    if (executionId !== undefined) this.#executions.assertFree(caller, executionId);
  }

  /** Finds a caller's execution, under way or ended lately. */
  get(caller: string, id: string, sessionId?: string): Execution {
    return this.#executions.get(caller, id, sessionId);
  }
}
