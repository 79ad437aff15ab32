import { SessionRegistry } from "../../src/sessions/session_registry.ts";
import type { SessionLimits } from "../../src/sessions/session_limits.ts";
import { FakeClock, settled } from "./fake_clock.ts";
import { FakeRuntime } from "./fake_runtime.ts";
import { TempDir } from "./temp_dir.ts";
import { TestManager } from "./test_manager.ts";

const MANY = { maxSessions: 100, maxSessionsPerConnection: 100 };

/** Options of {@linkcode TestServers.start}. */
export interface StartOptions {
  /** Milliseconds since the former server ended. */
  readonly downMs?: number;
  readonly keepSessions?: boolean;
  readonly limits?: Partial<SessionLimits>;
  /** Does not wait for the restore. */
  readonly restore?: "waited for" | "left alone";
  /** @default {[this.runtime]} */
  readonly restoreWith?: readonly FakeRuntime[];
}

/** One server after the other over the same data directory and the same engine, whose sandboxes stay. */
export class TestServers implements AsyncDisposable {
  readonly #directory: TempDir;
  /** The engine. */
  readonly runtime = new FakeRuntime();
  #wallTime = Date.UTC(2025, 9, 27, 12);
  #registry: SessionRegistry | undefined;
  #server: TestManager | undefined;
  #isKilled = false;

  private constructor(directory: TempDir) {
    this.#directory = directory;
  }

  static async make(): Promise<TestServers> {
    return new TestServers(await TempDir.make());
  }

  /** The ids in the registry. */
  get storedIds(): string[] {
    return this.#registry!.load().map(({ id }) => id);
  }

  /** Starts a server and lets it take up what the former one left. */
  async start(options: StartOptions = {}): Promise<TestManager> {
    const { downMs = 0, keepSessions, limits = {}, restore = "waited for" } = options;
    const { restoreWith = [this.runtime] } = options;
    this.#wallTime += downMs;
    this.#isKilled = false;
    const registry = this.#registry = await SessionRegistry.open(
      `${this.#directory.path}/sessions.sqlite`,
      { logger: { warning() {} } },
    );
    const clock = new FakeClock(this.#wallTime);
    const server = this.#server = new TestManager({ ...MANY, ...limits }, {
      clock,
      registry,
      keepSessions,
      runtime: this.runtime,
    });
    this.runtime.calls.length = 0;
    const restored = server.manager.restore(restoreWith);
    if (restore === "waited for") await restored;
    await settled();
    return server;
  }

  /** Ends the server as SIGKILL does: nothing more is written, and no sandbox hears of it. */
  kill(): void {
    this.#wallTime = this.#server?.clock.wallTime() ?? this.#wallTime;
    this.#isKilled = true;
    this.#registry?.[Symbol.dispose]();
  }

  /** Ends the server as SIGTERM does. */
  async stop(graceMs = 0): Promise<void> {
    const ended = this.#server?.manager.shutdown(graceMs);
    await this.#server?.clock.advance(graceMs + 60_000);
    await ended;
    this.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isKilled) await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }
}
