import { IdleWatch } from "./idle_watch.ts";

/** Options of {@linkcode guardDownload}. */
export interface DownloadOptions {
  /** Breaks it off. */
  readonly signal: AbortSignal;
  /** Milliseconds that a client may take nothing. */
  readonly idleMs: number;
  /** Bytes that there must be, where that was said. */
  readonly length?: number | undefined;
  /** Called once when it is over, however it ends. */
  readonly onEnd: () => void;
}

/**
 * Content on its way to a client, taken as fast as the client does. It breaks off when the session ends,
 * when the client takes nothing for long, and when there are fewer bytes than were said: it never just
 * ends before its end.
 */
export function guardDownload(
  content: ReadableStream<Uint8Array>,
  options: DownloadOptions,
): ReadableStream<Uint8Array> {
  return new ReadableStream(new Download(content, options), { highWaterMark: 0 });
}

class Download implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #options: DownloadOptions;
  readonly #idle: IdleWatch;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #bytes = 0;
  #isOver = false;

  constructor(content: ReadableStream<Uint8Array>, options: DownloadOptions) {
    const { idleMs, signal } = options;
    this.#reader = content.getReader();
    this.#options = options;
    this.#idle = new IdleWatch(idleMs, () => this.#break(new Error("Nobody takes the content")));
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    if (this.#options.signal.aborted) this.#onAbort();
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#idle.pause();
    try {
      const { done, value } = await this.#reader.read();
      if (this.#isOver) return;
      if (!done) {
        this.#bytes += value.length;
        this.#idle.touch();
        return controller.enqueue(value);
      }
      const { length = this.#bytes } = this.#options;
      if (this.#bytes !== length) {
        return this.#break(new Error(`Expected ${length} bytes, there are ${this.#bytes}`));
      }
      this.#end();
      controller.close();
    } catch (error) {
      this.#break(error);
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#end();
    await this.#reader.cancel(reason);
  }

  readonly #onAbort = (): void => this.#break(this.#options.signal.reason);

  #break(reason: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#controller?.error(reason);
    this.#reader.cancel(reason).catch(() => {});
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#idle[Symbol.dispose]();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#options.onEnd();
  }
}
