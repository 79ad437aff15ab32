import type { AgentChannel } from "./agent_channel.ts";
import { AgentConnection, type AgentConnectionOptions } from "./agent_connection.ts";
import type { AgentLost } from "./agent_error.ts";
import { AgentFiles } from "./agent_files.ts";
import type { AgentExit, AgentProcess, RunProcessOptions, StartOptions } from "./agent_process.ts";
import { AgentProcessHandle } from "./agent_process_handle.ts";
import { AgentWatch, type AgentWatchSpec } from "./agent_watch.ts";
import type { AgentReady, WatchBatch } from "./inside/protocol.ts";

/** Options of {@linkcode AgentLink.open}. */
export interface AgentLinkOptions extends AgentConnectionOptions {
  /** Gives up waiting for the agent. */
  readonly signal?: AbortSignal | undefined;
  /** How long the agent may take to say that it is there. @default {10_000} */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_GRACE_MS = 1000;

const NOT_STARTED: AgentExit = {
  code: null,
  signal: null,
  stopped: true,
  oomKills: 0,
  pidsMax: 0,
  alone: false,
};

/**
 * Runs programs and moves files through an agent. Requests do not wait for each other; when the agent is
 * lost, each of them fails with an `AgentLostError`, once.
 *
 * @example
 * ```ts ignore
 * await using link = await AgentLink.open(channel);
 * const { code } = await link.run(
 *   { argv: ["echo", "hi"], cwd: "/workspace", env: { PATH: "/usr/bin:/bin" } },
 *   { output: (stream, bytes) => capture.add(stream, bytes), signal },
 * );
 * ```
 */
export class AgentLink implements AsyncDisposable {
  /** What the agent said of itself. */
  readonly ready: AgentReady;
  /** Resolves when the agent is lost; never rejects. */
  readonly lost: Promise<AgentLost>;
  /** The files where the agent is. */
  readonly files: AgentFiles;
  readonly #connection: AgentConnection;

  private constructor(connection: AgentConnection, ready: AgentReady) {
    this.#connection = connection;
    this.ready = ready;
    this.lost = connection.lost;
    this.files = new AgentFiles(connection);
  }

  /**
   * Waits for the agent at the other end of a channel. The channel is the link's from then on, and is
   * disposed if no agent of this version says that it is there.
   */
  static async open(channel: AgentChannel, options: AgentLinkOptions = {}): Promise<AgentLink> {
    const { signal, timeoutMs = 10_000 } = options;
    const connection = new AgentConnection(channel, options);
    const giveUp = () => connection.lose("closed", "Waiting for the agent was given up");
    const timer = setTimeout(
      () => connection.lose("unresponsive", `The agent was not there within ${timeoutMs} ms`),
      timeoutMs,
    );
    signal?.addEventListener("abort", giveUp, { once: true });
    if (signal?.aborted) giveUp();
    try {
      return new AgentLink(connection, await connection.ready);
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Starts a program. Throws an `AgentLostError` if the agent is lost already. */
  start(spec: AgentProcess, options: StartOptions): AgentProcessHandle {
    return new AgentProcessHandle(this.#connection, spec, options);
  }

  /**
   * Runs a program to its end: until it has ended, what it started is gone, and all of its output was
   * taken. Rejects with an `AgentRefusal` if it cannot be started, with an `AgentLostError` if the agent
   * is lost.
   */
  async run(spec: AgentProcess, options: RunProcessOptions): Promise<AgentExit> {
    const { signal, graceMs = DEFAULT_GRACE_MS } = options;
    if (signal.aborted) return NOT_STARTED;
    const process = this.start(spec, options);
    const stop = () => process.stop(graceMs);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await process.ended;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Watches a directory. Throws an `AgentLostError` if the agent is lost already. */
  watch(spec: AgentWatchSpec, onBatch: (batch: WatchBatch) => void): AgentWatch {
    return new AgentWatch(this.#connection, spec, onBatch);
  }

  /** Ends the agent by closing its channel, and with it everything that it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
