import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import { basename } from "@std/path/posix";
import { CommandError, SandboxError } from "../../errors.ts";
import type { Entry } from "../../protocol/commands.ts";
import { eachSettled } from "../each_settled.ts";
import type { FileContent, ReadOptions, SandboxFiles, WriteOptions } from "../runtime.ts";
import { FILE_REFUSALS, fileError } from "../file_error.ts";
import { type ConfinedDirectory, errorCode, locate, type Located } from "./confined_directory.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";

/** Up to this many bytes one synchronous call is cheaper than a turn of the thread pool. */
const SYNC_BYTES = 64 * 1024;
const CHUNK_BYTES = 4 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const APPEND_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT |
  constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** What {@linkcode WorkspaceFiles} needs of a workspace. */
export interface FileTree {
  /** The workspace's directory now. */
  readonly root: ConfinedDirectory;
  /** Keeps it where it is while an operation is under way. */
  occupy(): Disposable;
}

/** Where {@linkcode WorkspaceFiles} puts what no session may see. */
export interface ScratchSpace {
  /** A fresh path on the workspace's file system, outside of every workspace. */
  temporaryPath(): string;
  /** Removes, in the background, what was moved to a temporary path. */
  discard(path: string): void;
}

/** Settings of {@linkcode WorkspaceFiles}. */
export interface WorkspaceFilesSettings {
  readonly scratch: ScratchSpace;
  /** The largest file that is written or read in one piece, in bytes. */
  readonly maxFileBytes: number;
}

/** The files of a workspace on this machine's file system. */
export class WorkspaceFiles implements SandboxFiles {
  readonly #workspace: FileTree;
  readonly #scratch: ScratchSpace;
  readonly #maxFileBytes: number;

  /** Serves the files below a workspace's open directory. */
  constructor(workspace: FileTree, settings: WorkspaceFilesSettings) {
    this.#workspace = workspace;
    this.#scratch = settings.scratch;
    this.#maxFileBytes = settings.maxFileBytes;
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
          throw new CommandError(FILE_REFUSALS.overFile(path));
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
    if (bytes <= this.#maxFileBytes) return;
    throw new SandboxError(
      "too_large",
      `File is too large: ${path} has ${bytes} bytes, at most ${this.#maxFileBytes} are allowed at once`,
      { data: { limit: this.#maxFileBytes, size: bytes } },
    );
  }
}

/** The permission bits of the file that is about to be replaced, if there is one. */
function replaceableMode(target: string, asked: string): number | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(target);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  if (stats.isDirectory()) throw new CommandError(FILE_REFUSALS.isDirectory(asked));
  return stats.isFile() ? stats.mode & 0o777 : undefined;
}

async function appendTo(target: string, asked: string, content: Uint8Array): Promise<void> {
  using file = openFile(target, APPEND_FLAGS, asked);
  await writeBytes(file.fd, content);
}

/** An open regular file. Never waits: a pipe or device in its place is refused, not opened for long. */
function openFile(
  path: string,
  flags: number,
  asked: string,
): { fd: number; stats: Stats } & Disposable {
  const fd = openSync(path, flags, 0o644);
  const file = { fd, stats: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) };
  if (file.stats.isFile()) return file;
  closeSync(fd);
  throw new CommandError(
    file.stats.isDirectory() ? FILE_REFUSALS.isDirectory(asked) : FILE_REFUSALS.notRegular(asked),
  );
}

async function readBytes(fd: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const size = Math.min(CHUNK_BYTES, length - filled);
    const count = length <= SYNC_BYTES
      ? readSync(fd, bytes, filled, size, offset + filled)
      : await new Promise<number>((resolve, reject) =>
        read(fd, bytes, filled, size, offset + filled, (error, count) =>
          error ? reject(error) : resolve(count))
      );
    // The file became shorter while it was read.
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
  }
  return bytes;
}

async function writeBytes(fd: number, content: Uint8Array): Promise<void> {
  let written = 0;
  while (written < content.length) {
    const size = Math.min(CHUNK_BYTES, content.length - written);
    written += content.length <= SYNC_BYTES
      ? writeSync(fd, content, written, size)
      : await new Promise<number>((resolve, reject) =>
        write(fd, content, written, size, null, (error, count) =>
          error ? reject(error) : resolve(count))
      );
  }
}

function removeEmpty(path: string, asked: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOTEMPTY") throw error;
    throw new CommandError(FILE_REFUSALS.notEmpty(asked));
  }
}

function requireName(located: Located, asked: string): void {
  if (located.name === "") throw new CommandError(FILE_REFUSALS.workspaceItself(asked));
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
    type: stats.isFile()
      ? "file"
      : stats.isDirectory()
      ? "directory"
      : stats.isSymbolicLink()
      ? "symlink"
      : "other",
    size: stats.size,
    modifiedAt: stats.mtime.toISOString(),
  };
}

/** Turns the system's errors into sentences that carry the path as asked and no path of the host. */
async function inWords<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw describe(error, path);
  }
}

/** {@linkcode inWords} for actions that never wait. */
function inWordsSync<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw describe(error, path);
  }
}

function describe(error: unknown, path: string): unknown {
  return fileError(errorCode(error), path, { cause: error }) ?? error;
}
