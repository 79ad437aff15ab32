/** What is known of a file. */
export interface FileFacts {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Milliseconds since 1970; undefined where that would have to be asked for. */
  readonly modifiedAt: number | undefined;
  /** A word that is another one once the file was replaced or written. */
  readonly version: string;
}

/** Options of {@linkcode FileTransfers.open}. */
export interface OpenOptions {
  /** First byte. @default {0} */
  readonly offset?: number | undefined;
  /** Number of bytes; by default to the end. */
  readonly length?: number | undefined;
  /** Whether a symlink at the end is followed, or refused. @default {true} */
  readonly follow?: boolean | undefined;
  /** Cancels what has not begun. */
  readonly signal?: AbortSignal | undefined;
}

/** A file that is being read. */
export interface OpenedFile extends FileFacts {
  /** How many bytes are coming; fewer, if the file becomes shorter meanwhile. */
  readonly length: number;
  /** Cancel it if it is not read to its end. */
  readonly content: ReadableStream<Uint8Array>;
}

/** Options of {@linkcode FileTransfers.store}. */
export interface StoreOptions {
  /** Permission bits. @default {those of the file that is replaced, or 0o644} */
  readonly mode?: number | undefined;
  /** Milliseconds since 1970. @default {now} */
  readonly modifiedAt?: number | undefined;
  /** Whether a symlink at the end is followed, or replaced. @default {true} */
  readonly follow?: boolean | undefined;
  /**
   * The version that is replaced, null for none. With another one there nothing is written, and the error
   * is a `CommandError` of reason `CHANGED`.
   *
   * @default {any}
   */
  readonly expected?: string | null | undefined;
  /** Gives up: what was there stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** A file that was stored. */
export interface StoredFile {
  readonly bytes: number;
  readonly version: string;
  /** Whether there was none before. */
  readonly created: boolean;
}

/** One entry of a directory, with all that an archive keeps of it. */
export interface ScannedEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Permission bits. */
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Where a symlink leads. */
  readonly target?: string | undefined;
}

/**
 * Files of any size, read and written as they come, and what archives need besides. Paths and errors are
 * those of `SandboxFiles`; sizes are the caller's to bound, except where a sandbox cannot but hold a whole
 * file in memory.
 */
export interface FileTransfers {
  /** Opens a file, or a range of it; what is read later fails with the session. */
  open(path: string, options?: OpenOptions): Promise<OpenedFile>;
  /**
   * Writes a file, making missing parents, in place of the old one when all of the content is there.
   * What the content throws gives it up, and nothing of it is left.
   */
  store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options?: StoreOptions,
  ): Promise<StoredFile>;
  /** Lists a directory, sorted by name. */
  scan(path: string): Promise<ScannedEntry[]>;
  /** Makes a symlink with missing parents, in place of any file that is there. */
  link(path: string, target: string): Promise<void>;
  /** Sets permission bits and the time, in milliseconds since 1970, of what is no symlink. */
  adjust(
    path: string,
    facts: { readonly mode?: number; readonly modifiedAt?: number },
  ): Promise<void>;
}
