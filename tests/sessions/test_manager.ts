import type { Command } from "../../src/protocol/commands.ts";
import type { CloseReason, SessionCreate } from "../../src/protocol/session.ts";
import type { Execution } from "../../src/sessions/execution.ts";
import type { Session } from "../../src/sessions/session.ts";
import type { SessionLimits } from "../../src/sessions/session_limits.ts";
import type { SessionLogger } from "../../src/sessions/session_logger.ts";
import {
  type ExecuteOptions,
  SessionManager,
  type SessionManagerOptions,
  type SessionUser,
} from "../../src/sessions/session_manager.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeRuntime, type FakeSandbox } from "./fake_runtime.ts";

/** Settings of tests: small where a test reaches a limit. */
export const TEST_LIMITS: SessionLimits = {
  maxSessions: 5,
  maxSessionsPerConnection: 3,
  maxQueuedCommands: 100,
  maxConcurrentExecutions: 2,
  maxProcesses: 3,
  defaultTimeoutMs: 30_000,
  maxTimeoutMs: 600_000,
  maxOutputBytes: 1000,
  maxCodeBytes: 100,
  maxTransferBytes: 10 * 1024 * 1024,
  maxFileBytes: 1000,
  idleTimeoutMinutes: 30,
  maxLifetimeMinutes: 120,
  idleTimeoutCeilingMinutes: 1440,
  lifetimeCeilingMinutes: 10_080,
  memoryLimitMB: 512,
  memoryCeilingMB: 4096,
  pidsCeiling: 4096,
  diskLimitMB: 1024,
  resultRetentionMinutes: 10,
};

/** A connection of a test. */
export class TestConnection {
  readonly #gone = new AbortController();
  /** What it was told. */
  readonly closed: [sessionId: string, reason: CloseReason][] = [];
  readonly user: SessionUser;
  readonly gone = this.#gone.signal;

  constructor(id: string, caller = "anonymous") {
    const sessionClosed = (sessionId: string, reason: CloseReason) =>
      void this.closed.push([sessionId, reason]);
    this.user = { caller, watcher: { id, gone: this.gone, sessionClosed } };
  }

  drop(): void {
    this.#gone.abort();
  }
}

/** One line of a test's log. */
export interface LogLine {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly message: string;
  readonly properties: Record<string, unknown> | undefined;
}

/** Keeps the lines of a log. */
export function keepLines(log: LogLine[]): SessionLogger {
  const write =
    (level: LogLine["level"]) => (message: string, properties?: Record<string, unknown>) =>
      void log.push({ level, message, properties });
  return {
    debug: write("debug"),
    info: write("info"),
    warning: write("warning"),
    error: write("error"),
  };
}

/** Options of {@linkcode TestManager}. */
export interface TestManagerOptions
  extends Pick<SessionManagerOptions, "registry" | "keepSessions"> {
  readonly clock?: FakeClock;
  readonly runtime?: FakeRuntime;
}

/** A manager of sessions over fake sandboxes and a fake clock. */
export class TestManager implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly runtime: FakeRuntime;
  readonly connection = new TestConnection("c1");
  readonly log: LogLine[] = [];
  readonly manager: SessionManager;

  constructor(limits: Partial<SessionLimits> = {}, options: TestManagerOptions = {}) {
    const { clock = new FakeClock(), runtime = new FakeRuntime(), ...others } = options;
    this.clock = clock;
    this.runtime = runtime;
    this.manager = new SessionManager({
      runtimes: { choose: () => Promise.resolve(this.runtime) },
      limits: { ...TEST_LIMITS, ...limits },
      logger: keepLines(this.log),
      clock: this.clock,
      ...others,
    });
  }

  get user(): SessionUser {
    return this.connection.user;
  }

  /** Makes a session; its sandbox is the last of the runtime. */
  async open(params: Partial<SessionCreate> = {}): Promise<[Session, FakeSandbox]> {
    const session = await this.manager.create({ language: "deno", ...params }, this.user);
    return [session, this.runtime.sandboxes.at(-1)!];
  }

  /** Queues a command. */
  execute(session: Session, command: Command, options: ExecuteOptions = {}): Execution {
    return this.manager.execute(session.id, command, this.user, options);
  }

  /** Queues code. */
  code(session: Session, code: string, options: ExecuteOptions = {}): Execution {
    return this.execute(session, codeCommand(code), options);
  }

  /** Ends everything, also what hangs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.manager.shutdown(0);
    await this.clock.advance(60_000);
    await ended;
  }
}

/** A command that runs code. */
export function codeCommand(code: string): Extract<Command, { type: "execute_code" }> {
  return { type: "execute_code", code, args: [] };
}

/** A command that runs a program. */
export function shellCommand(commandName: string): Extract<Command, { type: "execute_shell" }> {
  return { type: "execute_shell", commandName, args: [], workingDirectory: "/workspace" };
}

/** A command that writes text. */
export function writeCommand(path: string, content: string, mode: "Create" | "Append" = "Create") {
  return { type: "write_file", path, content, mode, encoding: "utf8" } as const;
}

/** A command that reads text. */
export function readCommand(path: string) {
  return { type: "read_file", path, encoding: "utf8" } as const;
}
