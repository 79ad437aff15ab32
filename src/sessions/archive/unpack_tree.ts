import { ArchiveError, CommandError } from "../../errors.ts";
import { refusal } from "../../runtimes/file_error.ts";
import type { SandboxFiles } from "../../runtimes/runtime.ts";
import { readTar, type TarEntry } from "../../runtimes/tar/tar_reader.ts";
import { workspacePath, workspaceSegments } from "../../runtimes/workspace_path.ts";
import { typeAt } from "./type_at.ts";
import { entrySegments, linkTarget, refuseEntry } from "./archive_entry.ts";
import { MAX_ARCHIVE_ENTRIES } from "./archive_limits.ts";

/** What {@linkcode unpackTree} writes with. */
export type UnpackedFiles = Pick<
  SandboxFiles,
  "open" | "store" | "link" | "adjust" | "createDirectory" | "info"
>;

/** Options of {@linkcode unpackTree}. */
export interface UnpackOptions {
  /** Bytes that all files together may have. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What was unpacked. */
export interface Unpacked {
  readonly entries: number;
  /** Of all files. */
  readonly bytes: number;
}

const DIRECTORY_MODE = 0o755;
/** Bytes of headers and padding that come with each entry, at most; longer names have their own bound. */
const BYTES_BESIDE = 4096;
/** Settings of directories that are under way at the same time. */
const AT_ONCE = 32;

/**
 * Unpacks an archive entry by entry, over what is there. Stops at the first entry that is refused, with an
 * `ArchiveError` that names it and says how much was written before; that stays. No entry is written
 * outside of the directory or by way of a symlink, whoever made that.
 */
export async function unpackTree(
  files: UnpackedFiles,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
): Promise<Unpacked> {
  const root = workspaceSegments(path);
  if (root === undefined) throw refusal("outside", path);
  const unpacking = new Unpacking(files, root, options);
  const maxArchiveBytes = options.maxBytes + MAX_ARCHIVE_ENTRIES * BYTES_BESIDE;
  const stream = ReadableStream.from(atMost(archive, maxArchiveBytes));
  try {
    await unpacking.begin();
    for await (const entry of readTar(stream)) await unpacking.add(entry);
    await unpacking.finish();
    return unpacking.done;
  } catch (error) {
    throw explain(error, unpacking.done);
  }
}

interface Settings {
  readonly path: string;
  readonly mode: number;
  readonly modifiedAt: number;
}

/** An archive on its way into a directory. */
class Unpacking {
  readonly #files: UnpackedFiles;
  readonly #root: readonly string[];
  readonly #options: UnpackOptions;
  /** Directories that are known to be there and no symlinks. */
  readonly #directories = new Set<string>();
  /** Files of the archive, which hard links may name. */
  readonly #written = new Set<string>();
  readonly #settings = new Map<string, Settings>();
  #seen = 0;
  #entries = 0;
  #bytes = 0;

  constructor(files: UnpackedFiles, root: readonly string[], options: UnpackOptions) {
    this.#files = files;
    this.#root = root;
    this.#options = options;
  }

  get done(): Unpacked {
    return { entries: this.#entries, bytes: this.#bytes };
  }

  async begin(): Promise<void> {
    this.#directories.add(workspacePath([]));
    if (this.#root.length > 0) await this.#enter(this.#root, workspacePath(this.#root));
  }

  async add(entry: TarEntry): Promise<void> {
    this.#options.signal.throwIfAborted();
    if (++this.#seen > MAX_ARCHIVE_ENTRIES) {
      throw new ArchiveError(`it has more than ${MAX_ARCHIVE_ENTRIES} entries`);
    }
    const segments = entrySegments(entry.name);
    if (segments.length === 0) {
      if (entry.type === "directory") return;
      throw refuseEntry(entry.name, "it would replace the directory itself");
    }
    const all = [...this.#root, ...segments];
    if (entry.type === "directory") await this.#addDirectory(entry, all);
    else await this.#addOther(entry, all);
    this.#entries++;
  }

  /** Directories get their permissions and times when nothing is written into them any more. */
  async finish(): Promise<void> {
    const settings = [...this.#settings.values()].reverse();
    for (let at = 0; at < settings.length; at += AT_ONCE) {
      this.#options.signal.throwIfAborted();
      await Promise.all(
        settings.slice(at, at + AT_ONCE)
          .map(({ path, ...facts }) => this.#files.adjust(path, facts)),
      );
    }
  }

  async #addDirectory({ name, mode, mtime }: TarEntry, all: readonly string[]): Promise<void> {
    await this.#enter(all, name);
    const path = workspacePath(all);
    // What is named again is set last.
    this.#settings.delete(path);
    this.#settings.set(path, {
      path,
      mode: mode & 0o777 || DIRECTORY_MODE,
      modifiedAt: milliseconds(mtime),
    });
  }

  async #addOther(entry: TarEntry, all: readonly string[]): Promise<void> {
    const { name, type } = entry;
    const path = workspacePath(all);
    const parent = all.slice(0, -1);
    if (this.#directories.has(path)) throw refuseEntry(name, "a directory is in its place");
    if (type === "file") this.#require(entry);
    const target = type === "symlink" ? linkTarget(entry, parent) : "";
    const source = type === "hardlink" ? this.#linkedFile(entry) : "";
    if (type === "other") {
      throw refuseEntry(name, "it is neither a file, a directory nor a link");
    }
    await this.#enter(parent, name);
    if (type === "symlink") await this.#files.link(path, target);
    else if (type === "hardlink") await this.#copy(entry, source, path);
    else await this.#store(entry, path);
    if (type === "symlink") this.#written.delete(path);
    else this.#written.add(path);
  }

  #require({ name, size }: Pick<TarEntry, "name" | "size">): void {
    const { maxBytes } = this.#options;
    if (this.#bytes + size <= maxBytes) return;
    throw refuseEntry(
      name,
      `with its ${size} bytes the files have more than ${maxBytes} together`,
    );
  }

  #linkedFile({ name, linkName }: TarEntry): string {
    const source = workspacePath([...this.#root, ...linkedSegments(name, linkName)]);
    if (this.#written.has(source)) return source;
    const shown = JSON.stringify(linkName);
    throw refuseEntry(name, `it is a hard link to ${shown}, which is no file before it`);
  }

  async #store({ name, mode, mtime, size, readable }: TarEntry, path: string): Promise<void> {
    const { signal } = this.#options;
    const { bytes } = await this.#files.store(path, readable, {
      mode: mode & 0o777,
      modifiedAt: milliseconds(mtime),
      follow: false,
      signal,
    });
    this.#bytes += bytes;
    if (bytes !== size) throw refuseEntry(name, "it is cut off");
  }

  /** Both names of a file are files of their own here, each with its bytes. */
  async #copy({ name, mtime }: TarEntry, source: string, path: string): Promise<void> {
    const { signal } = this.#options;
    const opened = await this.#files.open(source, { follow: false, signal });
    try {
      this.#require({ name, size: opened.length });
    } catch (error) {
      await opened.content.cancel();
      throw error;
    }
    const { bytes } = await this.#files.store(path, opened.content, {
      mode: opened.mode,
      modifiedAt: milliseconds(mtime),
      follow: false,
      signal,
    });
    this.#bytes += bytes;
  }

  /** Makes sure that a path is a directory and nothing on the way a symlink. */
  async #enter(all: readonly string[], name: string): Promise<void> {
    const path = workspacePath(all);
    if (this.#directories.has(path)) return;
    await this.#enter(all.slice(0, -1), name);
    const type = await typeAt(this.#files, path);
    if (type === undefined) await this.#files.createDirectory(path);
    else if (type === "symlink") throw refuseEntry(name, "a symlink is on its way");
    else if (type !== "directory") throw refuseEntry(name, "a file is on its way");
    this.#directories.add(path);
  }
}

function linkedSegments(name: string, linkName: string): string[] {
  try {
    return entrySegments(linkName);
  } catch {
    throw refuseEntry(
      name,
      `it is a hard link out of the directory, to ${JSON.stringify(linkName)}`,
    );
  }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}

async function* atMost(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new ArchiveError(`it is longer than ${maxBytes} bytes`);
    yield piece;
  }
}

function explain(error: unknown, { entries, bytes }: Unpacked): unknown {
  const written = entries === 0
    ? "nothing was written"
    : `${entries} ${entries === 1 ? "entry" : "entries"} with ${bytes} bytes were written before`;
  const say = (why: string) => `Cannot unpack the archive: ${why}; ${written}`;
  if (error instanceof CommandError) {
    return new CommandError(say(error.message), { cause: error, reason: error.reason });
  }
  if (error instanceof ArchiveError) return new ArchiveError(say(error.message), { cause: error });
  // That is what is thrown of an archive that is none, or cut off.
  if (!(error instanceof SyntaxError)) return error;
  const why = error.message.replace(/^Cannot read the tar archive: /, "");
  return new ArchiveError(say(why), { cause: error });
}
