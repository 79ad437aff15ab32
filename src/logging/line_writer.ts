/** Where lines go: the part of `Deno.stderr` that is used. */
export interface ByteSink {
  /** Writes some of the bytes and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@linkcode LineWriter}. */
export interface LineWriterOptions {
  /** Characters that may wait; what comes beyond is dropped and counted. @default {4194304} */
  readonly maxQueued?: number;
  /** Milliseconds that closing waits for a reader that does not read. @default {1000} */
  readonly closeTimeoutMs?: number;
}

/**
 * Writes lines in order without ever making the caller wait: a slow reader costs lines, which a last line
 * tells of, not time or memory.
 */
export class LineWriter implements AsyncDisposable {
  readonly #sink: ByteSink;
  readonly #maxQueued: number;
  readonly #closeTimeoutMs: number;
  readonly #encoder = new TextEncoder();
  #queue: string[] = [];
  #queued = 0;
  #dropped = 0;
  #draining: Promise<void> | undefined;
  #closed = false;

  /** Makes a writer in front of a sink. */
  constructor(sink: ByteSink, options: LineWriterOptions = {}) {
    const { maxQueued = 4 * 2 ** 20, closeTimeoutMs = 1000 } = options;
    this.#sink = sink;
    this.#maxQueued = maxQueued;
    this.#closeTimeoutMs = closeTimeoutMs;
  }

  /** Takes a line, its end included; does nothing once closed. */
  write(line: string): void {
    if (this.#closed) return;
    if (this.#queued + line.length > this.#maxQueued) {
      this.#dropped++;
      return;
    }
    this.#queue.push(line);
    this.#queued += line.length;
    this.#draining ??= this.#drain();
  }

  /** Resolves when every line taken so far is written; waits as long as that takes. */
  async flush(): Promise<void> {
    await this.#draining;
  }

  /** Writes what waits, for a bounded time, and takes no more lines. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (this.#draining === undefined) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, this.#closeTimeoutMs);
    await Promise.race([this.#draining, late.promise]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.join("");
        const { length } = batch;
        this.#queue = [];
        await this.#writeAll(this.#encoder.encode(batch));
        this.#queued -= length;
        if (this.#queue.length === 0 && this.#dropped > 0) {
          this.#reportDropped();
        }
      }
    } catch {
      // Nobody reads the log any more, and there is nowhere to say so.
      this.#queue = [];
      this.#queued = 0;
    } finally {
      this.#draining = undefined;
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      const written = await this.#sink.write(bytes.subarray(start));
      if (written <= 0) {
        throw new Error("Cannot write the log: the sink takes nothing");
      }
      start += written;
    }
  }

  #reportDropped(): void {
    const line = JSON.stringify({
      time: new Date().toISOString(),
      level: "warning",
      logger: "codebeaker.logging",
      message: "Log lines dropped because the log was read too slowly",
      dropped: this.#dropped,
    });
    this.#dropped = 0;
    this.#queue.push(`${line}\n`);
    this.#queued += line.length + 1;
  }
}
