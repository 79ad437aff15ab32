/**
 * What crosses the channel between server and agent, in both directions:
 *
 * ```
 * u32 length of the payload | u8 type | u32 id | payload
 * ```
 *
 * Numbers are big-endian. An id is chosen by the server and names one request until its last frame.
 */

/** Every type of frame and its number. Up to 15 the server sends, from 16 on the agent; `data` and `credit` and `end` both. */
const TYPE_NUMBERS = {
  request: 1,
  data: 2,
  end: 3,
  signal: 4,
  stop: 5,
  cancel: 6,
  credit: 7,
  resize: 8,
  ready: 16,
  started: 17,
  stdout: 18,
  stderr: 19,
  result: 20,
  fail: 21,
  exit: 22,
} as const;

/** What a frame is. */
export type FrameType = keyof typeof TYPE_NUMBERS;

/** Takes a frame. The payload may be a part of the chunk that was fed: copy what is kept, if chunks are reused. */
export type FrameReceiver = (type: FrameType, id: number, payload: Uint8Array) => void;

/** Bytes before the payload. */
export const HEADER_BYTES = 9;
/** The longest payload; a longer one is an error. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

const MAX_ID = 2 ** 32 - 1;
const NO_PAYLOAD = new Uint8Array(0);
const TYPES: readonly (FrameType | undefined)[] = typesByNumber();

/** Bytes that are not what the two sides agreed on. Nothing after it can be understood. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Takes frames apart from chunks that are split anywhere. */
export class FrameDecoder {
  readonly #receive: FrameReceiver;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  #type: FrameType = "data";
  #id = 0;
  /** Of the frame that began in an earlier chunk or does not end in this one. */
  #payload: Uint8Array | undefined;
  #filled = 0;

  /** Hands every complete frame to `receive`. */
  constructor(receive: FrameReceiver) {
    this.#receive = receive;
  }

  /** Takes the next bytes. Throws a {@linkcode FrameError} for what is no frame. */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      at = this.#payload === undefined
        ? this.#readHeader(chunk, at)
        : this.#readPayload(chunk, at, this.#payload);
    }
  }

  /** Takes the end of the channel. Throws a {@linkcode FrameError} if it lies within a frame. */
  end(): void {
    if (this.#headerLength === 0 && this.#payload === undefined) return;
    throw new FrameError("The channel ended within a frame");
  }

  #readHeader(chunk: Uint8Array, at: number): number {
    if (this.#headerLength === 0 && chunk.length - at >= HEADER_BYTES) {
      return this.#begin(chunk, at, chunk, at + HEADER_BYTES);
    }
    const piece = chunk.subarray(at, at + HEADER_BYTES - this.#headerLength);
    this.#header.set(piece, this.#headerLength);
    this.#headerLength += piece.length;
    if (this.#headerLength < HEADER_BYTES) return at + piece.length;
    this.#headerLength = 0;
    return this.#begin(this.#header, 0, chunk, at + piece.length);
  }

  /** Reads a header and, if the chunk has all of it, the payload behind it. */
  #begin(header: Uint8Array, start: number, chunk: Uint8Array, at: number): number {
    const length = readUint32(header, start);
    const number = header[start + 4]!;
    const type = TYPES[number];
    if (type === undefined) throw new FrameError(`A frame is of the unknown type ${number}`);
    if (length > MAX_PAYLOAD_BYTES) {
      throw new FrameError(
        `A frame states ${length} bytes, at most ${MAX_PAYLOAD_BYTES} are expected`,
      );
    }
    const id = readUint32(header, start + 5);
    if (chunk.length - at >= length) {
      this.#receive(type, id, length === 0 ? NO_PAYLOAD : chunk.subarray(at, at + length));
      return at + length;
    }
    this.#type = type;
    this.#id = id;
    this.#payload = new Uint8Array(length);
    this.#filled = 0;
    return at;
  }

  #readPayload(chunk: Uint8Array, at: number, payload: Uint8Array): number {
    const piece = chunk.subarray(at, at + payload.length - this.#filled);
    payload.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled === payload.length) {
      this.#payload = undefined;
      this.#receive(this.#type, this.#id, payload);
    }
    return at + piece.length;
  }
}

/** Writes the header of a frame into `target`. */
export function writeHeader(
  target: Uint8Array,
  at: number,
  frame: { readonly type: FrameType; readonly id: number; readonly length: number },
): void {
  const { type, id, length } = frame;
  if (length > MAX_PAYLOAD_BYTES) {
    throw new FrameError(
      `Cannot send a frame "${type}" of ${length} bytes: at most ${MAX_PAYLOAD_BYTES} are allowed`,
    );
  }
  if (!Number.isInteger(id) || id < 0 || id > MAX_ID) {
    throw new FrameError(`Cannot send a frame "${type}" with the id ${id}`);
  }
  writeUint32(target, at, length);
  target[at + 4] = TYPE_NUMBERS[type];
  writeUint32(target, at + 5, id);
}

/** One frame as bytes. */
export function encodeFrame(
  type: FrameType,
  id: number,
  payload: Uint8Array = NO_PAYLOAD,
): Uint8Array<ArrayBuffer> {
  // The length is checked before anything of that size is made.
  const header = new Uint8Array(HEADER_BYTES);
  writeHeader(header, 0, { type, id, length: payload.length });
  if (payload.length === 0) return header;
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame.set(header);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** The number in four bytes. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Puts a number into four bytes. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function typesByNumber(): (FrameType | undefined)[] {
  const types: (FrameType | undefined)[] = Array(256).fill(undefined);
  for (const [type, number] of Object.entries(TYPE_NUMBERS)) types[number] = type as FrameType;
  return types;
}
