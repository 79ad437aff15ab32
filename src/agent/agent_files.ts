import type { AgentConnection } from "./agent_connection.ts";
import { answerOf } from "./agent_answer.ts";
import {
  readEntries,
  readEntry,
  readNumber,
  readScanned,
  type WriteReport,
} from "./agent_reports.ts";
import type {
  AgentCopyOptions,
  AgentReadOptions,
  AgentReadStream,
  AgentWriteOptions,
} from "./agent_file_options.ts";
import { FileDownload } from "./file_download.ts";
import { uploadFile } from "./file_upload.ts";
import { FrameError } from "./inside/frames.ts";
import { type FileEntry, MAX_ENTRIES, type ScannedEntry } from "./inside/protocol.ts";

/** What a path is. */
export interface AgentFileEntry extends FileEntry {
  /** The directory's path as asked, and the name. */
  readonly path: string;
}

/**
 * The files where an agent is, by absolute paths. What the system refuses rejects with an `AgentRefusal`
 * of its code.
 */
export class AgentFiles {
  readonly #connection: AgentConnection;

  /** Asks through a connection. */
  constructor(connection: AgentConnection) {
    this.#connection = connection;
  }

  /** Reads a file or a range of it; `size` is the whole file's. */
  async read(
    path: string,
    options: AgentReadOptions,
  ): Promise<{ content: Uint8Array<ArrayBuffer>; size: number }> {
    const download = await FileDownload.open(this.#connection, path, options);
    const { size, length } = download.facts;
    const content = new Uint8Array(length);
    let filled = 0;
    for (let piece = await download.next(); piece !== null; piece = await download.next()) {
      content.set(piece, filled);
      filled += piece.length;
    }
    // The file became shorter while it was read.
    return { content: filled < length ? content.slice(0, filled) : content, size };
  }

  /** Reads a file or a range of it as fast as it is taken; a slow reader costs a bounded memory. */
  async readStream(path: string, options: AgentReadOptions): Promise<AgentReadStream> {
    const download = await FileDownload.open(this.#connection, path, options);
    const content = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = await download.next();
        if (piece === null) controller.close();
        else controller.enqueue(piece);
      },
      cancel: (reason) => download.cancel(reason),
    }, { highWaterMark: 0 });
    return { ...download.facts, content };
  }

  /**
   * Writes a file, making missing parents; readers see the old content or the new, never half. Returns
   * the number of bytes.
   */
  async write(
    path: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: AgentWriteOptions = {},
  ): Promise<number> {
    return (await this.store(path, content, options)).bytes;
  }

  /** Writes as {@linkcode write} does, and tells what became of the file. */
  async store(
    path: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: AgentWriteOptions = {},
  ): Promise<WriteReport> {
    return await uploadFile(this.#connection, path, content, options);
  }

  /** Sets permissions and the time, in milliseconds since 1970, of what is no symlink. */
  async adjust(
    path: string,
    facts: { readonly mode?: number; readonly modifiedAt?: number },
  ): Promise<void> {
    await answerOf(this.#connection, { op: "adjust", path, ...facts }, () => {});
  }

  /** Makes a symlink with missing parents, in place of any file that is there. */
  async link(path: string, target: string): Promise<void> {
    await answerOf(this.#connection, { op: "link", path, target }, () => {});
  }

  /** Makes a directory and its missing parents; it may exist already. */
  async createDirectory(path: string): Promise<void> {
    await answerOf(this.#connection, { op: "mkdir", path }, () => {});
  }

  /** Copies the content of a regular file and returns its size. */
  async copy(source: string, destination: string, options: AgentCopyOptions = {}): Promise<number> {
    const { maxBytes } = options;
    return await answerOf(
      this.#connection,
      { op: "copy", source, destination, ...(maxBytes !== undefined && { maxBytes }) },
      (payload) => readNumber("result", payload, "bytes"),
    );
  }

  /** Moves or renames. */
  async move(source: string, destination: string): Promise<void> {
    await answerOf(this.#connection, { op: "move", source, destination }, () => {});
  }

  /** Removes a file, or a directory (with what is in it, if `recursive`). */
  async remove(path: string, recursive: boolean): Promise<void> {
    await answerOf(this.#connection, { op: "remove", path, recursive }, () => {});
  }

  /** Sets the permission bits of a file or directory, those of 0o777; a symlink is followed. */
  async chmod(path: string, mode: number): Promise<void> {
    await answerOf(this.#connection, { op: "chmod", path, mode }, () => {});
  }

  /** Lists a directory, sorted by name. */
  async list(path: string): Promise<AgentFileEntry[]> {
    const entries: AgentFileEntry[] = [];
    const base = path === "/" ? "" : path;
    await answerOf(this.#connection, { op: "list", path }, () => {}, (payload) => {
      for (const entry of readEntries(payload)) {
        entries.push({ ...entry, path: `${base}/${entry.name}` });
      }
      if (entries.length > MAX_ENTRIES) throw new FrameError("A listing does not end");
    });
    return entries;
  }

  /** Lists a directory with all that an archive keeps of its entries. */
  async scan(path: string): Promise<ScannedEntry[]> {
    const entries: ScannedEntry[] = [];
    await answerOf(this.#connection, { op: "scan", path }, () => {}, (payload) => {
      entries.push(...readScanned(payload));
      if (entries.length > MAX_ENTRIES) throw new FrameError("A listing does not end");
    });
    return entries;
  }

  /** Tells what a path is, without following a symlink at its end. */
  async info(path: string): Promise<AgentFileEntry> {
    const entry = await answerOf(this.#connection, { op: "stat", path }, readEntry);
    return { ...entry, path };
  }
}
