import { basename } from "@std/path/posix";
import { CommandError } from "../../errors.ts";
import type { Entry } from "../../protocol/commands.ts";
import { FILE_REFUSALS, refusal, tooLarge } from "../file_error.ts";
import type {
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
  StoreOptions,
} from "../file_transfer.ts";
import type { FileContent, ReadOptions, SandboxFiles, WriteOptions } from "../runtime.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";
import type { EngineContainer } from "./engine_container.ts";
import { parseEntries } from "./engine_entries.ts";
import { EngineFileCalls } from "./engine_file_call.ts";
import * as scripts from "./engine_file_scripts.ts";
import { listMany, readMany } from "./engine_many_files.ts";
import type { EngineProcesses } from "./engine_processes.ts";
import { EngineTransfers } from "./engine_transfers.ts";
import { modeText } from "./mode_text.ts";

/** Options of {@linkcode EngineFiles}. */
export interface EngineFilesOptions {
  /** The largest file that is written or read in one piece, in bytes. */
  readonly maxFileBytes: number;
}

const MAX_ENTRIES = 100_000;
/** Names of 255 bytes, and what stands before them. */
const MAX_ENTRY_BYTES = 340;

/** The files of a container, by small programs that run in it as the sandbox's user. */
export class EngineFiles implements SandboxFiles {
  readonly #calls: EngineFileCalls;
  readonly #maxFileBytes: number;
  readonly #transfers: EngineTransfers;

  /** Serves the files of that container. */
  constructor(
    container: EngineContainer,
    processes: EngineProcesses,
    { maxFileBytes }: EngineFilesOptions,
  ) {
    this.#calls = new EngineFileCalls(container, processes);
    this.#maxFileBytes = maxFileBytes;
    this.#transfers = new EngineTransfers(this.#calls, {
      locate,
      read: (path) => this.read(path),
      replace: (path, content, follow) =>
        this.put(locate(path, { inside: true }), content, path, { follow }),
      checkSize: (path, bytes) => this.#checkSize(path, bytes),
    });
  }

  /** Writes a file; see {@linkcode SandboxFiles}. */
  async write(path: string, content: Uint8Array, options: WriteOptions = {}): Promise<void> {
    this.#checkSize(path, content.length);
    options.signal?.throwIfAborted();
    const target = locate(path, { inside: true });
    if (!options.append) return void await this.put(target, content, path);
    await this.#calls.run({
      script: scripts.APPEND_SCRIPT,
      args: [target, `${content.length}`],
      paths: [path],
      stdin: content.length > 0 ? content : undefined,
    });
  }

  /** Writes a file anywhere in the container, by its absolute path; whether there was none before. */
  async put(
    target: string,
    content: Uint8Array,
    asked = target,
    { follow = true }: { readonly follow?: boolean } = {},
  ): Promise<boolean> {
    const { detail } = await this.#calls.run({
      script: scripts.WRITE_SCRIPT,
      args: [target, `${content.length}`, makeToken(), follow ? "" : "replace"],
      paths: [asked],
      stdin: content.length > 0 ? content : undefined,
      again: true,
    });
    return detail === "";
  }

  /** Removes files anywhere in the container, if they are there. */
  async discard(targets: readonly string[]): Promise<void> {
    try {
      for (const target of targets) {
        const args = [target, "yes"];
        await this.#calls.run({
          script: scripts.REMOVE_SCRIPT,
          args,
          paths: [target],
          again: true,
        });
      }
    } catch {
      // Never written, removed by the program itself, or gone with the container.
    }
  }

  /** Reads a file; see {@linkcode SandboxFiles}. */
  async read(
    path: string,
    options: ReadOptions = {},
  ): Promise<{ content: Uint8Array; size: number }> {
    options.signal?.throwIfAborted();
    const { offset = 0, length } = options;
    const max = this.#maxFileBytes;
    const { word, detail, content } = await this.#calls.run({
      script: scripts.READ_SCRIPT,
      args: [locate(path), `${offset}`, `${length ?? ""}`, `${max}`],
      paths: [path],
      maxBytes: max,
      again: true,
    });
    if (word === "large") this.#checkSize(path, Number(detail));
    return { content, size: Number(detail) };
  }

  /** Reads several; see {@linkcode SandboxFiles}. */
  readMany(
    paths: readonly string[],
    options: ReadOptions = {},
  ): Promise<(FileContent | CommandError)[]> {
    return readMany(this.#calls, paths, options, this);
  }

  /** Makes a directory; see {@linkcode SandboxFiles}. */
  async createDirectory(path: string): Promise<void> {
    const args = [locate(path)];
    await this.#calls.run({ script: scripts.DIRECTORY_SCRIPT, args, paths: [path], again: true });
  }

  /** Copies a file; see {@linkcode SandboxFiles}. */
  async copy(source: string, destination: string): Promise<number> {
    const from = locate(source);
    const to = locate(destination, { inside: true });
    const { word, detail } = await this.#calls.run({
      script: scripts.COPY_SCRIPT,
      args: [from, to, `${this.#maxFileBytes}`, makeToken()],
      paths: [source, destination],
      again: true,
    });
    if (word === "large") this.#checkSize(source, Number(detail));
    return Number(detail);
  }

  /** Moves; see {@linkcode SandboxFiles}. */
  async move(source: string, destination: string): Promise<void> {
    const from = locate(source, { inside: true });
    const to = locate(destination, { inside: true });
    const paths = [source, destination] as const;
    await this.#calls.run({ script: scripts.MOVE_SCRIPT, args: [from, to], paths });
  }

  /** Removes; see {@linkcode SandboxFiles}. */
  async remove(path: string, recursive: boolean): Promise<void> {
    const args = [locate(path, { inside: true }), recursive ? "yes" : "no"];
    try {
      await this.#calls.run({ script: scripts.REMOVE_SCRIPT, args, paths: [path] });
    } catch (error) {
      const code = error instanceof CommandError && error.cause instanceof Error &&
        "code" in error.cause && error.cause.code;
      throw code === "ENOTEMPTY" ? new CommandError(FILE_REFUSALS.notEmpty(path)) : error;
    }
  }

  /** Sets permission bits; see {@linkcode SandboxFiles}. */
  async chmod(path: string, mode: number): Promise<void> {
    if (workspaceSegments(path)?.length === 0) {
      throw new CommandError(FILE_REFUSALS.workspaceMode(path));
    }
    const args = [locate(path), modeText(mode)];
    await this.#calls.run({ script: scripts.CHMOD_SCRIPT, args, paths: [path], again: true });
  }

  /** Lists a directory; see {@linkcode SandboxFiles}. */
  async list(path: string): Promise<Entry[]> {
    const target = locate(path);
    const { content } = await this.#calls.run({
      script: scripts.LIST_SCRIPT,
      args: [target],
      paths: [path],
      maxBytes: (MAX_ENTRIES + 1) * MAX_ENTRY_BYTES,
      again: true,
    });
    const entries = parseEntries(new TextDecoder().decode(content), target);
    if (entries.length > MAX_ENTRIES) {
      throw new CommandError(`Directory has over ${MAX_ENTRIES} entries: ${path}`);
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  }

  /** Lists several; see {@linkcode SandboxFiles}. */
  listMany(paths: readonly string[]): Promise<(Entry[] | CommandError)[]> {
    return listMany(this.#calls, paths, this);
  }

  /** Tells what a path is; see {@linkcode SandboxFiles}. */
  async info(path: string): Promise<Entry> {
    const target = locate(path);
    const { content } = await this.#calls.run({
      script: scripts.INFO_SCRIPT,
      args: [target],
      paths: [path],
      again: true,
    });
    const [entry] = parseEntries(new TextDecoder().decode(content), "");
    if (entry === undefined) throw new Error(`Cannot tell what "${path}" is`);
    return { ...entry, name: basename(target), path: target };
  }

  /** See {@linkcode SandboxFiles}. */
  open(path: string, options?: OpenOptions): Promise<OpenedFile> {
    return this.#transfers.open(path, options);
  }

  /** See {@linkcode SandboxFiles}. */
  store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options?: StoreOptions,
  ): Promise<StoredFile> {
    return this.#transfers.store(path, content, options);
  }

  /** See {@linkcode SandboxFiles}. */
  scan(path: string): Promise<ScannedEntry[]> {
    return this.#transfers.scan(path);
  }

  /** See {@linkcode SandboxFiles}. */
  link(path: string, target: string): Promise<void> {
    return this.#transfers.link(path, target);
  }

  /** See {@linkcode SandboxFiles}. */
  adjust(path: string, facts: { mode?: number; modifiedAt?: number }): Promise<void> {
    return this.#transfers.adjust(path, facts);
  }

  #checkSize(path: string, bytes: number): void {
    if (bytes > this.#maxFileBytes) throw tooLarge(path, bytes, this.#maxFileBytes);
  }
}

/** The absolute path of a client's; `inside` refuses the workspace itself. */
function locate(path: string, { inside = false } = {}): string {
  const segments = workspaceSegments(path);
  if (segments === undefined) throw refusal("outside", path);
  if (inside && segments.length === 0) throw refusal("workspaceItself", path);
  return workspacePath(segments);
}

function makeToken(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex();
}
