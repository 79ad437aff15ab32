import { InvalidParamsError } from "../errors.ts";
import type { Command } from "../protocol/commands.ts";
import type { SessionCreate, SessionSummary } from "../protocol/session.ts";
import type { RuntimeRegistry } from "../runtimes/runtime_registry.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Execution } from "./execution.ts";
import { Expiry } from "./expiry.ts";
import { countSessions, type SessionCounts } from "./session_counts.ts";
import type { SessionEvents } from "./session_events.ts";
import { OpenSessions } from "./open_sessions.ts";
import { ProgramSlots } from "./program_slots.ts";
import type { Session } from "./session.ts";
import { type ExecuteOptions, SessionExecutor } from "./session_executor.ts";
import { type StoredSession, summaryWithoutSandbox } from "./session_facts.ts";
import type { SessionLimits } from "./session_limits.ts";
import type { SessionLogger } from "./session_logger.ts";
import { SessionProcesses } from "./session_processes.ts";
import { SessionMaker } from "./session_maker.ts";
import type { SessionServices } from "./session_options.ts";
import { SessionRecorder } from "./session_recorder.ts";
import { sessionNotFound, sessionWaits, shuttingDown } from "./session_refusals.ts";
import type { SessionRegistry } from "./session_registry.ts";
import { type AdoptingRuntime, SessionRestorer } from "./session_restorer.ts";
import { deadlineIssues } from "./session_settings.ts";
import { SessionTransfer } from "./session_transfer.ts";
import { DEFAULT_TIMING, type SessionTiming } from "./session_timing.ts";
import type { SessionUser } from "./session_user.ts";
import { settlesWithin } from "./within.ts";

export type { ExecuteOptions } from "./session_executor.ts";
export type { SessionUser } from "./session_user.ts";

/** Options of {@linkcode SessionManager}. */
export interface SessionManagerOptions {
  readonly runtimes: Pick<RuntimeRegistry, "choose">;
  readonly limits: SessionLimits;
  readonly logger: SessionLogger;
  /** Where sessions are kept that outlive the server; without it none does. Stays the caller's. */
  readonly registry?: Pick<SessionRegistry, "load" | "write"> | undefined;
  /** Leaves what can outlive the server to the next one when this one stops. @default {false} */
  readonly keepSessions?: boolean | undefined;
  /** Told what happens. @default {{}} */
  readonly events?: SessionEvents;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** @default {DEFAULT_TIMING} */
  readonly timing?: SessionTiming;
}

/** All sessions of a server: makes them, finds them for those whose they are, and ends them. */
export class SessionManager implements AsyncDisposable {
  /** The processes that run in the background. */
  readonly processes: SessionProcesses;
  readonly #options: SessionManagerOptions;
  readonly #services: SessionServices;
  readonly #sessions: OpenSessions;
  readonly #maker: SessionMaker;
  readonly #executor: SessionExecutor;
  readonly #recorder: SessionRecorder | undefined;
  readonly #restorer: SessionRestorer;
  readonly #stop = new AbortController();
  #ended: Promise<void> | undefined;

  /** Starts without sessions; see {@linkcode restore}. */
  constructor(options: SessionManagerOptions) {
    const { runtimes, limits, registry } = options;
    this.#options = options;
    const services = this.#services = createServices(options);
    this.#recorder = registry && new SessionRecorder({ registry, ...services });
    const sessions = this.#sessions = new OpenSessions(services, this.#recorder);
    this.#restorer = new SessionRestorer({
      ...services,
      onAdopted: (stored, sandbox) => sessions.restore(stored, sandbox),
      onGone: (stored) => this.#forget(stored),
    });
    const expected = () => this.#restorer.waiting.length;
    const { signal } = this.#stop;
    this.#maker = new SessionMaker({ runtimes, limits, sessions, expected, signal }, services);
    const executor = this.#executor = new SessionExecutor(limits, services);
    const session = (id: string) => sessions.get(id);
    this.processes = new SessionProcesses({ executor, session, limits }, services);
  }

  /** How many there are, for the metrics. */
  counts(): SessionCounts {
    return countSessions(this.#sessions.all());
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Whether it takes no more work. */
  get isShuttingDown(): boolean {
    return this.#stop.signal.aborted;
  }

  /**
   * Takes up the sessions that a former server left in the registry; once, before anything is asked of
   * them. Those whose runtime is away come when it is back, see {@linkcode get}. What belongs to no session
   * is removed from the runtimes in the background. Never rejects, and waits for no runtime for long.
   */
  async restore(runtimes: readonly AdoptingRuntime[]): Promise<void> {
    const { registry, logger } = this.#options;
    let stored: StoredSession[] = [];
    try {
      stored = registry?.load() ?? [];
    } catch (error) {
      logger.error("Stored sessions cannot be read and are not restored: {error}", { error });
    }
    await this.#restorer.restore(stored, runtimes);
  }

  /** Makes a session. Throws a `SandboxError` of many codes, or `InvalidParamsError`. */
  async create(params: SessionCreate, user: SessionUser): Promise<Session> {
    this.#assertRunning();
    return await this.#maker.make(params, user);
  }

  /**
   * Finds a caller's session. Throws a `SandboxError` of code `session_not_found`, or
   * `runtime_unavailable` if a former server had it and its sandbox is not there yet.
   */
  get(id: string, user: SessionUser): Session {
    const session = this.#sessions.get(id);
    if (session?.caller === user.caller) {
      if (user.watcher !== undefined) session.watch(user.watcher);
      return session;
    }
    const waiting = this.#restorer.find(id);
    throw waiting?.stored.caller === user.caller ? sessionWaits(waiting) : sessionNotFound(id);
  }

  /** A caller's sessions in the order in which they were made, with those that are not there yet. */
  list(caller: string): SessionSummary[] {
    const wallTime = this.#services.clock.wallTime();
    const waiting = this.#restorer.waiting
      .filter((stored) => stored.caller === caller)
      .map((stored) => summaryWithoutSandbox(stored, wallTime));
    const open = this.#sessions.all()
      .filter((session) => session.caller === caller)
      .map((session) => session.summary());
    return [...waiting, ...open]
      .sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  }

  /** Queues a command, before it returns: calls are run in the order in which they are made. */
  execute(
    id: string,
    command: Command,
    user: SessionUser,
    options: ExecuteOptions = {},
  ): Execution {
    this.#assertRunning();
    return this.#executor.start(this.get(id, user), command, options);
  }

  /** Throws what {@linkcode execute} would, of code for which there is no session yet. */
  checkCode(code: string, { caller }: SessionUser, options: ExecuteOptions): void {
    this.#executor.checkCode(code, caller, options);
  }

  /** Finds a caller's execution, under way or ended lately. */
  execution(id: string, { caller }: SessionUser, sessionId?: string): Execution {
    return this.#executor.get(caller, id, sessionId);
  }

  /**
   * Begins to move files of a session; without a caller, of whosever it is. Throws what {@linkcode get}
   * and `Session.use` throw.
   */
  transfer(id: string, caller: string | undefined): SessionTransfer {
    this.#assertRunning();
    const owner = caller ?? this.#sessions.get(id)?.caller ??
      this.#restorer.find(id)?.stored.caller;
    if (owner === undefined) throw sessionNotFound(id);
    return new SessionTransfer(this.get(id, { caller: owner }), this.#options.limits);
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
    this.#recorder?.save(session);
  }

  /**
   * Takes no more work, lets commands run on for the grace time, and closes every session but those that
   * are left to the next server.
   */
  shutdown(graceMs: number): Promise<void> {
    return this.#ended ??= this.#shutdown(graceMs);
  }

  /** Ends everything at once. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown(0);
  }

  async #shutdown(graceMs: number): Promise<void> {
    const { keepSessions = false } = this.#options;
    const { clock, expiry, timing } = this.#services;
    this.#stop.abort(shuttingDown());
    const restored = this.#restorer.stop();
    const idle = Promise.all(this.#sessions.all().map((session) => session.idle()));
    if (graceMs > 0) await settlesWithin(idle, graceMs, clock);
    await this.#maker.idle();
    await settlesWithin(restored, timing.disposeTimeoutMs, clock);
    // What is left of them on the engine is swept away by the next server.
    if (!keepSessions) this.#restorer.waiting.forEach((stored) => this.#forget(stored));
    await this.#sessions.end(keepSessions);
    this.#recorder?.flush();
    expiry[Symbol.dispose]();
  }

  #forget({ id }: StoredSession): void {
    this.#recorder?.remove({ id, outlivesServer: true });
  }

  #assertRunning(): void {
    if (this.isShuttingDown) throw shuttingDown();
  }
}

function createServices(options: SessionManagerOptions): SessionServices & { expiry: Expiry } {
  const { limits, logger, clock = systemClock, timing = DEFAULT_TIMING, events = {} } = options;
  const onError = (error: unknown) => logger.error("A deadline failed: {error}", { error });
  return {
    clock,
    expiry: new Expiry(clock, onError),
    programs: new ProgramSlots(limits.maxConcurrentExecutions),
    logger,
    timing,
    events,
    maxQueuedCommands: limits.maxQueuedCommands,
    maxProcesses: limits.maxProcesses,
    // One file may wait while another is written, and many small ones.
    maxQueuedBytes: 2 * limits.maxFileBytes,
  };
}
