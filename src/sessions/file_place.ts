import type { SandboxFiles } from "../runtimes/runtime.ts";

/** Where a file command runs, and what it works with. */
export interface FilePlace {
  readonly files: SandboxFiles;
  /** What is written by `write_file`, or in place of what `replace_in_file` finds. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** The largest file that is written or read in one piece. */
  readonly maxFileBytes: number;
  readonly signal: AbortSignal;
}
