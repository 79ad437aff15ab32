import type { OutputChunk } from "../protocol/execution.ts";
import { OutputRing } from "./output_ring.ts";
import type { OutputTimers } from "./output_timers.ts";

/** Takes chunks, in order. */
export type OutputListener = (chunk: OutputChunk) => void;

/** Options of {@linkcode OutputStream.subscribe}. */
export interface SubscribeOptions {
  /** The first chunk wanted; by default the next one. */
  readonly from?: number | undefined;
  /**
   * Whether the listener takes more for now. While it does not, chunks wait for it as far as they are kept.
   * @default {() => true}
   */
  readonly hasRoom?: (() => boolean) | undefined;
  /** Called when another listener takes its place. */
  readonly onReplaced?: (() => void) | undefined;
}

/** Past chunks, from a number on. */
export interface Replay {
  /** The chunks that are still kept; the first one behind a gap says how large that is. */
  readonly chunks: OutputChunk[];
  /** The number of the chunk that comes next. */
  readonly nextSeq: number;
  /** How many of the chunks asked for are no longer kept. */
  readonly dropped: number;
}

type StreamName = OutputChunk["stream"];

interface Lane {
  readonly decoder: TextDecoder;
  /** Bytes that came since its last chunk. */
  bytes: number;
}

interface Listener {
  readonly take: OutputListener;
  readonly hasRoom: () => boolean;
  readonly onReplaced: (() => void) | undefined;
  /** The chunk that it gets next. */
  next: number;
  /** Bytes of output before that chunk, where they are known. */
  start: number | undefined;
}

/** Milliseconds for which output is collected after a chunk went out. */
const COALESCE_MS = 15;
/** Characters, and bytes of one step of decoding, from which on a chunk does not wait. */
const CHUNK_SIZE = 32 * 1024;
const MIN_CHUNK_SIZE = 256;

/**
 * Turns the bytes of a program's two streams into numbered chunks of whole characters.
 *
 * The first chunk goes out at once, later ones every 15 ms or 32 KiB. Chunks are kept in a ring, and a
 * listener that is slow gets them from there; one that is slower than that misses some, which it is told.
 */
export class OutputStream {
  readonly #timers: OutputTimers;
  readonly #chunkSize: number;
  readonly #lanes: Record<StreamName, Lane>;
  /** Text not yet numbered, in the order in which the streams began to have some. */
  readonly #pending = new Map<StreamName, string>();
  readonly #listeners = new Map<string, Listener>();
  readonly #ring: OutputRing;
  #timer: Disposable | undefined;
  #ended = false;

  /** Keeps chunks of at most `maxBytes`, or a little more. */
  constructor(maxBytes: number, timers: OutputTimers) {
    this.#timers = timers;
    // A ring of few bytes has room for several chunks too.
    this.#chunkSize = Math.max(MIN_CHUNK_SIZE, Math.min(CHUNK_SIZE, maxBytes >> 3));
    this.#ring = new OutputRing(maxBytes);
    this.#lanes = { stdout: newLane(), stderr: newLane() };
  }

  /** Takes bytes of a stream, which the caller may overwrite afterwards. */
  push(stream: StreamName, bytes: Uint8Array): void {
    if (this.#ended) return;
    const lane = this.#lanes[stream];
    for (let start = 0; start < bytes.length; start += this.#chunkSize) {
      const piece = bytes.subarray(start, start + this.#chunkSize);
      lane.bytes += piece.length;
      this.#add(stream, lane.decoder.decode(piece, { stream: true }));
    }
    if (this.#timer === undefined && this.#pending.size > 0 && this.#listeners.size > 0) {
      this.#flush();
      this.#arm();
    }
  }

  /** Sends every later chunk to a listener, in place of the one that had the same key. */
  subscribe(key: string, take: OutputListener, options: SubscribeOptions = {}): Disposable {
    const { from = this.#ring.nextSeq, hasRoom = () => true, onReplaced } = options;
    if (this.#ended) return { [Symbol.dispose]() {} };
    const start = this.#ring.startOf(from);
    const listener: Listener = { take, hasRoom, onReplaced, next: from, start };
    this.#listeners.get(key)?.onReplaced?.();
    this.#listeners.set(key, listener);
    if (this.#pending.size > 0 || this.#lags(listener)) this.#arm();
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  /** Numbers what has come so far, and sends it to those who have room. */
  flush(): void {
    this.#flush();
  }

  /** Returns what is kept from chunk `seq` on. */
  replay(seq: number): Replay {
    this.#flush();
    const { nextSeq } = this.#ring;
    const chunks: OutputChunk[] = [];
    const position = { next: seq, start: this.#ring.startOf(seq) };
    for (let chunk = this.#ring.take(position); chunk; chunk = this.#ring.take(position)) {
      chunks.push(chunk);
    }
    return { chunks, nextSeq, dropped: Math.max(0, nextSeq - seq) - chunks.length };
  }

  /** Sends what is left and lets go of the listeners; later bytes are ignored. */
  end(): void {
    if (this.#ended) return;
    for (const stream of ["stdout", "stderr"] as const) {
      this.#add(stream, this.#lanes[stream].decoder.decode());
    }
    this.#flush();
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    // No more than is kept, and there is no later time for it.
    for (const listener of this.#listeners.values()) this.#deliver(listener, () => true);
    this.#listeners.clear();
  }

  /** About how many bytes of memory the kept chunks take. */
  get keptBytes(): number {
    return this.#ring.cost;
  }

  #add(stream: StreamName, text: string): void {
    if (text === "") return;
    const pending = (this.#pending.get(stream) ?? "") + text;
    this.#pending.set(stream, pending);
    if (pending.length >= this.#chunkSize) this.#flush();
  }

  #arm(): void {
    this.#timer ??= this.#timers.after(COALESCE_MS, () => {
      this.#timer = undefined;
      const listeners = [...this.#listeners.values()];
      if (this.#pending.size === 0 && !listeners.some((listener) => this.#lags(listener))) return;
      this.#flush();
      if (this.#listeners.size > 0) this.#arm();
    });
  }

  #flush(): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [stream, text] of pending) {
      const lane = this.#lanes[stream];
      this.#ring.add(stream, text, lane.bytes);
      lane.bytes = 0;
    }
    for (const listener of this.#listeners.values()) this.#deliver(listener, listener.hasRoom);
  }

  #deliver(listener: Listener, hasRoom: () => boolean): void {
    while (this.#lags(listener) && hasRoom()) {
      const chunk = this.#ring.take(listener);
      if (chunk === undefined) return;
      listener.take(chunk);
    }
  }

  #lags({ next }: Listener): boolean {
    return next < this.#ring.nextSeq;
  }
}

function newLane(): Lane {
  return { decoder: new TextDecoder("utf-8", { ignoreBOM: true }), bytes: 0 };
}
