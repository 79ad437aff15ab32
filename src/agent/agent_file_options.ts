/** Options of `AgentFiles.read`. */
export interface AgentReadOptions {
  /** First byte. @default {0} */
  readonly offset?: number | undefined;
  /** Number of bytes; by default to the end. */
  readonly length?: number | undefined;
  /** More than this is refused with `TOO_LARGE`. */
  readonly maxBytes: number;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** A file, or a range of it, that is being read. */
export interface AgentReadStream {
  /** The size of the whole file. */
  readonly size: number;
  /** How many bytes are coming; fewer, if the file becomes shorter meanwhile. */
  readonly length: number;
  /** Cancel it if it is not read to its end. */
  readonly content: ReadableStream<Uint8Array>;
}

/** Options of `AgentFiles.write`. */
export interface AgentWriteOptions {
  /** Adds to the end instead of replacing. @default {false} */
  readonly append?: boolean | undefined;
  /** Gives up; what is replaced stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `AgentFiles.copy`. */
export interface AgentCopyOptions {
  /** A larger file is refused with `TOO_LARGE`. */
  readonly maxBytes?: number | undefined;
}
