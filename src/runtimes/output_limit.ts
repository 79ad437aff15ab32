import { dropPartialEnd, dropPartialStart } from "./utf8_border.ts";
import { HeadBuffer, TailRing } from "./output_buffers.ts";

/** What was kept of one stream. */
export interface LimitedOutput {
  /**
   * The text: all of it, or the first part, a line that says how many bytes are missing, and the last
   * part. Bytes that are not UTF-8 are replacement characters.
   */
  readonly text: string;
  /** Bytes the program wrote, kept or not. */
  readonly bytes: number;
  /** Whether something is missing. */
  readonly truncated: boolean;
  /**
   * The exact bytes, if they are not valid UTF-8 and none is missing. A cut stream has none: bytes with
   * a hole in them are of no use to a program.
   */
  readonly base64?: string;
}

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Takes all that a stream brings and keeps the first and the last half of a limit. */
export class OutputLimit {
  readonly #head: HeadBuffer;
  readonly #tail: TailRing;
  #total = 0;

  /** Keeps `maxBytes` at most; the memory grows with what comes. */
  constructor(maxBytes: number) {
    const headBytes = Math.ceil(maxBytes / 2);
    this.#head = new HeadBuffer(headBytes);
    this.#tail = new TailRing(maxBytes - headBytes);
  }

  /** Takes bytes, which the caller may overwrite afterwards. */
  push(bytes: Uint8Array): void {
    this.#total += bytes.length;
    this.#tail.push(bytes.subarray(this.#head.push(bytes)));
  }

  /** Returns what was kept. */
  finish(): LimitedOutput {
    const head = this.#head.bytes();
    const tail = this.#tail.bytes();
    const bytes = this.#total;
    if (bytes > head.length + tail.length) {
      return { text: describeCut(head, tail, bytes), bytes, truncated: true };
    }
    const all = tail.length === 0 ? head : concat(head, tail);
    try {
      return { text: strict.decode(all), bytes, truncated: false };
    } catch {
      // Only invalid bytes make the strict decoder throw.
      return { text: lenient.decode(all), bytes, truncated: false, base64: all.toBase64() };
    }
  }
}

function describeCut(head: Uint8Array, tail: Uint8Array, total: number): string {
  const first = dropPartialEnd(head);
  const last = dropPartialStart(tail);
  const omitted = total - first.length - last.length;
  return `${lenient.decode(first)}\n… ${omitted} bytes omitted …\n${lenient.decode(last)}`;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
