import { type AgentConnection, answers } from "./agent_connection.ts";
import { AgentRefusal } from "./agent_error.ts";
import type { AgentReadOptions } from "./agent_file_options.ts";
import { type RangeReport, readFail, readRange } from "./agent_reports.ts";
import { encodeCredit } from "./inside/frame_payload.ts";
import { FrameError, type FrameType } from "./inside/frames.ts";
import { READ_WINDOW_BYTES } from "./inside/protocol.ts";

/** What was taken is told in pieces of this size, not byte by byte. */
const CREDIT_BYTES = READ_WINDOW_BYTES / 4;

/**
 * A file, or a range of it, that is being read. What was sent and not taken is bounded by the window: the
 * agent sends more only when it is told that some was taken.
 */
export class FileDownload {
  readonly #connection: AgentConnection;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #id: number;
  readonly #begun = Promise.withResolvers<RangeReport>();
  readonly #queue: Uint8Array[] = [];
  #range: RangeReport | undefined;
  #received = 0;
  #window = READ_WINDOW_BYTES;
  #taken = 0;
  #over = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: PromiseWithResolvers<Uint8Array | null> | undefined;
  readonly #abort = () => this.cancel(this.#signal?.reason);

  private constructor(connection: AgentConnection, path: string, options: AgentReadOptions) {
    const { offset, length, maxBytes, follow, signal } = options;
    this.#connection = connection;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    this.#begun.promise.catch(() => {});
    this.#id = connection.request({
      op: "read",
      path,
      maxBytes,
      ...(offset !== undefined && { offset }),
      ...(length !== undefined && { length }),
      ...(follow !== undefined && { follow }),
    }, {
      receive: (type, payload) => this.#receive(type, payload),
      lose: (error) => this.#finish({ error }),
    });
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Asks for a file; resolves when it is known how much of it is coming. */
  static async open(
    connection: AgentConnection,
    path: string,
    options: AgentReadOptions,
  ): Promise<FileDownload> {
    options.signal?.throwIfAborted();
    const download = new FileDownload(connection, path, options);
    await download.#begun.promise;
    return download;
  }

  /** What is known of the file, and how many bytes are coming; fewer, if it becomes shorter meanwhile. */
  get facts(): RangeReport {
    if (this.#range === undefined) throw new TypeError("Cannot tell of a file that is not open");
    return this.#range;
  }

  /** Takes the next piece; null at the end. One call at a time. */
  next(): Promise<Uint8Array | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const piece = this.#queue.shift();
    if (piece !== undefined) {
      this.#take(piece.length);
      return Promise.resolve(piece);
    }
    if (this.#over) return Promise.resolve(null);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Takes no more of it. */
  cancel(reason?: unknown): void {
    if (this.#over || this.#failure !== undefined) return;
    this.#connection.send("cancel", this.#id);
    this.#fail(reason ?? new DOMException("The read was cancelled", "AbortError"));
  }

  #receive(type: FrameType, payload: Uint8Array): boolean {
    if (type === "fail") {
      this.#finish({ error: new AgentRefusal(readFail(payload)) });
      return true;
    }
    if (this.#range === undefined) {
      answers(type, "result");
      this.#begin(readRange(payload));
      return false;
    }
    if (type === "data") {
      this.#add(payload);
      return false;
    }
    answers(type, "end");
    this.#finish();
    return true;
  }

  #begin(range: RangeReport): void {
    if (range.length > this.#maxBytes) {
      throw new FrameError(`A read of at most ${this.#maxBytes} bytes gives ${range.length}`);
    }
    this.#range = range;
    this.#begun.resolve(range);
  }

  #add(bytes: Uint8Array): void {
    this.#received += bytes.length;
    this.#window -= bytes.length;
    if (this.#received > this.facts.length || this.#window < 0) {
      throw new FrameError("A read gives more bytes than it was asked for");
    }
    if (this.#failure !== undefined) return;
    if (this.#waiting === undefined) {
      this.#queue.push(bytes);
      return;
    }
    this.#take(bytes.length);
    this.#waiting.resolve(bytes);
    this.#waiting = undefined;
  }

  #take(bytes: number): void {
    this.#taken += bytes;
    // Nothing is left to ask for when all of the rest may be sent already.
    if (
      this.#over || this.#taken < CREDIT_BYTES || this.facts.length - this.#received <= this.#window
    ) {
      return;
    }
    this.#window += this.#taken;
    this.#connection.send("credit", this.#id, encodeCredit(this.#taken));
    this.#taken = 0;
  }

  #finish(failure?: { readonly error: unknown }): void {
    this.#over = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    if (failure !== undefined) return this.#fail(failure.error);
    this.#waiting?.resolve(null);
    this.#waiting = undefined;
  }

  #fail(error: unknown): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#failure ??= { error };
    this.#queue.length = 0;
    this.#begun.reject(this.#failure.error);
    this.#waiting?.reject(this.#failure.error);
    this.#waiting = undefined;
  }
}
