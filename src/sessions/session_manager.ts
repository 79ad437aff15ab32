import { InvalidParamsError, SandboxError } from "../errors.ts";
import type { Command } from "../protocol/commands.ts";
import type { SessionCreate, SessionSummary } from "../protocol/session.ts";
import { OutputCapture } from "../runtimes/output_capture.ts";
import type { RuntimeRegistry } from "../runtimes/runtime_registry.ts";
import { type Clock, systemClock } from "./clock.ts";
import { utf8Length } from "./content.ts";
import { Execution } from "./execution.ts";
import { ExecutionStore } from "./execution_store.ts";
import { Expiry } from "./expiry.ts";
import { makeSandbox } from "./make_sandbox.ts";
import { checkCode, prepareCommand } from "./prepare_command.ts";
import { ProgramSlots } from "./program_slots.ts";
import { Session, sessionNotFound, type SessionServices } from "./session.ts";
import { newId } from "./session_ids.ts";
import type { SessionLimits } from "./session_limits.ts";
import type { SessionLogger } from "./session_logger.ts";
import { commandTimeout, deadlineIssues, sessionConfig } from "./session_settings.ts";
import type { SessionWatcher } from "./session_watchers.ts";
import { DEFAULT_TIMING, type SessionTiming } from "./session_timing.ts";
import { settlesWithin } from "./within.ts";

/** Options of {@linkcode SessionManager}. */
export interface SessionManagerOptions {
  readonly runtimes: Pick<RuntimeRegistry, "choose">;
  readonly limits: SessionLimits;
  readonly logger: SessionLogger;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** @default {DEFAULT_TIMING} */
  readonly timing?: SessionTiming;
}

/** Who asks. */
export interface SessionUser {
  /** The id of the key. */
  readonly caller: string;
  /** The connection, if it can be told things. */
  readonly watcher?: SessionWatcher | undefined;
}

/** Options of {@linkcode SessionManager.execute}. */
export interface ExecuteOptions {
  readonly timeoutMs?: number | undefined;
  readonly concurrent?: boolean | undefined;
  readonly executionId?: string | undefined;
  /** Where the command stands in the params. @default {["command"]} */
  readonly path?: readonly (string | number)[] | undefined;
}

const MAX_FILES = 1000;
const CREATE_RETRY_MS = 1000;

/** All sessions of a server: makes them, finds them for those whose they are, and ends them. */
export class SessionManager implements AsyncDisposable {
  readonly #options: SessionManagerOptions;
  readonly #services: SessionServices;
  readonly #timing: SessionTiming;
  readonly #executions: ExecutionStore;
  readonly #expiry: Expiry;
  readonly #sessions = new Map<string, Session>();
  readonly #closing = new Set<Promise<void>>();
  readonly #creating = new Set<Promise<unknown>>();
  readonly #perConnection = new Map<string, number>();
  readonly #stop = new AbortController();
  #ended: Promise<void> | undefined;

  /** Starts without sessions. */
  constructor(options: SessionManagerOptions) {
    const { limits, logger, clock = systemClock, timing = DEFAULT_TIMING } = options;
    this.#options = options;
    this.#timing = timing;
    const onError = (error: unknown) => logger.error("A deadline failed: {error}", { error });
    this.#expiry = new Expiry(clock, onError);
    this.#executions = new ExecutionStore({
      clock,
      expiry: this.#expiry,
      retentionMs: limits.resultRetentionMinutes * 60_000,
    });
    this.#services = {
      clock,
      expiry: this.#expiry,
      programs: new ProgramSlots(limits.maxConcurrentExecutions),
      logger,
      timing,
      maxQueuedCommands: limits.maxQueuedCommands,
      // One file may wait while another is written, and many small ones.
      maxQueuedBytes: 2 * limits.maxFileBytes,
    };
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Whether it takes no more work. */
  get isShuttingDown(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Makes a session. Throws a `SandboxError` of many codes, or `InvalidParamsError`. */
  async create(params: SessionCreate, user: SessionUser): Promise<Session> {
    this.#assertRunning();
    const config = sessionConfig(params, this.#options.limits);
    checkFiles(params.files ?? {}, this.#options.limits);
    using place = this.#reserve(user);
    const created = this.#create(params, config, user, place);
    this.#creating.add(created);
    try {
      return await created;
    } finally {
      this.#creating.delete(created);
    }
  }

  /** Finds a caller's session. Throws a `SandboxError` of code `session_not_found`. */
  get(id: string, user: SessionUser): Session {
    const session = this.#sessions.get(id);
    if (session === undefined || session.caller !== user.caller) throw sessionNotFound(id);
    if (user.watcher !== undefined) session.watch(user.watcher);
    return session;
  }

  /** A caller's sessions in the order in which they were made. */
  list(caller: string): SessionSummary[] {
    return [...this.#sessions.values()]
      .filter((session) => session.caller === caller)
      .map((session) => session.summary());
  }

  /** Queues a command, before it returns: calls are run in the order in which they are made. */
  execute(
    id: string,
    command: Command,
    user: SessionUser,
    options: ExecuteOptions = {},
  ): Execution {
    this.#assertRunning();
    const { limits } = this.#options;
    const { executionId = newId(), concurrent = false, path = ["command"] } = options;
    const session = this.get(id, user);
    const { language, sandbox: { languages } } = session;
    const prepared = prepareCommand(command, { limits, language, languages, path });
    const isProgram = prepared.kind === "program";
    const fallback = isProgram ? limits.defaultTimeoutMs : this.#timing.fileTimeoutMs;
    const timeoutMs = commandTimeout(options.timeoutMs, fallback, limits);
    session.assertRoom(prepared, concurrent);
    const { clock } = this.#services;
    const execution = new Execution({
      id: executionId,
      caller: user.caller,
      sessionId: id,
      command: command.type,
      output: isProgram
        ? new OutputCapture({ maxBytes: limits.maxOutputBytes, timers: clock })
        : undefined,
      clock,
      onEnd: (ended) => this.#executions.retire(ended),
    });
    this.#executions.add(execution);
    session.run(execution, prepared, { timeoutMs, concurrent, path });
    return execution;
  }

  /** Throws what {@linkcode execute} would, of code for which there is no session yet. */
  checkCode(code: string, user: SessionUser, options: ExecuteOptions): void {
    const { limits } = this.#options;
    checkCode(code, limits);
    commandTimeout(options.timeoutMs, limits.defaultTimeoutMs, limits);
    const { executionId } = options;
    if (executionId !== undefined) this.#executions.assertFree(user.caller, executionId);
  }

  /** Finds a caller's execution, under way or ended lately. */
  execution(id: string, user: SessionUser, sessionId?: string): Execution {
    return this.#executions.get(user.caller, id, sessionId);
  }

  /** Moves a session's deadlines. Throws `InvalidParamsError` beyond the server's ceilings. */
  extend(
    session: Session,
    asked: { idleTimeoutMinutes?: number | undefined; maxLifetimeMinutes?: number | undefined },
  ): void {
    const { config } = session;
    const idleTimeoutMinutes = asked.idleTimeoutMinutes ?? config.idleTimeoutMinutes;
    const maxLifetimeMinutes = asked.maxLifetimeMinutes ?? config.maxLifetimeMinutes;
    const deadlines = { idleTimeoutMinutes, maxLifetimeMinutes };
    const issues = deadlineIssues(deadlines, this.#options.limits);
    if (issues.length > 0) throw new InvalidParamsError(issues);
    session.extend(idleTimeoutMinutes, maxLifetimeMinutes);
  }

  /** Takes no more work, lets commands run on for the grace time, and closes every session. */
  shutdown(graceMs: number): Promise<void> {
    return this.#ended ??= this.#shutdown(graceMs);
  }

  /** Ends everything at once. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown(0);
  }

  async #shutdown(graceMs: number): Promise<void> {
    this.#stop.abort(shuttingDown());
    const idle = Promise.all([...this.#sessions.values()].map((session) => session.idle()));
    if (graceMs > 0) await settlesWithin(idle, graceMs, this.#services.clock);
    await Promise.allSettled(this.#creating);
    for (const session of this.#sessions.values()) void session.close("shutdown");
    await Promise.all(this.#closing);
    this.#expiry[Symbol.dispose]();
  }

  #assertRunning(): void {
    if (this.isShuttingDown) throw shuttingDown();
  }

  /** Counts a session that is being made; it keeps its place if it is made. */
  #reserve({ watcher }: SessionUser): Disposable & { keep(): void } {
    const { maxSessions, maxSessionsPerConnection } = this.#options.limits;
    if (this.#sessions.size + this.#creating.size >= maxSessions) {
      throw limitReached(`the server has ${maxSessions} sessions`, maxSessions);
    }
    const count = watcher === undefined ? 0 : this.#perConnection.get(watcher.id) ?? 0;
    if (count >= maxSessionsPerConnection) {
      throw limitReached(`this connection made ${count} of the open sessions`, count);
    }
    if (watcher === undefined) return { keep() {}, [Symbol.dispose]() {} };
    this.#perConnection.set(watcher.id, count + 1);
    let kept = false;
    return {
      keep: () => kept = true,
      [Symbol.dispose]: () => {
        if (!kept) this.#release(watcher.id);
      },
    };
  }

  #release(connection: string): void {
    const count = (this.#perConnection.get(connection) ?? 0) - 1;
    if (count > 0) this.#perConnection.set(connection, count);
    else this.#perConnection.delete(connection);
  }

  async #create(
    params: SessionCreate,
    config: ReturnType<typeof sessionConfig>,
    user: SessionUser,
    place: { keep(): void },
  ): Promise<Session> {
    const { language, env, files = {}, metadata = {} } = params;
    const { runtime, sandbox } = await makeSandbox({
      choose: () => this.#options.runtimes.choose(params),
      spec: { ...config, language, env },
      files,
      stops: [
        { signal: this.#stop.signal, error: shuttingDown },
        // Nobody would learn the id of the session.
        ...user.watcher === undefined ? [] : [{ signal: user.watcher.gone, error: connectionGone }],
      ],
    }, this.#services);
    place.keep();
    return this.#register(
      new Session({
        id: newId(),
        caller: user.caller,
        language,
        runtime: runtime.name,
        config,
        metadata,
        sandbox,
        onClosing: (session) => this.#onClosing(session, user.watcher),
      }, this.#services),
      user,
    );
  }

  #register(session: Session, user: SessionUser): Session {
    this.#sessions.set(session.id, session);
    if (user.watcher !== undefined) session.watch(user.watcher);
    this.#options.logger.info("Session {sessionId} created: {language}", {
      sessionId: session.id,
      language: session.language,
      caller: user.caller,
    });
    return session;
  }

  #onClosing(session: Session, maker: SessionWatcher | undefined): void {
    this.#sessions.delete(session.id);
    if (maker !== undefined) this.#release(maker.id);
    // Asked for in a microtask: `close` is still on its way to the promise that it returns.
    const closing = Promise.resolve().then(() => session.close("shutdown"))
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function checkFiles(files: Readonly<Record<string, string>>, limits: SessionLimits): void {
  const entries = Object.entries(files);
  if (entries.length > MAX_FILES) {
    const message = `Expected at most ${MAX_FILES} files, got ${entries.length}`;
    throw new InvalidParamsError([{ path: ["files"], message }]);
  }
  const bytes = entries.reduce((sum, [, content]) => sum + utf8Length(content), 0);
  if (bytes <= limits.maxFileBytes) return;
  throw new SandboxError(
    "too_large",
    `Files are too large: ${bytes} bytes together, at most ${limits.maxFileBytes} (maxFileBytes)`,
    { data: { limit: "maxFileBytes", maxBytes: limits.maxFileBytes, bytes } },
  );
}

function limitReached(found: string, limit: number): SandboxError {
  return new SandboxError(
    "session_limit_reached",
    `Cannot create a session: ${found}, which is the limit; close one first`,
    { data: { limit, retryAfterMs: CREATE_RETRY_MS } },
  );
}

function shuttingDown(): SandboxError {
  return new SandboxError("shutting_down", "Server is shutting down");
}

function connectionGone(): SandboxError {
  return new SandboxError("session_closed", "Connection closed before the session was made");
}
