import { FrameError } from "./frames.ts";
import { STDIN_WINDOW_BYTES } from "./protocol.ts";

/** What was consumed is told in pieces of this size, not byte by byte. */
const CREDIT_BYTES = STDIN_WINDOW_BYTES / 4;

/**
 * The standard input of one program. What the program has not read yet waits here, bounded by the window:
 * the server sends more only when it is told that there is room, so that a program that never reads holds
 * up nobody.
 */
export class ProcessInput {
  readonly #credit: (bytes: number) => void;
  readonly #queue: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  #owed = 0;
  #ended = false;
  #closed = false;
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;
  #writing = false;

  /** Tells `credit` how many bytes there is room for again. */
  constructor(credit: (bytes: number) => void) {
    this.#credit = credit;
  }

  /** Takes bytes for the program. */
  data(bytes: Uint8Array): void {
    if (this.#ended) return;
    // The program reads no more, but goes on: who writes to it must not wait for it.
    if (this.#closed) return this.#credit(bytes.length);
    this.#queued += bytes.length;
    if (this.#queued > STDIN_WINDOW_BYTES) {
      throw new FrameError(
        `Over ${STDIN_WINDOW_BYTES} bytes of standard input were sent unasked`,
      );
    }
    this.#queue.push(bytes.slice());
    this.#work();
  }

  /** Takes the end of them. */
  end(): void {
    this.#ended = true;
    this.#work();
  }

  /** Gives the program what was taken so far, and what will be. */
  attach(stream: WritableStream<Uint8Array<ArrayBuffer>>): void {
    this.#writer = stream.getWriter();
    // What goes wrong is seen where it is written.
    this.#writer.closed.catch(() => {});
    this.#work();
  }

  /** Drops what the program has not read: it is over. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#writer?.abort().catch(() => {});
  }

  #work(): void {
    if (this.#writing || this.#writer === undefined) return;
    if (this.#queue.length === 0 && !this.#ended) return;
    this.#writing = true;
    this.#drain(this.#writer);
  }

  async #drain(writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>): Promise<void> {
    try {
      for (let bytes = this.#queue.shift(); bytes !== undefined; bytes = this.#queue.shift()) {
        const { length } = bytes;
        await writer.write(bytes);
        this.#consumed(length);
      }
      this.#writing = false;
      if (this.#ended && !this.#closed) {
        this.#closed = true;
        await writer.close();
      }
    } catch {
      this.#discard();
    }
  }

  /** The program reads no more: what comes is taken as if it did. */
  #discard(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#consumed(this.#queued);
  }

  #consumed(bytes: number): void {
    this.#queued -= bytes;
    this.#owed += bytes;
    if (this.#ended || (this.#owed < CREDIT_BYTES && !this.#closed)) return;
    this.#credit(this.#owed);
    this.#owed = 0;
  }
}
