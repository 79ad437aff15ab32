import { CommandError } from "../../errors.ts";
import type { Entry } from "../../protocol/commands.ts";
import { WORKSPACE } from "../../protocol/path.ts";
import type {
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
  StoreOptions,
} from "../file_transfer.ts";
import type { FileContent, ReadOptions, SandboxFiles, WriteOptions } from "../runtime.ts";
import { type ContainerIo, ContainerIoLost } from "./container_io.ts";

/** The files of a container, through whatever drives it at the time. */
export class IoFiles implements SandboxFiles {
  readonly #io: () => Promise<ContainerIo>;
  readonly #onWrite: () => void;

  /**
   * @param io what drives the container now
   * @param onWrite called when something may have been written
   */
  constructor(io: () => Promise<ContainerIo>, onWrite: () => void) {
    this.#io = io;
    this.#onWrite = onWrite;
  }

  /** See {@linkcode SandboxFiles}. */
  write(path: string, content: Uint8Array, options?: WriteOptions): Promise<void> {
    return this.#once(path, (files) => files.write(path, content, options));
  }

  /** See {@linkcode SandboxFiles}. */
  read(path: string, options?: ReadOptions): Promise<{ content: Uint8Array; size: number }> {
    return this.#again(path, (files) => files.read(path, options));
  }

  /** See {@linkcode SandboxFiles}. */
  readMany(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<(FileContent | CommandError)[]> {
    return this.#again(paths[0] ?? WORKSPACE, (files) => files.readMany(paths, options));
  }

  /** See {@linkcode SandboxFiles}. */
  createDirectory(path: string): Promise<void> {
    return this.#again(path, (files) => files.createDirectory(path));
  }

  /** See {@linkcode SandboxFiles}. */
  copy(source: string, destination: string): Promise<number> {
    return this.#once(destination, (files) => files.copy(source, destination));
  }

  /** See {@linkcode SandboxFiles}. */
  move(source: string, destination: string): Promise<void> {
    return this.#once(destination, (files) => files.move(source, destination));
  }

  /** See {@linkcode SandboxFiles}. */
  remove(path: string, recursive: boolean): Promise<void> {
    return this.#once(path, (files) => files.remove(path, recursive));
  }

  /** See {@linkcode SandboxFiles}. */
  chmod(path: string, mode: number): Promise<void> {
    return this.#again(path, (files) => files.chmod(path, mode));
  }

  /** See {@linkcode SandboxFiles}. */
  list(path: string): Promise<Entry[]> {
    return this.#again(path, (files) => files.list(path));
  }

  /** See {@linkcode SandboxFiles}. */
  listMany(paths: readonly string[]): Promise<(Entry[] | CommandError)[]> {
    return this.#again(paths[0] ?? WORKSPACE, (files) => files.listMany(paths));
  }

  /** See {@linkcode SandboxFiles}. */
  info(path: string): Promise<Entry> {
    return this.#again(path, (files) => files.info(path));
  }

  /** See {@linkcode SandboxFiles}. */
  open(path: string, options?: OpenOptions): Promise<OpenedFile> {
    return this.#again(path, (files) => files.open(path, options));
  }

  /** See {@linkcode SandboxFiles}. */
  store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options?: StoreOptions,
  ): Promise<StoredFile> {
    // A large file is looked for while it comes, too.
    this.#onWrite();
    return this.#once(path, (files) => files.store(path, content, options));
  }

  /** See {@linkcode SandboxFiles}. */
  scan(path: string): Promise<ScannedEntry[]> {
    return this.#again(path, (files) => files.scan(path));
  }

  /** See {@linkcode SandboxFiles}. */
  link(path: string, target: string): Promise<void> {
    return this.#again(path, (files) => files.link(path, target));
  }

  /** See {@linkcode SandboxFiles}. */
  adjust(path: string, facts: { mode?: number; modifiedAt?: number }): Promise<void> {
    return this.#again(path, (files) => files.adjust(path, facts));
  }

  async #once<T>(path: string, action: (files: SandboxFiles) => Promise<T>): Promise<T> {
    const { files } = await this.#io();
    try {
      return await action(files);
    } catch (error) {
      throw explain(error, path);
    } finally {
      this.#onWrite();
    }
  }

  /** For what has the same effect when it is done twice. */
  async #again<T>(path: string, action: (files: SandboxFiles) => Promise<T>): Promise<T> {
    const io = await this.#io();
    try {
      return await action(io.files);
    } catch (error) {
      if (!(error instanceof ContainerIoLost)) throw error;
      await io.lost;
      return await this.#once(path, action);
    }
  }
}

function explain(error: unknown, path: string): unknown {
  if (!(error instanceof ContainerIoLost)) return error;
  const message =
    `Interrupted: ${path}: what runs in the sandbox was ended meanwhile, look whether ` +
    "it was done and try again";
  return new CommandError(message, { cause: error });
}
