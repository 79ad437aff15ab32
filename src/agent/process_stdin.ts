import type { AgentConnection } from "./agent_connection.ts";
import { CHUNK_BYTES, STDIN_WINDOW_BYTES } from "./inside/protocol.ts";

/**
 * Our end of a program's standard input. Bytes are sent only as far as the agent has room for them, so a
 * program that does not read holds up nobody but who writes to it.
 */
export class ProcessStdin {
  readonly #connection: AgentConnection;
  readonly #id: number;
  #window = STDIN_WINDOW_BYTES;
  #order: Promise<void> | undefined;
  #more: (() => void) | undefined;
  #over = false;

  /** Sends as the input of the process of a request. */
  constructor(connection: AgentConnection, id: number) {
    this.#connection = connection;
    this.#id = id;
  }

  /**
   * Sends bytes after those of earlier calls; resolves when the agent has room for all of them. What the
   * program never reads is dropped.
   */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#order === undefined && bytes.length <= this.#window) {
      this.#send(bytes);
      return this.#connection.room();
    }
    return this.#enqueue(() => this.#writeAll(bytes));
  }

  /** Sends the end of it after what was written. */
  end(): Promise<void> {
    if (this.#order !== undefined) return this.#enqueue(() => this.#sendEnd());
    return this.#sendEnd();
  }

  /** Takes word of more room. */
  credit(bytes: number): void {
    this.#window += bytes;
    this.#more?.();
  }

  /** Drops what was not sent: the program is over. */
  close(): void {
    this.#over = true;
    this.#more?.();
  }

  #enqueue(action: () => Promise<void>): Promise<void> {
    const turn = (this.#order ?? Promise.resolve()).then(action).finally(() => {
      if (this.#order === turn) this.#order = undefined;
    });
    this.#order = turn;
    return turn;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0 && !this.#over;) {
      if (this.#window === 0) await this.#nextCredit();
      const piece = rest.subarray(0, Math.min(this.#window, CHUNK_BYTES));
      rest = rest.subarray(piece.length);
      this.#send(piece);
      await this.#connection.room();
    }
  }

  #send(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#window -= bytes.length;
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      this.#connection.send("data", this.#id, bytes.subarray(at, at + CHUNK_BYTES));
    }
  }

  #sendEnd(): Promise<void> {
    if (!this.#over) this.#connection.send("end", this.#id);
    return this.#connection.room();
  }

  #nextCredit(): Promise<void> {
    return new Promise((resolve) => {
      this.#more = () => {
        this.#more = undefined;
        resolve();
      };
    });
  }
}
