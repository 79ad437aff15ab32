import { SandboxError } from "../errors.ts";
import type { Execution } from "./execution.ts";
import { isProcess, type ProcessExecution } from "./process_execution.ts";
import {
  type Readiness,
  type WaitOptions,
  type WaitServices,
  waitUntilReady,
  type WantedReadiness,
} from "./process_ready.ts";
import type { Session } from "./session.ts";
import type { SessionExecutor } from "./session_executor.ts";
import type { SessionLimits } from "./session_limits.ts";
import { commandTimeout } from "./session_settings.ts";
import type { SessionUser } from "./session_user.ts";
import { settlesWithin, unlessAborted } from "./within.ts";

/** Options of {@linkcode SessionProcesses}. */
export interface SessionProcessesOptions {
  readonly executor: Pick<SessionExecutor, "get" | "ofSession">;
  /** Finds an open session. */
  readonly session: (id: string) => Session | undefined;
  readonly limits: Pick<SessionLimits, "defaultTimeoutMs" | "maxTimeoutMs">;
}

/** How long somebody waits, as a client asks for it. */
export type AskedWait = Omit<WaitOptions, "timeoutMs"> & {
  readonly timeoutMs?: number | undefined;
};

/** The processes that run in the background of sessions, for those whose they are. */
export class SessionProcesses {
  readonly #options: SessionProcessesOptions;
  readonly #services: WaitServices;

  /** Finds them where they were started. */
  constructor(options: SessionProcessesOptions, services: WaitServices) {
    this.#options = options;
    this.#services = services;
  }

  /** Those of a session, in the order in which they were asked for; ended ones as long as they are kept. */
  list({ caller, id }: Session): ProcessExecution[] {
    return this.#options.executor.ofSession(caller, id).filter(isProcess);
  }

  /** Finds a caller's process. Throws a `SandboxError` of code `process_not_found`. */
  get(id: string, { caller }: SessionUser, sessionId?: string): ProcessExecution {
    let execution: Execution | undefined;
    try {
      execution = this.#options.executor.get(caller, id, sessionId);
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
    }
    if (execution !== undefined && isProcess(execution)) return execution;
    const hint = execution === undefined
      ? ""
      : "; the execution of that id does not run in the background";
    throw new SandboxError("process_not_found", `Process not found: ${id}${hint}`);
  }

  /** Finds a caller's process to do something with it, which is an activity of its session. */
  use(id: string, user: SessionUser, sessionId?: string): ProcessExecution {
    const execution = this.get(id, user, sessionId);
    const session = this.#options.session(execution.sessionId);
    session?.touch();
    if (user.watcher !== undefined) session?.watch(user.watcher);
    return execution;
  }

  /** Waits for the end of a process; false if the time is over or nobody waits any more. */
  async wait(execution: ProcessExecution, { timeoutMs, signal }: AskedWait): Promise<boolean> {
    const ms = this.#timeout(timeoutMs);
    const ended = unlessAborted(execution.ended, signal).then(() => true, () => false);
    return await settlesWithin(ended, ms, this.#services.clock) && await ended;
  }

  /** Waits until a process is ready; see {@linkcode waitUntilReady}. */
  async waitUntilReady(
    execution: ProcessExecution,
    wanted: WantedReadiness,
    { timeoutMs, signal }: AskedWait,
  ): Promise<Readiness> {
    const options = { timeoutMs: this.#timeout(timeoutMs), signal };
    const sandbox = this.#options.session(execution.sessionId)?.sandbox;
    return await waitUntilReady(execution, sandbox, wanted, options, this.#services);
  }

  #timeout(asked: number | undefined): number {
    const { limits } = this.#options;
    return commandTimeout(asked, limits.defaultTimeoutMs, limits);
  }
}
