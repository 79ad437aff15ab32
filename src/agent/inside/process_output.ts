import type { BufferPool } from "./buffer_pool.ts";

/** One stream of a program's output, read to its end. */
export class ProcessOutput {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #buffers: BufferPool;
  /** Resolves at the end of the stream; never rejects. */
  readonly ended: Promise<void>;

  /** Hands on what is read, piece by piece, in buffers that are used again when `take` has returned. */
  constructor(
    stream: ReadableStream<Uint8Array>,
    take: (bytes: Uint8Array) => void,
    buffers: BufferPool,
  ) {
    this.#reader = stream.getReader({ mode: "byob" });
    this.#buffers = buffers;
    this.ended = this.#pump(take);
  }

  /** Reads no more, though somebody may still have the other end. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #pump(take: (bytes: Uint8Array) => void): Promise<void> {
    let buffer = this.#buffers.take();
    try {
      for (;;) {
        const { done, value } = await this.#reader.read(new Uint8Array(buffer));
        // The buffer went away with the call and comes back with its answer, unless that was cancelled.
        if (value === undefined) return;
        buffer = value.buffer;
        if (done) break;
        take(value);
      }
      this.#buffers.give(buffer);
    } catch {
      // A pipe that cannot be read any more is at its end.
    }
  }
}
