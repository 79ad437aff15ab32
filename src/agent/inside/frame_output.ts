import { encodeJson } from "./frame_payload.ts";
import { type FrameType, HEADER_BYTES, writeHeader } from "./frames.ts";

const BUFFER_BYTES = 128 * 1024;
/** How long a frame that nobody waits for may wait for others. */
const LATER_MS = 2;

/** Where bytes leave; writes what it can of them, at once. */
export interface ByteSink {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Everything that the agent says, in the order in which it was said. Frames of one turn leave in one
 * write. The write blocks: while the server does not read, nothing more is read of any program either, so
 * nothing piles up here.
 */
export class FrameOutput {
  readonly #sink: ByteSink;
  readonly #broken: (error: unknown) => void;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #length = 0;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Writes to a sink; `broken` is told when that fails. */
  constructor(sink: ByteSink, broken: (error: unknown) => void) {
    this.#sink = sink;
    this.#broken = broken;
  }

  /** Says something in this turn. */
  send(type: FrameType, id: number, payload?: Uint8Array): void {
    this.#put(type, id, payload);
    this.#flushSoon();
  }

  /** Says an object in this turn. */
  sendJson(type: FrameType, id: number, value: object): void {
    this.send(type, id, encodeJson(value));
  }

  /** Says an object when there is something else to say, or a little later. */
  sendJsonLater(type: FrameType, id: number, value: object): void {
    this.#put(type, id, encodeJson(value));
    this.#timer ??= setTimeout(() => this.flush(), LATER_MS);
  }

  /** Says the bytes that `fill` puts into a buffer of `length`, as many as it returns. */
  sendFilled(
    type: FrameType,
    id: number,
    options: { readonly length: number; readonly fill: (buffer: Uint8Array) => number },
  ): number {
    const { length, fill } = options;
    this.#makeRoom(HEADER_BYTES + length);
    const at = this.#length + HEADER_BYTES;
    const count = fill(this.#buffer.subarray(at, at + length));
    if (count === 0) return 0;
    writeHeader(this.#buffer, this.#length, { type, id, length: count });
    this.#length = at + count;
    this.#flushSoon();
    return count;
  }

  /** Writes what is waiting. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scheduled = false;
    if (this.#length === 0) return;
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#write(bytes);
  }

  #put(type: FrameType, id: number, payload: Uint8Array = new Uint8Array(0)): void {
    const fits = this.#makeRoom(HEADER_BYTES + payload.length);
    writeHeader(this.#buffer, this.#length, { type, id, length: payload.length });
    this.#length += HEADER_BYTES;
    if (fits) {
      this.#buffer.set(payload, this.#length);
      this.#length += payload.length;
      return;
    }
    this.flush();
    this.#write(payload);
  }

  /** Empties the buffer if `bytes` do not fit any more; false if they never do. */
  #makeRoom(bytes: number): boolean {
    if (this.#length + bytes <= BUFFER_BYTES) return true;
    this.flush();
    return bytes <= BUFFER_BYTES;
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#writeSome(rest));
    } catch (error) {
      this.#broken(error);
    }
  }

  #writeSome(bytes: Uint8Array): number {
    try {
      return this.#sink.writeSync(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // Whoever shares the pipe made it non-blocking: wait as a blocking one would.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      return 0;
    }
  }
}
