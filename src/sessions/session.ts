import { SandboxError } from "../errors.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import type {
  CloseReason,
  SessionConfig,
  SessionDetails,
  SessionState,
  SessionSummary,
} from "../protocol/session.ts";
import type { Sandbox } from "../runtimes/runtime.ts";
import { timestampAt } from "./clock.ts";
import { CommandQueue } from "./command_queue.ts";
import { type CommandRunnerServices, runCommand } from "./command_runner.ts";
import type { ParamsPath } from "./content.ts";
import type { Execution } from "./execution.ts";
import { ExecutionStop } from "./execution_stop.ts";
import type { PreparedCommand } from "./prepare_command.ts";
import { SessionDeadlines } from "./session_deadlines.ts";
import { mayBecome } from "./session_state.ts";
import type { SessionTiming } from "./session_timing.ts";
import { type SessionWatcher, SessionWatchers } from "./session_watchers.ts";
import { settlesWithin } from "./within.ts";

/** What sessions share. */
export interface SessionServices extends CommandRunnerServices {
  readonly timing: SessionTiming;
  /** The most bytes of waiting commands, per session. */
  readonly maxQueuedBytes: number;
  readonly maxQueuedCommands: number;
}

/** Options of {@linkcode Session}. */
export interface SessionOptions {
  readonly id: string;
  /** Whose it is. */
  readonly caller: string;
  readonly language: Language;
  readonly runtime: RuntimeName;
  readonly config: SessionConfig;
  readonly metadata: Readonly<Record<string, string>>;
  /** Owned by the session from now on. */
  readonly sandbox: Sandbox;
  /** Called when it begins to close, so that nobody finds it any more. */
  readonly onClosing: (session: Session) => void;
}

/** How a command is run. */
export interface RunCommandOptions {
  readonly timeoutMs: number;
  readonly concurrent: boolean;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
}

const MINUTE_MS = 60_000;

/** A place where the commands of one client run: a sandbox, a queue, deadlines, and a state. */
export class Session {
  readonly id: string;
  readonly caller: string;
  readonly language: Language;
  readonly sandbox: Sandbox;
  readonly #options: SessionOptions;
  readonly #services: SessionServices;
  readonly #queue: CommandQueue<Execution>;
  readonly #deadlines: SessionDeadlines;
  readonly #executions = new Set<Execution>();
  readonly #watchers = new SessionWatchers();
  readonly #createdAt: string;
  #config: SessionConfig;
  #state: SessionState = "Creating";
  #executionCount = 0;
  #closed: Promise<void> | undefined;

  /** Makes an active session. */
  constructor(options: SessionOptions, services: SessionServices) {
    const { clock, expiry, timing } = services;
    this.id = options.id;
    this.caller = options.caller;
    this.language = options.language;
    this.sandbox = options.sandbox;
    this.#options = options;
    this.#services = services;
    this.#config = options.config;
    this.#createdAt = timestampAt(clock, clock.now());
    this.#queue = new CommandQueue({
      maxWaiting: services.maxQueuedCommands,
      maxBytes: services.maxQueuedBytes,
    });
    this.#deadlines = new SessionDeadlines({
      clock,
      expiry,
      idleMs: options.config.idleTimeoutMinutes * MINUTE_MS,
      lifetimeMs: options.config.maxLifetimeMinutes * MINUTE_MS,
      restMs: timing.restAfterMs,
      isBusy: () => this.#executions.size > 0,
      onIdle: () => void this.close("idle_timeout"),
      onLifetime: () => void this.close("max_lifetime"),
      onRest: () => this.#rest(),
    });
    this.#become("Active");
    void this.sandbox.lost.then(({ reason, message }) => this.close(reason, message));
  }

  /** Where it stands: `Active` while a command runs or waits, and when it was just made. */
  get state(): SessionState {
    return this.#state;
  }

  /** The settings it runs with. */
  get config(): SessionConfig {
    return this.#config;
  }

  /** The result of `session.create`. */
  get createdAt(): string {
    return this.#createdAt;
  }

  /** Tells a connection when the session is closed, from now on. */
  watch(watcher: SessionWatcher): void {
    this.#watchers.add(watcher);
  }

  /** Does not tell a connection after all. */
  unwatch(connection: string): void {
    this.#watchers.remove(connection);
  }

  /** Throws a `SandboxError` of code `queue_full` if one more command has no place. */
  assertRoom(command: PreparedCommand, concurrent: boolean): void {
    this.#queue.assertRoom({ concurrent, bytes: command.bytes });
  }

  /** Queues a command whose execution was just made. */
  run(execution: Execution, command: PreparedCommand, options: RunCommandOptions): void {
    const { timeoutMs, concurrent, path } = options;
    const { sandbox } = this;
    this.#queue.add(execution, async () => {
      if (!await runCommand({ execution, command, sandbox, timeoutMs, path }, this.#services)) {
        void this.close("runtime_failure", "its sandbox did not end a command");
      }
    }, { concurrent, bytes: command.bytes });
    this.#executions.add(execution);
    this.#executionCount++;
    if (this.#state === "Idle") this.#become("Active");
    this.#deadlines.touch();
    void execution.ended.then(() => this.#ended(execution));
  }

  /** Stops one execution, or all; returns the ids of those that it stopped. */
  cancel(executionId?: string): string[] {
    const stop = new ExecutionStop({ kind: "cancelled" });
    const wanted = [...this.#executions]
      .filter(({ id }) => executionId === undefined || id === executionId);
    // Those that wait go first: stopping the one that runs must not let the next one begin.
    const waiting = wanted.filter(({ state }) => state === "queued");
    const stopped = [...waiting, ...wanted.filter((execution) => !waiting.includes(execution))]
      .filter((execution) => execution.stop(stop));
    return wanted.filter((execution) => stopped.includes(execution)).map(({ id }) => id);
  }

  /** Sets new lengths of its deadlines, in minutes; the lifetime counts from its beginning. */
  extend(idleTimeoutMinutes: number, maxLifetimeMinutes: number): void {
    this.#config = { ...this.#config, idleTimeoutMinutes, maxLifetimeMinutes };
    this.#deadlines.extend(idleTimeoutMinutes * MINUTE_MS, maxLifetimeMinutes * MINUTE_MS);
  }

  /** When it closes if nothing happens, and when in any case. */
  get deadlines(): { idleExpiresAt: string; expiresAt: string } {
    const { clock } = this.#services;
    return {
      idleExpiresAt: timestampAt(clock, this.#deadlines.idleExpiresAt),
      expiresAt: timestampAt(clock, this.#deadlines.expiresAt),
    };
  }

  /** Resolves when nothing runs or waits any more. */
  async idle(): Promise<void> {
    while (this.#executions.size > 0) {
      await Promise.all([...this.#executions].map(({ ended }) => ended));
    }
  }

  /** Closes it once: stops what runs, removes the sandbox, tells the watchers. Never rejects. */
  close(reason: CloseReason, message?: string): Promise<void> {
    return this.#closed ??= this.#close(reason, message);
  }

  /** Its entry in `session.list`. */
  summary(): SessionSummary {
    const { clock } = this.#services;
    return {
      sessionId: this.id,
      containerId: this.sandbox.id,
      language: this.language,
      createdAt: this.#createdAt,
      lastActivity: new Date(this.#deadlines.lastActivityWall).toISOString(),
      state: this.#state,
      executionCount: this.#executionCount,
      idleMinutes: minutes(this.#deadlines.idleMs),
      lifetimeMinutes: minutes(clock.now() - this.#deadlines.startedAt),
      runtime: this.#options.runtime,
      expiresAt: this.deadlines.expiresAt,
    };
  }

  /** The result of `session.get`. */
  details(): SessionDetails {
    return {
      ...this.summary(),
      config: this.#config,
      metadata: { ...this.#options.metadata },
      usage: { queuedCommands: this.#queue.waiting, runningCommands: this.#queue.running },
    };
  }

  async #close(reason: CloseReason, message: string | undefined): Promise<void> {
    const { clock, timing, logger } = this.#services;
    this.#become("Closing");
    this.#deadlines[Symbol.dispose]();
    this.#options.onClosing(this);
    const stop = new ExecutionStop({ kind: "closed", reason, message });
    const executions = [...this.#executions];
    for (const execution of executions.toReversed()) execution.stop(stop);
    await Promise.all(executions.map(({ ended }) => ended));
    const disposal = (async () => await this.sandbox[Symbol.asyncDispose]())();
    disposal.catch((error) => {
      logger.error("Sandbox of session {sessionId} could not be removed: {error}", {
        sessionId: this.id,
        error,
      });
    });
    if (!await settlesWithin(disposal, timing.disposeTimeoutMs, clock)) {
      logger.error("Sandbox of session {sessionId} was not removed in time", {
        sessionId: this.id,
      });
    }
    this.#become("Closed");
    logger.info("Session {sessionId} closed: {reason}", { sessionId: this.id, reason });
    this.#watchers.close(this.id, reason);
  }

  #ended(execution: Execution): void {
    this.#executions.delete(execution);
    this.#queue.remove(execution);
    if (this.#closed !== undefined) return;
    this.#deadlines.touch();
    if (this.#executions.size === 0) this.#become("Idle");
  }

  #rest(): void {
    if (this.#state === "Active") this.#become("Idle");
    this.sandbox.rest().catch((error) => {
      const { logger } = this.#services;
      logger.warning("Sandbox of session {sessionId} did not come to rest: {error}", {
        sessionId: this.id,
        error,
      });
    });
  }

  #become(state: SessionState): void {
    if (state === this.#state) return;
    if (!mayBecome(this.#state, state)) {
      throw new TypeError(`Cannot make session "${this.id}" ${state}: it is ${this.#state}`);
    }
    this.#state = state;
  }
}

/** The error for an id that is not, or not the caller's. */
export function sessionNotFound(id: string): SandboxError {
  return new SandboxError("session_not_found", `Session not found: ${id}`);
}

function minutes(ms: number): number {
  return Math.round(ms / MINUTE_MS * 100) / 100;
}
