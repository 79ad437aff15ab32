import type { OutputSink } from "../runtimes/runtime.ts";
import { type LimitedOutput, OutputLimit } from "../runtimes/output_limit.ts";
import type { ProgramOutput } from "./perform_command.ts";

/** Bytes of each stream that the last program of a batch may keep too. */
const LEAST_BYTES = 4096;

/** Divides what one command may keep of its output among the programs of a batch. */
export class BatchOutput {
  readonly #maxBytes: number;
  readonly #left: { stdout: number; stderr: number };
  readonly #watched: OutputSink;

  /**
   * @param maxBytes kept of each stream in all
   * @param watched takes everything too, for those who watch the batch
   */
  constructor(maxBytes: number, watched: OutputSink) {
    this.#maxBytes = maxBytes;
    this.#left = { stdout: maxBytes, stderr: maxBytes };
    this.#watched = watched;
  }

  /** The output of the next program. */
  next(): ProgramOutput {
    const least = Math.min(LEAST_BYTES, this.#maxBytes);
    const limits = {
      stdout: new OutputLimit(Math.max(least, this.#left.stdout)),
      stderr: new OutputLimit(Math.max(least, this.#left.stderr)),
    };
    let captured: { stdout: LimitedOutput; stderr: LimitedOutput } | undefined;
    return {
      write: (stream, bytes) => {
        if (captured !== undefined) return;
        limits[stream].push(bytes);
        this.#watched(stream, bytes);
      },
      end: () => {
        if (captured !== undefined) return captured;
        captured = { stdout: limits.stdout.finish(), stderr: limits.stderr.finish() };
        for (const stream of ["stdout", "stderr"] as const) {
          this.#left[stream] = Math.max(0, this.#left[stream] - captured[stream].bytes);
        }
        return captured;
      },
    };
  }
}
