import { encodeFrame, type FrameType } from "./inside/frames.ts";

/** As much may wait to be written before senders of content have to wait. */
const MAX_WAITING_BYTES = 256 * 1024;

/** Writes frames in the order in which they are sent; those of one turn leave together. */
export class FrameWriter {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #broken: (error: unknown) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing = false;
  #closed = false;
  #room: PromiseWithResolvers<void> | undefined;

  /** Writes with `write`, one call at a time; `broken` is told when that fails. */
  constructor(write: (bytes: Uint8Array) => Promise<void>, broken: (error: unknown) => void) {
    this.#write = write;
    this.#broken = broken;
  }

  /** Sends a frame. */
  send(type: FrameType, id: number, payload?: Uint8Array): void {
    if (this.#closed) return;
    const frame = encodeFrame(type, id, payload);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#writing) return;
    this.#writing = true;
    queueMicrotask(() => this.#drain());
  }

  /** Resolves when there is room for more content, and when there never will be. */
  room(): Promise<void> {
    if (this.#closed || this.#waitingBytes < MAX_WAITING_BYTES) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#room?.resolve();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = joined(this.#waiting);
        this.#waiting = [];
        await this.#write(bytes);
        this.#waitingBytes = Math.max(0, this.#waitingBytes - bytes.length);
        this.#makeRoom();
      }
    } catch (error) {
      this.#broken(error);
    } finally {
      this.#writing = false;
    }
  }

  #makeRoom(): void {
    if (this.#waitingBytes >= MAX_WAITING_BYTES) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0)] = pieces;
  if (pieces.length === 1) return first;
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
