import type { FileFacts } from "./inside/protocol.ts";

/** Options of `AgentFiles.read`. */
export interface AgentReadOptions {
  /** First byte. @default {0} */
  readonly offset?: number | undefined;
  /** Number of bytes; by default to the end. */
  readonly length?: number | undefined;
  /** More than this is refused with `TOO_LARGE`. */
  readonly maxBytes: number;
  /** Whether a symlink at the end is followed, or refused with `ELOOP`. @default {true} */
  readonly follow?: boolean | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** A file, or a range of it, that is being read. */
export interface AgentReadStream extends FileFacts {
  /** How many bytes are coming; fewer, if the file becomes shorter meanwhile. */
  readonly length: number;
  /** Cancel it if it is not read to its end. */
  readonly content: ReadableStream<Uint8Array>;
}

/** Options of `AgentFiles.write`. */
export interface AgentWriteOptions {
  /** Adds to the end instead of replacing. @default {false} */
  readonly append?: boolean | undefined;
  /** @default {those of the file that is replaced} */
  readonly mode?: number | undefined;
  /** Milliseconds since 1970. @default {now} */
  readonly modifiedAt?: number | undefined;
  /** Whether a symlink at the end is followed, or replaced. @default {true} */
  readonly follow?: boolean | undefined;
  /** The version that is replaced, null for none; another is refused with `CHANGED`. @default {any} */
  readonly expected?: string | null | undefined;
  /** Gives up; what is replaced stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `AgentFiles.copy`. */
export interface AgentCopyOptions {
  /** A larger file is refused with `TOO_LARGE`. */
  readonly maxBytes?: number | undefined;
}
