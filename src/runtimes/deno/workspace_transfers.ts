import {
  chmodSync,
  closeSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { CommandError } from "../../errors.ts";
import { refusal } from "../file_error.ts";
import type {
  FileTransfers,
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
  StoreOptions,
} from "../file_transfer.ts";
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

const CHUNK_BYTES = 256 * 1024;
const MAX_ENTRIES = 100_000;

/** Settings of {@linkcode WorkspaceTransfers}. */
export interface WorkspaceTransfersSettings {
  readonly scratch: ScratchSpace;
  /**
   * Makes symlinks that lead upwards. One that is moved may lead out of the workspace: it takes a sandbox
   * in which nothing is there, and a server that walks by descriptors.
   *
   * @default {false}
   */
  readonly upwardLinks?: boolean | undefined;
}

/** Moves the files of a workspace in and out as they come. An open file needs no workspace any more. */
export class WorkspaceTransfers implements FileTransfers {
  readonly #workspace: FileTree;
  readonly #scratch: ScratchSpace;
  readonly #upwardLinks: boolean;

  /** Serves the files below a workspace's open directory. */
  constructor(workspace: FileTree, { scratch, upwardLinks = false }: WorkspaceTransfersSettings) {
    this.#workspace = workspace;
    this.#scratch = scratch;
    this.#upwardLinks = upwardLinks;
  }

  /** Opens a file; see {@linkcode FileTransfers}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async open(path: string, options: OpenOptions = {}): Promise<OpenedFile> {
    const { follow = true, signal, offset = 0 } = options;
    signal?.throwIfAborted();
    return inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { follow });
      const { fd, stats } = openFile(located.path, READ_FLAGS, path);
      const { size } = stats;
      const start = Math.min(offset, size);
      const length = Math.min(options.length ?? size, size - start);
      const content = contentOf(fd, start, length);
      return {
        size,
        mode: stats.mode & 0o777,
        modifiedAt: stats.mtimeMs,
        version: versionOf(stats),
        length,
        content,
      };
    });
  }

  /** Writes beside the workspace and moves the whole file in; see {@linkcode FileTransfers}. */
  async store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options: StoreOptions = {},
  ): Promise<StoredFile> {
    const { follow = true, modifiedAt, signal } = options;
    signal?.throwIfAborted();
    this.#checkPlace(path, follow);
    const temporary = this.#scratch.temporaryPath();
    try {
      const fd = openSync(temporary, CREATE_FLAGS, 0o644);
      let bytes = 0;
      let stats: Stats;
      try {
        for await (const piece of content) {
          signal?.throwIfAborted();
          await inWords(path, () => writeBytes(fd, piece));
          bytes += piece.length;
        }
        signal?.throwIfAborted();
        if (modifiedAt !== undefined) futimesSync(fd, modifiedAt / 1000, modifiedAt / 1000);
        stats = fstatSync(fd);
      } finally {
        closeSync(fd);
      }
      const created = inWordsSync(path, () => this.#commit(temporary, path, options));
      return { bytes, version: versionOf(stats), created };
    } catch (error) {
      this.#scratch.discard(temporary);
      throw error;
    }
  }

  /** Lists a directory; see {@linkcode FileTransfers}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async scan(path: string): Promise<ScannedEntry[]> {
    return inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { follow: false });
      using opened = located.name === "" ? undefined : located.directory.open(located.name);
      const directory = opened ?? located.directory;
      const names = readdirSync(directory.self).sort();
      if (names.length > MAX_ENTRIES) {
        throw new CommandError(`Directory has over ${MAX_ENTRIES} entries: ${path}`);
      }
      return names.flatMap((name) => scannedIfThere(directory, name));
    });
  }

  /** Makes a symlink; see {@linkcode FileTransfers}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async link(path: string, target: string): Promise<void> {
    if (!this.#upwardLinks && (target.startsWith("/") || target.split("/").includes(".."))) {
      throw new CommandError(
        `Cannot make a symbolic link upwards, to ${target}: ${path}: in Deno sessions that takes ` +
          "bubblewrap and a server with all permissions",
        { reason: "EPERM" },
      );
    }
    inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { createParents: true, follow: false });
      requireName(located, path);
      replaceableMode(located.path, path);
      if (isThere(located.path)) unlinkSync(located.path);
      try {
        symlinkSync(target, located.path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotCapable)) throw error;
        throw new CommandError(
          `Cannot make a symbolic link: ${path}: that takes a server with all permissions`,
          { cause: error, reason: "EPERM" },
        );
      }
    });
  }

  /** Sets permission bits and the time; see {@linkcode FileTransfers}. */
  // deno-lint-ignore require-await -- the contract is asynchronous, this file system is not
  async adjust(path: string, facts: { mode?: number; modifiedAt?: number }): Promise<void> {
    const { mode, modifiedAt } = facts;
    inWordsSync(path, () => {
      using located = locate(this.#workspace.root, path, { follow: false });
      requireName(located, path);
      if (modifiedAt !== undefined) located.directory.touch(located.name, new Date(modifiedAt));
      if (mode !== undefined) located.directory.chmod(located.name, mode);
    });
  }

  /** What is known to fail before is not received first. */
  #checkPlace(path: string, follow: boolean): void {
    try {
      inWordsSync(path, () => {
        using located = locate(this.#workspace.root, path, { follow });
        requireName(located, path);
        replaceableMode(located.path, path);
      });
    } catch (error) {
      if (!(error instanceof CommandError) || error.reason !== "ENOENT") throw error;
    }
  }

  /** Whether there was no file before. */
  #commit(temporary: string, path: string, options: StoreOptions): boolean {
    const { follow = true, expected } = options;
    using located = locate(this.#workspace.root, path, { createParents: true, follow });
    requireName(located, path);
    const there = replaceableMode(located.path, path);
    const created = there === undefined && !isThere(located.path);
    if (expected !== undefined) {
      const version = created ? null : versionOf(lstatSync(located.path));
      if (version !== expected) throw refusal("changed", path);
    }
    const mode = options.mode ?? there;
    if (mode !== undefined) chmodSync(temporary, mode);
    renameSync(temporary, located.path);
    return created;
  }
}

/** Reads an open file as it is taken, and closes it at the end. */
function contentOf(fd: number, start: number, length: number): ReadableStream<Uint8Array> {
  let at = start;
  const end = start + length;
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  if (length === 0) {
    close();
    return ReadableStream.from([]);
  }
  let pulled: Promise<void> | undefined;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      const piece = await readBytes(fd, at, Math.min(CHUNK_BYTES, end - at));
      at += piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      // None are left, or the file became shorter meanwhile.
      if (at < end && piece.length > 0) return;
      close();
      controller.close();
    } catch (error) {
      close();
      throw error;
    }
  };
  return new ReadableStream<Uint8Array>({
    pull: (controller) => pulled = pull(controller),
    async cancel() {
      // Its number may not be another file's while it is read. What it gives is not taken any more.
      await pulled?.catch(() => {});
      close();
    },
  }, { highWaterMark: 0 });
}

function versionOf({ ino, size, mtimeMs }: Stats): string {
  return [ino, size, Math.floor(mtimeMs)].map((part) => part.toString(36)).join("-");
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function scannedIfThere(directory: ConfinedDirectory, name: string): ScannedEntry[] {
  try {
    const path = directory.child(name);
    const stats = lstatSync(path);
    const type = typeOf(stats);
    return [{
      name,
      type,
      mode: stats.mode & 0o777,
      modifiedAt: stats.mtimeMs,
      ...(type === "symlink" && { target: readlinkSync(path) }),
    }];
  } catch {
    // Deleted between being listed and being looked at.
    return [];
  }
}
