import type { OutputSink } from "../runtime.ts";

type StreamName = "stdout" | "stderr";

/**
 * Writes `replacement` for `path` in everything that passes. A child without a file system of its own
 * knows the real path of its workspace, which is nobody's business but the server's.
 */
export class PathMask {
  readonly #path: Uint8Array;
  readonly #replacement: Uint8Array;
  readonly #sink: OutputSink;
  readonly #unchanged: boolean;
  readonly #held: Record<StreamName, Uint8Array> = {
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
  };

  /** Masks on the way to `sink`. */
  constructor(path: string, replacement: string, sink: OutputSink) {
    this.#path = new TextEncoder().encode(path);
    this.#replacement = new TextEncoder().encode(replacement);
    this.#sink = sink;
    this.#unchanged = path === replacement;
  }

  /** Takes output; what may be the beginning of the path is held back until more comes. */
  readonly write: OutputSink = (stream, bytes) => {
    if (this.#unchanged) return this.#sink(stream, bytes);
    let rest = concat(this.#held[stream], bytes);
    for (let at = indexOf(rest, this.#path); at !== -1; at = indexOf(rest, this.#path)) {
      if (at > 0) this.#sink(stream, rest.subarray(0, at));
      this.#sink(stream, this.#replacement);
      rest = rest.subarray(at + this.#path.length);
    }
    const held = overlap(rest, this.#path);
    if (rest.length > held) this.#sink(stream, rest.subarray(0, rest.length - held));
    this.#held[stream] = rest.slice(rest.length - held);
  };

  /** Hands on what is held back; nothing may follow. */
  flush(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.#held[stream].length > 0) this.#sink(stream, this.#held[stream]);
      this.#held[stream] = new Uint8Array();
    }
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/** How many bytes at the end of `bytes` are the beginning of `wanted`. */
function overlap(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let length = Math.min(bytes.length, wanted.length - 1); length > 0; length--) {
    const start = bytes.length - length;
    if (bytes[start] !== wanted[0]) continue;
    let same = 0;
    while (same < length && bytes[start + same] === wanted[same]) same++;
    if (same === length) return length;
  }
  return 0;
}
