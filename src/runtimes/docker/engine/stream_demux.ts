import { EngineError } from "./engine_error.ts";

/** The streams of a program without a terminal. */
export type DemuxStream = "stdout" | "stderr";

/** Takes a piece of a stream. The bytes are a part of what was fed, not a copy. */
export type DemuxHandler = (stream: DemuxStream, bytes: Uint8Array<ArrayBuffer>) => void;

/** Options of {@linkcode StreamDemux}. */
export interface StreamDemuxOptions {
  /** Length from which a frame is no frame of an engine. @default {16_777_216} */
  maxFrameBytes?: number;
}

const HEADER_BYTES = 8;
const ACTION = "read the output of a program from the Docker engine";

/**
 * Takes apart the two streams that the engine sends over one connection: every frame has a header of 8
 * bytes, the stream's number, three zeroes and the length. Pieces are handed on as they come, whether or
 * not their frame is complete. The engine writes errors of its own (`ttrpc: closed`, when a container
 * ends in mid-command) as frames like any other; nothing here can tell them from output.
 */
export class StreamDemux {
  readonly #onData: DemuxHandler;
  readonly #maxFrameBytes: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  #stream: DemuxStream = "stdout";
  #frameLeft = 0;

  /** Hands what it is fed to `onData`. */
  constructor(onData: DemuxHandler, options: StreamDemuxOptions = {}) {
    const { maxFrameBytes = 16 * 1024 * 1024 } = options;
    this.#onData = onData;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Takes the next bytes, split anywhere. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#frameLeft === 0) {
        at = this.#readHeader(bytes, at);
        continue;
      }
      const piece = bytes.subarray(at, at + this.#frameLeft);
      this.#frameLeft -= piece.length;
      at += piece.length;
      this.#onData(this.#stream, piece);
    }
  }

  /** Takes the end of the connection, which must not lie within a frame. */
  end(): void {
    if (this.#headerLength === 0 && this.#frameLeft === 0) return;
    throw new EngineError("protocol", ACTION, "the connection ended within a frame");
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    const wanted = Math.min(HEADER_BYTES - this.#headerLength, bytes.length - at);
    for (let index = 0; index < wanted; index++) {
      this.#header[this.#headerLength++] = bytes[at + index]!;
    }
    if (this.#headerLength === HEADER_BYTES) this.#beginFrame();
    return at + wanted;
  }

  #beginFrame(): void {
    const [number, zero1, zero2, zero3, b3 = 0, b2 = 0, b1 = 0, b0 = 0] = this.#header;
    if ((number !== 1 && number !== 2) || zero1 !== 0 || zero2 !== 0 || zero3 !== 0) {
      const found = [...this.#header.subarray(0, 4)].join(" ");
      throw new EngineError("protocol", ACTION, `a frame begins with ${found}, which is no stream`);
    }
    const length = b3 * 2 ** 24 + (b2 << 16) + (b1 << 8) + b0;
    if (length > this.#maxFrameBytes) {
      const detail = `a frame states ${length} bytes, at most ${this.#maxFrameBytes} are expected`;
      throw new EngineError("protocol", ACTION, detail);
    }
    this.#stream = number === 1 ? "stdout" : "stderr";
    this.#frameLeft = length;
    this.#headerLength = 0;
  }
}
