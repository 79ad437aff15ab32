import { type LimitedOutput, OutputLimit } from "./output_limit.ts";
import {
  type OutputListener,
  OutputStream,
  type Replay,
  type SubscribeOptions,
} from "./output_stream.ts";
import type { OutputTimers } from "./output_timers.ts";

/** What was kept of both streams. */
export interface CapturedOutput {
  readonly stdout: LimitedOutput;
  readonly stderr: LimitedOutput;
}

/** Options of {@linkcode OutputCapture}. */
export interface OutputCaptureOptions {
  /** Bytes kept of each stream, and of the chunks of both. @default {1048576} */
  readonly maxBytes?: number;
  /** Where the timer of collected chunks comes from. */
  readonly timers: OutputTimers;
}

/**
 * The output of one execution: both streams within their limit for the result, and as numbered chunks for
 * those who watch. Never blocks, never throws, and takes no more memory however much comes.
 */
export class OutputCapture implements Disposable {
  readonly #stream: OutputStream;
  #limits: { stdout: OutputLimit; stderr: OutputLimit } | undefined;
  #captured: CapturedOutput | undefined;

  /** Starts with nothing captured. */
  constructor(options: OutputCaptureOptions) {
    const { maxBytes = 1024 * 1024, timers } = options;
    this.#stream = new OutputStream(maxBytes, timers);
    this.#limits = { stdout: new OutputLimit(maxBytes), stderr: new OutputLimit(maxBytes) };
  }

  /** Takes what the program wrote; ignored after the end. */
  write(stream: "stdout" | "stderr", bytes: Uint8Array): void {
    if (this.#limits === undefined || bytes.length === 0) return;
    this.#limits[stream].push(bytes);
    this.#stream.push(stream, bytes);
  }

  /** Sends later chunks to a listener, in place of the one that had the same key. */
  subscribe(key: string, listener: OutputListener, options: SubscribeOptions = {}): Disposable {
    return this.#stream.subscribe(key, listener, options);
  }

  /** Sends what has come so far to those who have room. */
  flush(): void {
    this.#stream.flush();
  }

  /** Returns the chunks still kept from number `seq` on. */
  replay(seq: number): Replay {
    return this.#stream.replay(seq);
  }

  /** Sends what is left and returns what was kept. */
  end(): CapturedOutput {
    this.#stream.end();
    this.#captured ??= {
      stdout: this.#limits?.stdout.finish() ?? NOTHING,
      stderr: this.#limits?.stderr.finish() ?? NOTHING,
    };
    this.#limits = undefined;
    return this.#captured;
  }

  /** About how many bytes of memory the kept chunks take. */
  get keptBytes(): number {
    return this.#stream.keptBytes;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

const NOTHING: LimitedOutput = { text: "", bytes: 0, truncated: false };
