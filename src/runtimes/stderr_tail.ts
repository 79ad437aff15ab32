import type { OutputSink } from "./runtime.ts";

const KEPT = 16 * 1024;

/** Keeps the last of what a program writes to standard error: there a runtime says why it gave up. */
export class StderrTail {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** A sink that looks at everything on its way to `sink`. */
  before(sink: OutputSink): OutputSink {
    return (stream, bytes) => {
      if (stream === "stderr") this.#keep(bytes);
      sink(stream, bytes);
    };
  }

  /** What is kept, as text. */
  get text(): string {
    const decoder = new TextDecoder();
    return this.#chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("").slice(
      -KEPT,
    );
  }

  #keep(bytes: Uint8Array): void {
    // The writer may use its buffer again.
    const kept = bytes.slice(-KEPT);
    this.#chunks.push(kept);
    this.#bytes += kept.length;
    while (this.#chunks.length > 1 && this.#bytes - (this.#chunks[0]?.length ?? 0) >= KEPT) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
    }
  }
}
