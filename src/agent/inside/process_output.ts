/** One stream of a program's output, read to its end. */
export class ProcessOutput {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Resolves at the end of the stream; never rejects. */
  readonly ended: Promise<void>;

  /** Hands on what is read, piece by piece; the next piece is read when that has returned. */
  constructor(stream: ReadableStream<Uint8Array>, take: (bytes: Uint8Array) => void) {
    this.#reader = stream.getReader();
    this.ended = this.#pump(take);
  }

  /** Reads no more, though somebody may still have the other end. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #pump(take: (bytes: Uint8Array) => void): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) return;
        take(value);
      }
    } catch {
      // A pipe that cannot be read any more is at its end.
    }
  }
}
