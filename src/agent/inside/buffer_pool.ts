/** Buffers of one size, used again: what floods a pipe must not flood the heap with what it was read into. */
export class BufferPool {
  readonly #bytes: number;
  readonly #spares: number;
  readonly #buffers: ArrayBuffer[] = [];

  /** Makes a pool of buffers of `bytes` that keeps up to `spares` of them. */
  constructor({ bytes, spares }: { readonly bytes: number; readonly spares: number }) {
    this.#bytes = bytes;
    this.#spares = spares;
  }

  /** A buffer; what is in it is left from before. */
  take(): ArrayBuffer {
    return this.#buffers.pop() ?? new ArrayBuffer(this.#bytes);
  }

  /** Gives back a buffer that nobody uses any more. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.#bytes && this.#buffers.length < this.#spares) {
      this.#buffers.push(buffer);
    }
  }
}
