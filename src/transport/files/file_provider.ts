/** What is known of a file. */
export interface FileFacts {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Milliseconds since 1970, where it is known. */
  readonly modifiedAt: number | undefined;
  /** A word that is another one once the file was replaced or written. */
  readonly version: string;
}

/** A file that is being read. */
export interface OpenedFile extends FileFacts {
  /** How many bytes are coming. */
  readonly length: number;
  /** Cancel it if it is not read to its end. */
  readonly content: ReadableStream<Uint8Array>;
}

/** A use of the files of one session; to be disposed when it is over. */
export interface FileTransfer extends Disposable {
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
  /** The most bytes of a file or an archive. */
  readonly maxBytes: number;
  /** The most bytes of all files of the session. */
  readonly diskBytes: number;
  /** Opens a file, or a range of it. */
  open(
    path: string,
    range: { readonly offset?: number | undefined; readonly length?: number | undefined },
  ): Promise<OpenedFile>;
  /** Writes a file in place of the old one, which must be of that version if one is given, null for none. */
  store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options: { readonly expected?: string | null | undefined },
  ): Promise<{ readonly version: string; readonly created: boolean }>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Packs a directory into a tar archive. */
  pack(path: string): Promise<ReadableStream<Uint8Array>>;
  /** Unpacks a tar archive into a directory. */
  unpack(
    path: string,
    archive: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly entries: number; readonly bytes: number }>;
}

/** Who has the files of sessions. What a client may cause throws a `SandboxError` or a `CommandError`. */
export interface FileProvider {
  /** Begins to use a caller's session; without a caller, that of whosever it is. */
  transfer(sessionId: string, caller: string | undefined): FileTransfer;
}
