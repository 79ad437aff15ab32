import { basename } from "@std/path/posix";
import { AgentLostError, AgentRefusal } from "../../agent/agent_error.ts";
import type { AgentFileEntry, AgentFiles } from "../../agent/agent_files.ts";
import { CommandError } from "../../errors.ts";
import type { Entry } from "../../protocol/commands.ts";
import { WORKSPACE } from "../../protocol/path.ts";
import { FILE_REFUSALS, fileError, refusal, tooLarge } from "../file_error.ts";
import { eachSettled } from "../each_settled.ts";
import type {
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
  StoreOptions,
} from "../file_transfer.ts";
import type { FileContent, ReadOptions, SandboxFiles, WriteOptions } from "../runtime.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";
import { ContainerIoLost } from "./container_io.ts";

/** The workspace of a container, through the agent; symlinks are resolved by the kernel inside. */
export class AgentIoFiles implements SandboxFiles {
  readonly #files: AgentFiles;
  readonly #maxFileBytes: number;

  /** Serves the files that an agent sees, in pieces of at most `maxFileBytes`. */
  constructor(files: AgentFiles, maxFileBytes: number) {
    this.#files = files;
    this.#maxFileBytes = maxFileBytes;
  }

  /** See {@linkcode SandboxFiles}. */
  async write(path: string, content: Uint8Array, options: WriteOptions = {}): Promise<void> {
    const { append, signal } = options;
    if (content.length > this.#maxFileBytes) {
      throw tooLarge(path, content.length, this.#maxFileBytes);
    }
    signal?.throwIfAborted();
    const target = named(path);
    await this.#ask(path, () => this.#files.write(target, content, { append, signal }), signal);
  }

  /** See {@linkcode SandboxFiles}. */
  async read(
    path: string,
    options: ReadOptions = {},
  ): Promise<{ content: Uint8Array; size: number }> {
    options.signal?.throwIfAborted();
    const source = located(path);
    const wanted = { ...options, maxBytes: this.#maxFileBytes };
    return await this.#ask(path, () => this.#files.read(source, wanted), options.signal);
  }

  /** See {@linkcode SandboxFiles}. */
  readMany(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<(FileContent | CommandError)[]> {
    return eachSettled(paths, (path) => this.read(path, options));
  }

  /** See {@linkcode SandboxFiles}. */
  async createDirectory(path: string): Promise<void> {
    const target = located(path);
    await this.#ask(path, () => this.#files.createDirectory(target));
  }

  /** See {@linkcode SandboxFiles}. */
  async copy(source: string, destination: string): Promise<number> {
    const [from, to] = [located(source), named(destination)];
    const options = { maxBytes: this.#maxFileBytes };
    return await this.#askTwo(source, destination, to, () => this.#files.copy(from, to, options));
  }

  /** See {@linkcode SandboxFiles}. */
  async move(source: string, destination: string): Promise<void> {
    const [from, to] = [named(source), named(destination)];
    await this.#askTwo(source, destination, to, () => this.#files.move(from, to));
  }

  /** See {@linkcode SandboxFiles}. */
  async remove(path: string, recursive: boolean): Promise<void> {
    const target = named(path);
    await this.#ask(path, async () => {
      try {
        await this.#files.remove(target, recursive);
      } catch (error) {
        if (!(error instanceof AgentRefusal) || error.code !== "ENOTEMPTY") throw error;
        throw new CommandError(FILE_REFUSALS.notEmpty(path), { cause: error });
      }
    });
  }

  /** See {@linkcode SandboxFiles}. */
  async chmod(path: string, mode: number): Promise<void> {
    const target = located(path);
    if (target === WORKSPACE) throw new CommandError(FILE_REFUSALS.workspaceMode(path));
    await this.#ask(path, () => this.#files.chmod(target, mode));
  }

  /** See {@linkcode SandboxFiles}. */
  async list(path: string): Promise<Entry[]> {
    const directory = located(path);
    return (await this.#ask(path, () => this.#files.list(directory))).map(entry);
  }

  /** See {@linkcode SandboxFiles}. */
  listMany(paths: readonly string[]): Promise<(Entry[] | CommandError)[]> {
    return eachSettled(paths, (path) => this.list(path));
  }

  /** See {@linkcode SandboxFiles}. */
  async info(path: string): Promise<Entry> {
    const target = located(path);
    const found = entry(await this.#ask(path, () => this.#files.info(target)));
    return { ...found, name: basename(target) };
  }

  /** See {@linkcode SandboxFiles}. */
  async open(path: string, options: OpenOptions = {}): Promise<OpenedFile> {
    const { signal } = options;
    signal?.throwIfAborted();
    const source = located(path);
    const wanted = { ...options, maxBytes: Number.MAX_SAFE_INTEGER };
    return await this.#ask(path, () => this.#files.readStream(source, wanted), signal);
  }

  /** See {@linkcode SandboxFiles}. */
  async store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options: StoreOptions = {},
  ): Promise<StoredFile> {
    const target = named(path);
    const { signal } = options;
    return await this.#ask(path, () => this.#files.store(target, content, options), signal);
  }

  /** See {@linkcode SandboxFiles}. */
  async scan(path: string): Promise<ScannedEntry[]> {
    const directory = located(path);
    return await this.#ask(path, () => this.#files.scan(directory));
  }

  /** See {@linkcode SandboxFiles}. */
  async link(path: string, target: string): Promise<void> {
    const place = named(path);
    await this.#ask(path, () => this.#files.link(place, target));
  }

  /** See {@linkcode SandboxFiles}. */
  async adjust(path: string, facts: { mode?: number; modifiedAt?: number }): Promise<void> {
    const target = named(path);
    await this.#ask(path, () => this.#files.adjust(target, facts));
  }

  async #ask<T>(path: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#translate(error, path);
    }
  }

  /** For requests of two paths, of which the agent says which is at fault. */
  async #askTwo<T>(
    source: string,
    destination: string,
    target: string,
    action: () => Promise<T>,
  ): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const isTarget = error instanceof AgentRefusal && error.path === target;
      throw this.#translate(error, isTarget ? destination : source);
    }
  }

  #translate(error: unknown, path: string): unknown {
    if (error instanceof AgentLostError) {
      return new ContainerIoLost(error.message, { cause: error });
    }
    if (!(error instanceof AgentRefusal)) return error;
    switch (error.code) {
      case "TOO_LARGE":
        return tooLarge(path, error.size ?? 0, this.#maxFileBytes);
      case "NOT_REGULAR":
        return refusal("notRegular", path);
      case "CHANGED":
        return refusal("changed", path);
      case "OVER_FILE":
        return refusal("overFile", path);
      case "TOO_MANY":
        return new CommandError(`Directory has too many entries: ${path}`, { cause: error });
      default:
        return fileError(error.code, path, { cause: error }) ??
          new CommandError(`Not possible: ${path}: ${error.message}`, { cause: error });
    }
  }
}

function located(path: string): string {
  const segments = workspaceSegments(path);
  if (segments === undefined) throw refusal("outside", path);
  return workspacePath(segments);
}

/** A path that must not be the workspace itself. */
function named(path: string): string {
  const segments = workspaceSegments(path);
  if (segments === undefined) throw refusal("outside", path);
  if (segments.length === 0) throw refusal("workspaceItself", path);
  return workspacePath(segments);
}

function entry({ name, path, type, size, modifiedAt }: AgentFileEntry): Entry {
  return { name, path, type, size, modifiedAt };
}
