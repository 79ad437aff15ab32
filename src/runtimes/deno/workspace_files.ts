import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { basename } from "@std/path/posix";
import { CommandError } from "../../errors.ts";
import type { Entry } from "../../protocol/commands.ts";
import { eachSettled } from "../each_settled.ts";
import type {
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
  StoreOptions,
} from "../file_transfer.ts";
import type { FileContent, ReadOptions, SandboxFiles, WriteOptions } from "../runtime.ts";
import { FILE_REFUSALS, refusal, tooLarge } from "../file_error.ts";
import { type ConfinedDirectory, errorCode, locate } from "./confined_directory.ts";
import {
  CREATE_FLAGS,
  inWords,
  inWordsSync,
  openFile,
  READ_FLAGS,
  readBytes,
  replaceableMode,
  requireName,
  typeOf,
  writeBytes,
} from "./local_file.ts";
import type { FileTree, ScratchSpace } from "./file_tree.ts";
import { WorkspaceTransfers } from "./workspace_transfers.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";

const MAX_ENTRIES = 100_000;

const APPEND_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT |
  constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Settings of {@linkcode WorkspaceFiles}. */
export interface WorkspaceFilesSettings {
  readonly scratch: ScratchSpace;
  /** The largest file that is written or read in one piece, in bytes. */
  readonly maxFileBytes: number;
  /** See `WorkspaceTransfersSettings`. @default {false} */
  readonly upwardLinks?: boolean | undefined;
}

/** The files of a workspace on this machine's file system. */
export class WorkspaceFiles implements SandboxFiles {
  readonly #workspace: FileTree;
  readonly #scratch: ScratchSpace;
  readonly #maxFileBytes: number;
  readonly #transfers: WorkspaceTransfers;

  /** Serves the files below a workspace's open directory. */
  constructor(workspace: FileTree, settings: WorkspaceFilesSettings) {
    this.#workspace = workspace;
    this.#scratch = settings.scratch;
    this.#maxFileBytes = settings.maxFileBytes;
    this.#transfers = new WorkspaceTransfers(workspace, settings);
  }

  /** Writes a file; see {@linkcode SandboxFiles}. */
  async write(path: string, content: Uint8Array, options: WriteOptions = {}): Promise<void> {
    this.#checkSize(path, content.length);
    options.signal?.throwIfAborted();
    using _place = this.#workspace.occupy();
    await inWords(path, async () => {
      using located = locate(this.#workspace.root, path, { createParents: true });
      requireName(located, path);
      if (options.append) await appendTo(located.path, path, content);
      else await this.#replace(located.path, path, content);
    });
  }

  /** Reads a file; see {@linkcode SandboxFiles}. */
  async read(
    path: string,
    options: ReadOptions = {},
  ): Promise<{ content: Uint8Array; size: number }> {
    options.signal?.throwIfAborted();
    using _place = this.#workspace.occupy();
    return await inWords(path, async () => {
      using located = locate(this.#workspace.root, path);
      using file = openFile(located.path, READ_FLAGS, path);
      const { size } = file.stats;
      const offset = Math.min(options.offset ?? 0, size);
      const length = Math.min(options.length ?? size, size - offset);
      this.#checkSize(path, length);
      return { content: await readBytes(file.fd, offset, length), size };
    });
  }

  /** Reads several; see {@linkcode SandboxFiles}. */
  readMany(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<(FileContent | CommandError)[]> {
    return eachSettled(paths, (path) => this.read(path, options));
  }

  /** Makes a directory; see {@linkcode SandboxFiles}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async createDirectory(path: string): Promise<void> {
    inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { createParents: true });
      if (located.name === "") return;
      try {
        mkdirSync(located.path);
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
        if (!lstatSync(located.path).isDirectory()) {
          throw refusal("overFile", path);
        }
      }
    });
  }

  /** Copies a file; see {@linkcode SandboxFiles}. */
  async copy(source: string, destination: string): Promise<number> {
    using _place = this.#workspace.occupy();
    const { content } = await this.read(source);
    await inWords(destination, async () => {
      using located = locate(this.#workspace.root, destination, { createParents: true });
      requireName(located, destination);
      await this.#replace(located.path, destination, content);
    });
    return content.length;
  }

  /** Moves; see {@linkcode SandboxFiles}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async move(source: string, destination: string): Promise<void> {
    inWordsSync(source, () => {
      using from = locate(this.#workspace.root, source, { follow: false });
      requireName(from, source);
      lstatSync(from.path);
      inWordsSync(destination, () => {
        using to = locate(this.#workspace.root, destination, {
          createParents: true,
          follow: false,
        });
        requireName(to, destination);
        renameSync(from.path, to.path);
      });
    });
  }

  /** Removes; see {@linkcode SandboxFiles}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async remove(path: string, recursive: boolean): Promise<void> {
    inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { follow: false });
      requireName(located, path);
      if (!lstatSync(located.path).isDirectory()) return unlinkSync(located.path);
      if (!recursive) return removeEmpty(located.path, path);
      // Moved out in one step: the code in the sandbox cannot race with what follows.
      const grave = this.#scratch.temporaryPath();
      renameSync(located.path, grave);
      this.#scratch.discard(grave);
    });
  }

  /** Sets permission bits; see {@linkcode SandboxFiles}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async chmod(path: string, mode: number): Promise<void> {
    inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path);
      if (located.name === "") throw new CommandError(FILE_REFUSALS.workspaceMode(path));
      located.directory.chmod(located.name, mode);
    });
  }

  /** Lists a directory; see {@linkcode SandboxFiles}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async list(path: string): Promise<Entry[]> {
    return inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path);
      using directory = located.name === "" ? undefined : located.directory.open(located.name);
      const listed = directory ?? located.directory;
      const names = readdirSync(listed.self).sort();
      if (names.length > MAX_ENTRIES) {
        throw new CommandError(`Directory has over ${MAX_ENTRIES} entries: ${path}`);
      }
      const base = workspacePath(workspaceSegments(path) ?? []);
      return names.flatMap((name) => entryIfThere(listed.child(name), `${base}/${name}`, name));
    });
  }

  /** Lists several; see {@linkcode SandboxFiles}. */
  listMany(paths: readonly string[]): Promise<(Entry[] | CommandError)[]> {
    return eachSettled(paths, (path) => this.list(path));
  }

  /** Tells what a path is; see {@linkcode SandboxFiles}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async info(path: string): Promise<Entry> {
    return inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { follow: false });
      const absolute = workspacePath(workspaceSegments(path) ?? []);
      const stats = located.name === "" ? undefined : lstatSync(located.path);
      return stats === undefined
        ? entry(directoryStats(located.directory), absolute, "workspace")
        : entry(stats, absolute, basename(absolute));
    });
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

  /** Writes beside the workspace and moves the whole file in: readers see the old or the new one. */
  async #replace(target: string, asked: string, content: Uint8Array): Promise<void> {
    const mode = replaceableMode(target, asked);
    const temporary = this.#scratch.temporaryPath();
    try {
      const fd = openSync(temporary, CREATE_FLAGS, 0o644);
      try {
        await writeBytes(fd, content);
      } finally {
        closeSync(fd);
      }
      if (mode !== undefined) chmodSync(temporary, mode);
      renameSync(temporary, target);
    } catch (error) {
      this.#scratch.discard(temporary);
      throw error;
    }
  }

  #checkSize(path: string, bytes: number): void {
    if (bytes > this.#maxFileBytes) throw tooLarge(path, bytes, this.#maxFileBytes);
  }
}

async function appendTo(target: string, asked: string, content: Uint8Array): Promise<void> {
  using file = openFile(target, APPEND_FLAGS, asked);
  await writeBytes(file.fd, content);
}

function removeEmpty(path: string, asked: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOTEMPTY") throw error;
    throw new CommandError(FILE_REFUSALS.notEmpty(asked));
  }
}

function directoryStats(directory: ConfinedDirectory): Stats {
  // "." through the open directory is the directory itself, where the link to it would be a symlink.
  return lstatSync(directory.child("."));
}

function entryIfThere(path: string, absolute: string, name: string): Entry[] {
  try {
    return [entry(lstatSync(path), absolute, name)];
  } catch {
    // Deleted between being listed and being looked at.
    return [];
  }
}

function entry(stats: Stats, path: string, name: string): Entry {
  return {
    name,
    path,
    type: typeOf(stats),
    size: stats.size,
    modifiedAt: stats.mtime.toISOString(),
  };
}
