import { type AgentConnection, answers, type PendingRequest } from "./agent_connection.ts";
import { type AgentLostError, AgentRefusal } from "./agent_error.ts";
import { readFail, readWatchBatch, readWatchReady } from "./agent_reports.ts";
import type { FrameType } from "./inside/frames.ts";
import type { WatchBatch, WatchOptions, WatchReady } from "./inside/protocol.ts";

/** What an agent is asked to watch. */
export interface AgentWatchSpec extends WatchOptions {
  /** The absolute path that its segments begin at. */
  readonly workspace: string;
}

/** A directory that an agent watches. */
export class AgentWatch implements Disposable {
  /** When it began. Rejects with an `AgentRefusal` or an `AgentLostError` if it did not. */
  readonly ready: Promise<WatchReady>;
  /**
   * Resolves when it is over: the directory is gone, or it was disposed. Rejects with an `AgentRefusal` or
   * an `AgentLostError` that says what else ended it.
   */
  readonly ended: Promise<void>;
  readonly #connection: AgentConnection;
  readonly #onBatch: (batch: WatchBatch) => void;
  readonly #ready = Promise.withResolvers<WatchReady>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #id: number;
  #isOver = false;

  /** Asks an agent to watch. Throws an `AgentLostError` if the agent is lost already. */
  constructor(
    connection: AgentConnection,
    spec: AgentWatchSpec,
    onBatch: (batch: WatchBatch) => void,
  ) {
    this.#connection = connection;
    this.#onBatch = onBatch;
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    // Either of them tells.
    this.ready.catch(() => {});
    this.ended.catch(() => {});
    this.#id = connection.request({ op: "watch", ...spec }, this.#pending());
  }

  /** Ends it; nothing more is told. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.send("cancel", this.#id);
    this.#ended.resolve();
  }

  #pending(): PendingRequest {
    return {
      receive: (type, payload) => this.#receive(type, payload),
      lose: (error) => this.#fail(error),
    };
  }

  #receive(type: FrameType, payload: Uint8Array): boolean {
    switch (type) {
      case "result":
        this.#ready.resolve(readWatchReady(payload));
        return false;
      case "data": {
        const batch = readWatchBatch(payload);
        if (!this.#isOver) this.#onBatch(batch);
        return false;
      }
      case "fail":
        this.#fail(new AgentRefusal(readFail(payload)));
        return true;
      default:
        answers(type, "end");
        this.#isOver = true;
        this.#ended.resolve();
        return true;
    }
  }

  #fail(error: AgentRefusal | AgentLostError): void {
    this.#isOver = true;
    this.#ready.reject(error);
    this.#ended.reject(error);
  }
}
