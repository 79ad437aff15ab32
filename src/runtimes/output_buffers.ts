const FIRST_CAPACITY = 1024;

/** Keeps the first bytes of what it is given. */
export class HeadBuffer {
  readonly #limit: number;
  #buffer = new Uint8Array(0);
  #length = 0;

  /** Keeps `limit` bytes at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Copies what still fits and returns how many bytes that were. */
  push(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#limit - this.#length);
    if (taken === 0) return 0;
    this.#buffer = grow(this.#buffer, this.#length + taken, this.#limit);
    this.#buffer.set(bytes.subarray(0, taken), this.#length);
    this.#length += taken;
    return taken;
  }

  /** The bytes kept so far; valid until the next push. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Keeps the last bytes of what it is given. */
export class TailRing {
  readonly #limit: number;
  #buffer = new Uint8Array(0);
  #length = 0;
  /** Where the next byte goes; the oldest stands there too once the ring is full. */
  #next = 0;

  /** Keeps `limit` bytes at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Copies the bytes in, over the oldest ones if they do not fit. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#limit === 0) return;
    const last = bytes.length > this.#limit ? bytes.subarray(bytes.length - this.#limit) : bytes;
    // Until it has its full size the ring has never wrapped, so its bytes are in order and may be moved.
    this.#buffer = grow(
      this.#buffer,
      Math.min(this.#limit, this.#length + last.length),
      this.#limit,
    );
    const room = this.#buffer.length - this.#next;
    this.#buffer.set(last.subarray(0, room), this.#next);
    this.#buffer.set(last.subarray(room), 0);
    this.#next = (this.#next + last.length) % this.#limit;
    this.#length = Math.min(this.#limit, this.#length + last.length);
  }

  /** A copy of the bytes kept so far, oldest first. */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#length < this.#limit) return this.#buffer.slice(0, this.#length);
    const bytes = new Uint8Array(this.#length);
    bytes.set(this.#buffer.subarray(this.#next));
    bytes.set(this.#buffer.subarray(0, this.#next), this.#length - this.#next);
    return bytes;
  }
}

function grow(
  buffer: Uint8Array<ArrayBuffer>,
  needed: number,
  limit: number,
): Uint8Array<ArrayBuffer> {
  if (needed <= buffer.length) return buffer;
  const capacity = Math.min(limit, Math.max(needed, buffer.length * 2, FIRST_CAPACITY));
  const grown = new Uint8Array(capacity);
  grown.set(buffer);
  return grown;
}
