import type { OutputChunk } from "../protocol/execution.ts";
import type { OutputTimers } from "./output_timers.ts";

/** Takes chunks, in order. */
export type OutputListener = (chunk: OutputChunk) => void;

/** Past chunks, from a number on. */
export interface Replay {
  /** The chunks that are still kept. */
  readonly chunks: OutputChunk[];
  /** The number of the chunk that comes next. */
  readonly nextSeq: number;
  /** How many of the chunks asked for are no longer kept. */
  readonly dropped: number;
}

type StreamName = OutputChunk["stream"];

/** Milliseconds for which output is collected after a chunk went out. */
const COALESCE_MS = 15;
/** Characters, and bytes of one step of decoding, from which on a chunk does not wait. */
const CHUNK_SIZE = 32 * 1024;
/** What a kept chunk costs beside its text, so that a million tiny ones are no way around the limit. */
const CHUNK_OVERHEAD = 128;

/**
 * Turns the bytes of a program's two streams into numbered chunks of whole characters.
 *
 * The first chunk goes out at once, later ones every 15 ms or 32 KiB. Of each stream `maxBytes` go out;
 * what follows is not sent, and its last part is in the execution's result. Past chunks of `maxBytes` in
 * all are kept for those who attach later.
 */
export class OutputStream {
  readonly #timers: OutputTimers;
  readonly #maxBytes: number;
  readonly #lanes: Record<StreamName, Lane>;
  /** Text not yet numbered, in the order in which the streams began to have some. */
  readonly #pending = new Map<StreamName, string>();
  readonly #listeners = new Map<string, OutputListener>();
  readonly #kept: OutputChunk[] = [];
  #keptCost = 0;
  #nextSeq = 0;
  #timer: Disposable | undefined;
  #ended = false;

  /** Sends and keeps at most `maxBytes` as the class says. */
  constructor(maxBytes: number, timers: OutputTimers) {
    this.#maxBytes = maxBytes;
    this.#timers = timers;
    this.#lanes = { stdout: new Lane(maxBytes), stderr: new Lane(maxBytes) };
  }

  /** Takes bytes of a stream, which the caller may overwrite afterwards. */
  push(stream: StreamName, bytes: Uint8Array): void {
    if (this.#ended) return;
    const lane = this.#lanes[stream];
    const taken = bytes.subarray(0, lane.take(bytes.length));
    for (let start = 0; start < taken.length; start += CHUNK_SIZE) {
      this.#add(stream, lane.decode(taken.subarray(start, start + CHUNK_SIZE)));
    }
    if (this.#timer === undefined && this.#pending.size > 0 && this.#listeners.size > 0) {
      this.#flush();
      this.#arm();
    }
  }

  /** Sends every later chunk to a listener, in place of the one that had the same key. */
  subscribe(key: string, listener: OutputListener): Disposable {
    if (this.#ended) return { [Symbol.dispose]() {} };
    this.#listeners.set(key, listener);
    if (this.#pending.size > 0 && this.#timer === undefined) this.#arm();
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  /** Returns what is kept from chunk `seq` on. */
  replay(seq: number): Replay {
    this.#flush();
    const first = this.#nextSeq - this.#kept.length;
    return {
      chunks: this.#kept.slice(Math.max(0, seq - first)),
      nextSeq: this.#nextSeq,
      dropped: Math.max(0, first - seq),
    };
  }

  /** Sends what is left and lets go of the listeners; later bytes are ignored. */
  end(): void {
    if (this.#ended) return;
    for (const stream of ["stdout", "stderr"] as const) {
      this.#add(stream, this.#lanes[stream].end());
    }
    this.#flush();
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#listeners.clear();
  }

  /** About how many bytes of memory the kept chunks take. */
  get keptBytes(): number {
    return this.#keptCost;
  }

  #add(stream: StreamName, text: string): void {
    if (text === "") return;
    const pending = (this.#pending.get(stream) ?? "") + text;
    this.#pending.set(stream, pending);
    if (pending.length >= CHUNK_SIZE) this.#flush();
  }

  #arm(): void {
    this.#timer = this.#timers.after(COALESCE_MS, () => {
      this.#timer = undefined;
      if (this.#pending.size === 0) return;
      this.#flush();
      this.#arm();
    });
  }

  #flush(): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [stream, data] of pending) {
      const chunk: OutputChunk = { stream, data, seq: this.#nextSeq++ };
      this.#keep(chunk);
      for (const listener of this.#listeners.values()) listener(chunk);
    }
  }

  #keep(chunk: OutputChunk): void {
    this.#kept.push(chunk);
    this.#keptCost += chunkCost(chunk);
    while (this.#keptCost > this.#maxBytes && this.#kept.length > 1) {
      const oldest = this.#kept.shift();
      if (oldest !== undefined) this.#keptCost -= chunkCost(oldest);
    }
  }
}

function chunkCost(chunk: OutputChunk): number {
  return chunk.data.length + CHUNK_OVERHEAD;
}

/** One stream on its way to text. */
class Lane {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #left: number;
  #cut = false;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** Returns how many of so many bytes are still to be sent. */
  take(count: number): number {
    const taken = Math.min(count, this.#left);
    this.#left -= taken;
    if (taken < count) this.#cut = true;
    return taken;
  }

  decode(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** The replacement for a character that the program left unfinished; nothing where we made the cut. */
  end(): string {
    return this.#cut ? "" : this.#decoder.decode();
  }
}
