import { CommandError } from "../../errors.ts";
import { refusal } from "../../runtimes/file_error.ts";
import type { ScannedEntry } from "../../runtimes/file_transfer.ts";
import type { SandboxFiles } from "../../runtimes/runtime.ts";
import { type TarSource, writeTar } from "../../runtimes/tar/tar_writer.ts";
import { workspacePath, workspaceSegments } from "../../runtimes/workspace_path.ts";
import { typeAt } from "./type_at.ts";
import { MAX_ARCHIVE_ENTRIES } from "./archive_limits.ts";

/** What {@linkcode packTree} reads with. */
export type PackedFiles = Pick<SandboxFiles, "open" | "scan" | "info">;

/** Files that are opened before their turn: each costs a way to the sandbox and back. */
const AHEAD = 4;

/**
 * Packs what is in a directory, with permissions, times and symlinks as such; what is neither file,
 * directory nor symlink is left out. Throws what the files throw for the directory itself; later, what
 * vanished meanwhile is left out, and anything else breaks the archive off.
 */
export async function packTree(
  files: PackedFiles,
  path: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  await requireNoSymlinks(files, path);
  const entries = await files.scan(path);
  return writeTar(new Packing(files, signal).entries(entries, path));
}

/** A symlink would lead to files that are not below the directory, and maybe not in the workspace. */
async function requireNoSymlinks(files: PackedFiles, path: string): Promise<void> {
  const segments = workspaceSegments(path);
  if (segments === undefined) throw refusal("outside", path);
  for (let length = 1; length <= segments.length; length++) {
    if (await typeAt(files, workspacePath(segments.slice(0, length))) !== "symlink") continue;
    throw new CommandError(`Symbolic link is in the way: ${path}`, { reason: "ELOOP" });
  }
}

/** Something to put into the archive; undefined if it is gone. */
type Pending = Promise<TarSource | undefined>;

class Packing {
  readonly #files: PackedFiles;
  readonly #signal: AbortSignal;
  #count = 0;

  constructor(files: PackedFiles, signal: AbortSignal) {
    this.#files = files;
    this.#signal = signal;
  }

  /** All of a directory, in the order of a walk. */
  async *entries(top: readonly ScannedEntry[], path: string): AsyncGenerator<TarSource> {
    const ahead: Pending[] = [];
    try {
      for await (const { entry, name } of this.#walk(top, path, "")) {
        const pending = this.#source(entry, name, `${path}/${name}`);
        // It is looked at in its turn.
        pending.catch(() => {});
        ahead.push(pending);
        if (ahead.length > AHEAD) yield* given(await ahead.shift());
      }
      while (ahead.length > 0) yield* given(await ahead.shift());
    } finally {
      for (const pending of ahead) void pending.then(discard, () => {});
    }
  }

  async *#walk(
    entries: readonly ScannedEntry[],
    path: string,
    prefix: string,
  ): AsyncGenerator<{ readonly entry: ScannedEntry; readonly name: string }> {
    for (const entry of entries) {
      this.#signal.throwIfAborted();
      if (++this.#count > MAX_ARCHIVE_ENTRIES) {
        throw new CommandError(`Directory has over ${MAX_ARCHIVE_ENTRIES} files: ${path}`);
      }
      const name = prefix + entry.name;
      yield { entry, name };
      if (entry.type !== "directory") continue;
      const below = await unlessGone(() => this.#files.scan(`${path}/${entry.name}`));
      if (below !== undefined) yield* this.#walk(below, `${path}/${entry.name}`, `${name}/`);
    }
  }

  async #source(
    { type, mode, modifiedAt, target = "" }: ScannedEntry,
    name: string,
    path: string,
  ): Pending {
    const facts = { name, mode, mtime: modifiedAt / 1000 };
    if (type === "directory") return { ...facts, type };
    if (type === "symlink") return { ...facts, type, linkName: target };
    if (type !== "file") return undefined;
    const opened = await unlessGone(() =>
      this.#files.open(path, { follow: false, signal: this.#signal })
    );
    if (opened === undefined) return undefined;
    return { ...facts, type, content: opened.content, size: opened.length };
  }
}

/** Gives it out once, and lets go of it then, whether it was read or not. */
function* given(source: TarSource | undefined): Generator<TarSource> {
  if (source === undefined) return;
  try {
    yield source;
  } finally {
    discard(source);
  }
}

function discard(source: TarSource | undefined): void {
  if (source?.type !== "file" || !(source.content instanceof ReadableStream)) return;
  source.content.cancel().catch(() => {});
}

/** Undefined for what was there when its directory was read and is not any more, or is something else. */
async function unlessGone<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    const isGone = error instanceof CommandError && GONE.has(error.reason ?? "");
    if (isGone) return undefined;
    throw error;
  }
}

const GONE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "NOT_REGULAR"]);
