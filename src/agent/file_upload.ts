import { type AgentConnection, answers } from "./agent_connection.ts";
import { AgentRefusal } from "./agent_error.ts";
import type { AgentWriteOptions } from "./agent_file_options.ts";
import { readFail, readNumber } from "./agent_reports.ts";
import { CHUNK_BYTES } from "./inside/protocol.ts";

/** Writes a file and returns the number of its bytes. */
export async function uploadFile(
  connection: AgentConnection,
  path: string,
  content: Uint8Array | ReadableStream<Uint8Array>,
  options: AgentWriteOptions,
): Promise<number> {
  const { append, signal } = options;
  signal?.throwIfAborted();
  const upload = new Upload(connection, path, append ?? false);
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
  readonly #answer = Promise.withResolvers<number>();
  #over = false;

  constructor(connection: AgentConnection, path: string, append: boolean) {
    this.#connection = connection;
    this.#answer.promise.catch(() => {});
    this.#id = connection.request({ op: "write", path, append }, {
      receive: (type, payload) => {
        this.#over = true;
        if (type === "fail") this.#answer.reject(new AgentRefusal(readFail(payload)));
        else if (answers(type, "result")) {
          this.#answer.resolve(readNumber("result", payload, "bytes"));
        }
        return true;
      },
      lose: (error) => {
        this.#over = true;
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

  /** Sends what a stream gives until it is refused; what the stream throws gives the write up. */
  async sendStream(content: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of content) {
        await this.send(bytes);
        if (this.#over) return;
        await this.#connection.room();
      }
    } catch (error) {
      this.cancel(error);
    }
  }

  /** Gives it up: what was there stays as it was. */
  cancel(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.send("cancel", this.#id);
    this.#answer.reject(reason);
  }

  /** Ends the content and waits for the answer. */
  finish(): Promise<number> {
    if (!this.#over) this.#connection.send("end", this.#id);
    return this.#answer.promise;
  }
}
