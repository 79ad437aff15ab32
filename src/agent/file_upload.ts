import { type AgentConnection, answers } from "./agent_connection.ts";
import { AgentRefusal } from "./agent_error.ts";
import type { AgentWriteOptions } from "./agent_file_options.ts";
import { readFail, readWritten, type WriteReport } from "./agent_reports.ts";
import { CHUNK_BYTES } from "./inside/protocol.ts";

/** Writes a file and tells what became of it. */
export async function uploadFile(
  connection: AgentConnection,
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: AgentWriteOptions,
): Promise<WriteReport> {
  const { signal } = options;
  signal?.throwIfAborted();
  const upload = new Upload(connection, path, options);
  const abort = () => upload.cancel(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    if (content instanceof Uint8Array) await upload.send(content);
    else await upload.sendStream(content);
    return await upload.finish();
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** One write of a file. */
class Upload {
  readonly #connection: AgentConnection;
  readonly #id: number;
  readonly #answer = Promise.withResolvers<WriteReport>();
  #over = false;
  #wake: () => void = () => {};

  constructor(connection: AgentConnection, path: string, options: AgentWriteOptions) {
    const { append = false, mode, modifiedAt, follow, expected } = options;
    this.#connection = connection;
    this.#answer.promise.catch(() => {});
    this.#id = connection.request({
      op: "write",
      path,
      append,
      ...(mode !== undefined && { mode }),
      ...(modifiedAt !== undefined && { modifiedAt }),
      ...(follow !== undefined && { follow }),
      ...(expected !== undefined && { expected }),
    }, {
      receive: (type, payload) => {
        this.#end();
        if (type === "fail") this.#answer.reject(new AgentRefusal(readFail(payload)));
        else if (answers(type, "result")) {
          this.#answer.resolve(readWritten(payload));
        }
        return true;
      },
      lose: (error) => {
        this.#end();
        this.#answer.reject(error);
      },
    });
  }

  /** Sends content until it is refused. */
  async send(content: Uint8Array): Promise<void> {
    for (let at = 0; at < content.length && !this.#over; at += CHUNK_BYTES) {
      this.#connection.send("data", this.#id, content.subarray(at, at + CHUNK_BYTES));
      if (at + CHUNK_BYTES < content.length) await this.#connection.room();
    }
  }

  /**
   * Sends what comes until it is refused, which is not waited for until more comes; what the content
   * throws gives the write up.
   */
  async sendStream(content: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces = content[Symbol.asyncIterator]();
    try {
      for (;;) {
        const piece = await this.#unlessOver(pieces.next());
        if (piece === undefined || piece.done === true) break;
        await this.send(piece.value);
        await this.#connection.room();
      }
    } catch (error) {
      this.cancel(error);
    }
    // What was refused is told to whoever waits for the answer, not by way of what is no longer read.
    if (this.#over) void pieces.return?.().then(undefined, () => {});
  }

  /** Waits for more content, but not longer than there is use for it. */
  #unlessOver<T>(promise: Promise<T>): Promise<T | undefined> {
    // A race with one promise for all pieces would keep every piece until that settles.
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      promise.then(resolve, reject);
      if (this.#over) resolve(undefined);
    });
  }

  #end(): void {
    this.#over = true;
    this.#wake();
  }

  /** Gives it up: what was there stays as it was. */
  cancel(reason: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#connection.send("cancel", this.#id);
    this.#answer.reject(reason);
  }

  /** Ends the content and waits for the answer. */
  finish(): Promise<WriteReport> {
    if (!this.#over) this.#connection.send("end", this.#id);
    return this.#answer.promise;
  }
}
