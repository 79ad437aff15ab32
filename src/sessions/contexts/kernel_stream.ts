/** What a kernel says, between what the code in it writes. */
export interface KernelMessage {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What takes the parts of a stream, in order. */
export interface KernelStreamSink {
  /** What code wrote; the bytes are valid until the call returns. */
  output(bytes: Uint8Array): void;
  /** What the kernel said. */
  message(message: KernelMessage): void;
  /** The kernel said more than `maxMessageBytes` at once, which was dropped. */
  tooLarge(): void;
}

const MARK_START = 0x1e;
const TOKEN_BYTES = 32;
const MARK_BYTES = 1 + TOKEN_BYTES;
/** The mark, a character, four digits. */
const HEAD_BYTES = MARK_BYTES + 5;
const MORE = 0x2b;
const LAST = 0x2e;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes a token for {@linkcode KernelStream}. */
export function newKernelToken(): string {
  return crypto.getRandomValues(new Uint8Array(TOKEN_BYTES / 2)).toHex();
}

/**
 * Tells apart what a kernel says and what the code in it writes to the same stream. A message comes in
 * frames: the byte 0x1E, the token, `+` or for the last one `.`, the length in four hexadecimal digits, and
 * that much of the message's JSON. Whatever is no frame is output.
 *
 * Code that learns the token of its own kernel can say what it likes, but only as much at once as
 * `maxMessageBytes`.
 */
export class KernelStream {
  readonly #mark: Uint8Array;
  readonly #sink: KernelStreamSink;
  readonly #maxMessageBytes: number;
  /** The begin of a frame whose head is not there yet. */
  #held = new Uint8Array(0);
  /** Bytes of the frame that are still to come. */
  #missing = 0;
  #isLast = false;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Begins between frames. */
  constructor(token: string, sink: KernelStreamSink, maxMessageBytes: number) {
    this.#mark = encoder.encode(`\x1e${token}`);
    if (this.#mark.length !== MARK_BYTES) throw new TypeError(`Cannot use token "${token}"`);
    this.#sink = sink;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Takes what the stream brings. */
  push(bytes: Uint8Array): void {
    let rest = this.#held.length === 0 ? bytes : concat([this.#held, bytes]);
    this.#held = new Uint8Array(0);
    while (rest.length > 0) {
      if (this.#missing > 0) {
        rest = this.#take(rest);
        continue;
      }
      const start = this.#find(rest);
      if (start > 0) this.#sink.output(rest.subarray(0, start));
      rest = rest.subarray(start);
      if (rest.length < HEAD_BYTES) {
        this.#held = rest.slice();
        return;
      }
      rest = this.#begin(rest);
    }
  }

  /** Hands over what looked like the begin of a frame and is none. */
  end(): void {
    if (this.#held.length > 0) this.#sink.output(this.#held);
    this.#held = new Uint8Array(0);
  }

  /** Where a frame begins or may begin. */
  #find(bytes: Uint8Array): number {
    for (let at = 0;; at++) {
      at = bytes.indexOf(MARK_START, at);
      if (at < 0) return bytes.length;
      const available = Math.min(MARK_BYTES, bytes.length - at);
      let same = 1;
      while (same < available && bytes[at + same] === this.#mark[same]) same++;
      if (same === available) return at;
    }
  }

  #begin(bytes: Uint8Array): Uint8Array {
    const kind = bytes[MARK_BYTES];
    const digits = decoder.decode(bytes.subarray(MARK_BYTES + 1, HEAD_BYTES));
    if ((kind !== MORE && kind !== LAST) || !/^[0-9a-f]{4}$/.test(digits)) {
      this.#sink.output(bytes.subarray(0, MARK_BYTES));
      return bytes.subarray(MARK_BYTES);
    }
    this.#missing = parseInt(digits, 16);
    this.#isLast = kind === LAST;
    if (this.#missing === 0) this.#endFrame();
    return bytes.subarray(HEAD_BYTES);
  }

  #take(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, this.#missing);
    this.#missing -= taken.length;
    this.#length += taken.length;
    if (this.#length <= this.#maxMessageBytes) this.#parts.push(taken.slice());
    else this.#parts = [];
    if (this.#missing === 0) this.#endFrame();
    return bytes.subarray(taken.length);
  }

  #endFrame(): void {
    if (!this.#isLast) return;
    const fits = this.#length <= this.#maxMessageBytes;
    const text = fits ? decoder.decode(concat(this.#parts)) : "";
    this.#parts = [];
    this.#length = 0;
    if (!fits) return this.#sink.tooLarge();
    const message = parseMessage(text);
    if (message !== undefined) this.#sink.message(message);
  }
}

function parseMessage(text: string): KernelMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== "object" || message === null) return undefined;
    const { type } = message as { type?: unknown };
    return typeof type === "string" ? message as KernelMessage : undefined;
  } catch {
    // Only code that forges messages sends what is not JSON.
    return undefined;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
