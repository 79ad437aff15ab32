import type {
  OpenedFile,
  OpenOptions,
  StoredFile,
  StoreOptions,
} from "../runtimes/file_transfer.ts";
import { packTree } from "./archive/pack_tree.ts";
import { type Unpacked, unpackTree } from "./archive/unpack_tree.ts";
import type { Session } from "./session.ts";
import type { SessionLimits } from "./session_limits.ts";
import type { SessionUse } from "./session_transfers.ts";

const MIB = 2 ** 20;

/**
 * One use of a session's files by somebody outside: runs beside the commands, keeps the session from idling
 * out, and breaks off when it ends. Paths and errors are those of the sandbox's files.
 */
export class SessionTransfer implements Disposable {
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
  /** The most bytes of a file or an archive. */
  readonly maxBytes: number;
  /** The most bytes of all files of the session. */
  readonly diskBytes: number;
  readonly #session: Session;
  readonly #use: SessionUse;

  /** Begins to use a session. */
  constructor(
    session: Session,
    limits: Pick<SessionLimits, "maxTransferBytes" | "diskLimitMB">,
  ) {
    this.#session = session;
    this.#use = session.use();
    this.signal = this.#use.signal;
    this.maxBytes = limits.maxTransferBytes;
    this.diskBytes = (session.config.diskLimitMB ?? limits.diskLimitMB) * MIB;
  }

  /** Opens a file, or a range of it. */
  open(path: string, options: Omit<OpenOptions, "signal">): Promise<OpenedFile> {
    const { signal } = this;
    return this.#session.sandbox.files.open(path, { ...options, signal });
  }

  /** Writes a file in place of the old one when all of its content is there. */
  store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options: Pick<StoreOptions, "expected">,
  ): Promise<StoredFile> {
    const { signal } = this;
    return this.#session.sandbox.files.store(path, content, { ...options, signal });
  }

  /** Removes a file. */
  remove(path: string): Promise<void> {
    return this.#session.sandbox.files.remove(path, false);
  }

  /** Packs a directory into an archive, which is made as it is read. */
  pack(path: string): Promise<ReadableStream<Uint8Array>> {
    return packTree(this.#session.sandbox.files, path, this.signal);
  }

  /** Unpacks an archive into a directory. Throws an `ArchiveError` for one that is refused. */
  unpack(path: string, archive: AsyncIterable<Uint8Array>): Promise<Unpacked> {
    const maxBytes = Math.min(this.maxBytes, this.diskBytes);
    const { signal } = this;
    return unpackTree(this.#session.sandbox.files, path, archive, { maxBytes, signal });
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#use[Symbol.dispose]();
  }
}
