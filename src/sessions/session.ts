import type { Language } from "../protocol/language.ts";
import type {
  CloseReason,
  SessionConfig,
  SessionDetails,
  SessionState,
  SessionSummary,
} from "../protocol/session.ts";
import type { Sandbox } from "../runtimes/runtime.ts";
import { timestampAt } from "./clock.ts";
import { SessionContexts } from "./contexts/session_contexts.ts";
import { endSandbox } from "./end_sandbox.ts";
import type { Execution } from "./execution.ts";
import { ExecutionStop } from "./execution_stop.ts";
import type { PreparedCommand } from "./prepare_command.ts";
import { SessionCommands } from "./session_commands.ts";
import { SessionDeadlines } from "./session_deadlines.ts";
import { inMinutes, isoTime, type StoredSession } from "./session_facts.ts";
import { SessionShells } from "./shells/session_shells.ts";
import type { RunCommandOptions, SessionOptions, SessionServices } from "./session_options.ts";
import { mayBecome } from "./session_state.ts";
import type { SessionKind } from "./session_events.ts";
import { SessionTransfers, type SessionUse } from "./session_transfers.ts";
import { type SessionWatcher, SessionWatchers } from "./session_watchers.ts";
import { SessionWatches } from "./watches/session_watches.ts";

const MINUTE_MS = 60_000;

/** A place where the commands of one client run: a sandbox, a queue, deadlines, and a state. */
export class Session {
  readonly id: string;
  readonly caller: string;
  readonly language: Language;
  readonly sandbox: Sandbox;
  /** What keeps its state from one cell to the next. */
  readonly contexts: SessionContexts;
  /** Watches of its files. */
  readonly watches: SessionWatches;
  /** Shells that go on between commands. */
  readonly shells: SessionShells;
  readonly #options: SessionOptions;
  readonly #services: SessionServices;
  readonly #commands: SessionCommands;
  readonly #transfers: SessionTransfers;
  readonly #deadlines: SessionDeadlines;
  readonly #watchers = new SessionWatchers();
  #config: SessionConfig;
  #state: SessionState = "Creating";
  #executionCount: number;
  #closed: Promise<void> | undefined;

  /** Makes an active session, or an idle one if a former server had made it. */
  constructor(options: SessionOptions, services: SessionServices) {
    const { facts, sandbox, isRestored = false } = options;
    const { clock, expiry, timing } = services;
    this.id = facts.id;
    this.caller = facts.caller;
    this.language = facts.language;
    this.sandbox = sandbox;
    const { language, runtime } = facts;
    this.contexts = new SessionContexts({ sandbox, runtime, language, clock });
    this.watches = new SessionWatches({ sessionId: facts.id, sandbox, clock });
    this.shells = new SessionShells({ sandbox, clock });
    this.#options = options;
    this.#services = services;
    this.#config = facts.config;
    this.#executionCount = facts.executionCount;
    this.#transfers = new SessionTransfers({
      onBegin: () => this.#onUse(),
      onEnd: () => this.#onEnd(),
    });
    this.#commands = new SessionCommands({
      sandbox,
      onBegin: () => this.#onBegin(),
      onEnd: () => this.#onEnd(),
      onStuck: () => void this.close("runtime_failure", "its sandbox did not end a command"),
    }, services);
    this.#deadlines = new SessionDeadlines({
      clock,
      expiry,
      createdAt: facts.createdAt,
      lastActivityAt: facts.lastActivityAt,
      idleMs: facts.config.idleTimeoutMinutes * MINUTE_MS,
      lifetimeMs: facts.config.maxLifetimeMinutes * MINUTE_MS,
      restMs: timing.restAfterMs,
      isBusy: () => this.isBusy,
      onIdle: () => void this.close("idle_timeout"),
      onLifetime: () => void this.close("max_lifetime"),
      onRest: () => this.#rest(),
    });
    this.#become("Active");
    if (isRestored) this.#become("Idle");
    void this.sandbox.lost.then(({ reason, message }) => this.close(reason, message));
  }

  /** Where it stands: `Active` while a command runs or waits, and when it was just made. */
  get state(): SessionState {
    return this.#state;
  }

  /** Whether a command runs or waits, or a file is on its way. */
  get isBusy(): boolean {
    return this.#commands.isBusy || this.#transfers.isBusy;
  }

  /** What it is counted by. */
  get kind(): SessionKind {
    const { runtime, language } = this.#options.facts;
    return { runtime, language };
  }

  /** The settings it runs with. */
  get config(): SessionConfig {
    return this.#config;
  }

  /** Whether its code may reach every other machine, and so those that have packages. */
  get hasNetwork(): boolean {
    const { network = false, permissions } = this.#config;
    return this.kind.runtime === "docker" ? network : permissions?.allowNet === true;
  }

  /** When it was made, in milliseconds since 1970. */
  get createdAt(): number {
    return this.#options.facts.createdAt;
  }

  /** Tells a connection when the session is closed, from now on. */
  watch(watcher: SessionWatcher): void {
    this.#watchers.add(watcher);
  }

  /** Does not tell a connection after all. */
  unwatch(connection: string): void {
    this.#watchers.remove(connection);
  }

  /** Puts off its idling out: somebody uses what runs in the background. */
  touch(): void {
    this.#touch();
  }

  /** Throws a `SandboxError` of code `queue_full` or `process_limit_reached` if there is no place for it. */
  assertRoom(command: PreparedCommand, concurrent: boolean): void {
    this.#commands.assertRoom(command, concurrent);
  }

  /** Queues a command whose execution was just made. */
  run(execution: Execution, command: PreparedCommand, options: RunCommandOptions): void {
    this.#commands.run(execution, command, options);
  }

  /**
   * Uses its files beside the commands, until the returned handle is disposed. Throws a `SandboxError` of
   * code `rate_limited` for too many at once, and of what ended the session once it closes.
   */
  use(): SessionUse {
    return this.#transfers.begin();
  }

  /** Stops one execution, or all; returns the ids of those that it stopped. */
  cancel(executionId?: string): string[] {
    return this.#commands.cancel(executionId);
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

  /** Resolves when nothing runs, waits or is on its way any more. */
  async idle(): Promise<void> {
    while (this.isBusy) await Promise.all([this.#commands.idle(), this.#transfers.idle()]);
  }

  /** Closes it once: stops what runs, removes the sandbox, tells the watchers. Never rejects. */
  close(reason: CloseReason, message?: string): Promise<void> {
    return this.#closed ??= this.#close(reason, message);
  }

  /** Ends it here, once, but leaves its sandbox to the next server. Never rejects. */
  release(): Promise<void> {
    return this.#closed ??= this.#release();
  }

  /** Whether its sandbox can be found again by another server. */
  get outlivesServer(): boolean {
    return this.sandbox.handle !== undefined;
  }

  /** What the next server needs to take it up again; undefined if it ends with this one. */
  stored(): StoredSession | undefined {
    const { id: containerId, handle } = this.sandbox;
    if (handle === undefined) return undefined;
    return {
      ...this.#options.facts,
      config: this.#config,
      executionCount: this.#executionCount,
      lastActivityAt: this.isBusy
        ? this.#services.clock.wallTime()
        : this.#deadlines.lastActivityWall,
      handle,
      containerId,
    };
  }

  /** Its entry in `session.list`. */
  summary(): SessionSummary {
    const { clock } = this.#services;
    return {
      sessionId: this.id,
      containerId: this.sandbox.id,
      language: this.language,
      createdAt: isoTime(this.createdAt),
      lastActivity: isoTime(this.#deadlines.lastActivityWall),
      state: this.#state,
      executionCount: this.#executionCount,
      idleMinutes: inMinutes(this.#deadlines.idleMs),
      lifetimeMinutes: inMinutes(clock.now() - this.#deadlines.startedAt),
      runtime: this.#options.facts.runtime,
      expiresAt: this.deadlines.expiresAt,
    };
  }

  /** The result of `session.get`. */
  details(): SessionDetails {
    return {
      ...this.summary(),
      config: this.#config,
      metadata: { ...this.#options.facts.metadata },
      sandbox: { ...this.sandbox.facts },
      usage: this.#commands.usage,
    };
  }

  async #close(reason: CloseReason, message: string | undefined): Promise<void> {
    const stop = new ExecutionStop({ kind: "closed", reason, message });
    await this.#end("closed", stop, () => this.sandbox[Symbol.asyncDispose]());
    const properties = { sessionId: this.id, reason };
    const { clock, events, logger } = this.#services;
    const lifetimeMs = clock.now() - this.#deadlines.startedAt;
    events.sessionClosed?.({ ...this.kind, reason, lifetimeMs });
    logger.info("Session {sessionId} closed: {reason}", properties);
    this.#watchers.close(this.id, reason);
  }

  async #release(): Promise<void> {
    const stop = new ExecutionStop({ kind: "shutdown" });
    await this.#end("kept", stop, () => this.sandbox.release());
    const { logger } = this.#services;
    logger.info("Session {sessionId} is left to the next server", { sessionId: this.id });
  }

  async #end(
    how: "closed" | "kept",
    stop: ExecutionStop,
    end: () => PromiseLike<void>,
  ): Promise<void> {
    this.#become("Closing");
    // What runs until now is activity until now; the next server goes by it.
    if (this.isBusy) this.#deadlines.touch();
    this.#deadlines[Symbol.dispose]();
    this.#options.onClosing(how);
    this.#transfers.end(stop.requestError);
    await this.#commands.end(stop);
    this.contexts.end();
    this.watches.end();
    this.shells.end();
    await endSandbox(this.id, end, this.#services);
    this.#become("Closed");
  }

  #onBegin(): void {
    this.#executionCount++;
    this.#onUse();
  }

  #onUse(): void {
    if (this.#state === "Idle") this.#become("Active");
    this.#touch();
  }

  #onEnd(): void {
    if (this.#closed !== undefined) return;
    this.#touch();
    if (!this.isBusy) this.#become("Idle");
  }

  #touch(): void {
    this.#deadlines.touch();
    this.#options.onActivity?.();
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
