/**
 * The body of an upload. fetch goes on taking a body after the engine refused it and hides the error of
 * a body that fails, so this keeps hold of the source.
 */
export class UploadSource {
  /** What fetch is given. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #failure: { readonly error: unknown } | undefined;

  /** Takes over a stream. */
  constructor(source: ReadableStream<Uint8Array>) {
    this.#reader = source.getReader();
    this.stream = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => this.stop(reason),
    }, { highWaterMark: 0 });
  }

  /** How the source failed, if it did. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Cancels what is left of the source. */
  async stop(reason?: unknown): Promise<void> {
    // A source that fails while nobody wants it any more has nobody to tell.
    await this.#reader.cancel(reason).catch(() => {});
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
