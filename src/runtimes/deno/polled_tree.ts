import { lstatSync, readdirSync } from "node:fs";
import { EventBatch } from "../../agent/inside/event_batch.ts";
import { excludedBy } from "../../agent/inside/name_pattern.ts";
import { TooMuchToWatch } from "../../agent/inside/watched_tree.ts";
import type { FileEvents } from "../file_watch.ts";
import { type ConfinedDirectory, errorCode } from "./confined_directory.ts";

/** Files and directories of one watch, and how deep they may be. */
const MAX_ENTRIES = 10_000;
const MAX_DEPTH = 64;
/** Where code stands in the workspace while it runs. */
const CODE = /^\$code\.[jt]s$/;
const GONE = ["ENOENT", "ENOTDIR", "ELOOP"];

/** What is known of a file or a directory. */
interface Seen {
  readonly isDirectory: boolean;
  /** Changes with what is told as a modification. */
  readonly state: string;
}

/** What is looked at. */
export interface PolledTreeOptions {
  /** The workspace's directory now. */
  readonly root: () => ConfinedDirectory;
  readonly segments: readonly string[];
  readonly recursive: boolean;
  readonly exclude: readonly string[];
}

/**
 * A directory that is looked at again and again, where the kernel does not tell of changes. A look is made
 * in steps, and counts only if the workspace has not moved meanwhile.
 */
export class PolledTree {
  readonly #options: PolledTreeOptions;
  readonly #isExcluded: (path: readonly string[]) => boolean;
  readonly #batch = new EventBatch();
  readonly #closed = new Set<string>();
  #known: Map<string, Seen> | undefined;
  #isGone = false;

  /** Takes what is to be looked at. */
  constructor(options: PolledTreeOptions) {
    this.#options = options;
    this.#isExcluded = excludedBy(options.exclude);
  }

  /** Whether there was a look that counts. */
  get hasLooked(): boolean {
    return this.#known !== undefined;
  }

  /** Whether the directory is not there any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** What has changed since it was asked last. */
  takeBatch(): FileEvents | undefined {
    return this.#batch.isEmpty ? undefined : this.#batch.take();
  }

  /**
   * Looks at all of it once, in steps. Throws `TooMuchToWatch`, and in the first look whatever keeps it from
   * the directory.
   */
  *look(): Generator<void, void> {
    const root = this.#options.root();
    const place = root.self;
    const found = new Map<string, Seen>();
    let missing: unknown;
    try {
      yield* this.#descend(root, this.#options.segments, found);
    } catch (error) {
      if (this.#known === undefined || !GONE.includes(errorCode(error) ?? "")) throw error;
      missing = error;
    }
    // What was found on the way to a place that is another by now says nothing.
    if (this.#options.root().self !== place) return;
    if (missing !== undefined) {
      this.#isGone = true;
      this.#batch.add({ kind: "removed", path: "", type: "directory" });
      return;
    }
    if (this.#known !== undefined) yield* this.#compare(this.#known, found);
    this.#known = found;
  }

  *#descend(
    directory: ConfinedDirectory,
    [first, ...rest]: readonly string[],
    found: Map<string, Seen>,
  ): Generator<void, void> {
    if (first === undefined) return yield* this.#list(directory, [], found);
    using below = directory.open(first);
    yield* this.#descend(below, rest, found);
  }

  *#list(
    directory: ConfinedDirectory,
    segments: readonly string[],
    found: Map<string, Seen>,
  ): Generator<void, void> {
    for (const name of readdirSync(directory.self)) {
      yield;
      const path = [...segments, name];
      if (this.#ignores(path)) continue;
      const seen = see(directory.child(name));
      if (seen === undefined) continue;
      if (found.size >= MAX_ENTRIES) throw new TooMuchToWatch();
      found.set(path.join("/"), seen);
      if (seen.isDirectory && this.#options.recursive) yield* this.#enter(directory, path, found);
    }
  }

  *#enter(
    parent: ConfinedDirectory,
    path: readonly string[],
    found: Map<string, Seen>,
  ): Generator<void, void> {
    if (path.length > MAX_DEPTH) return this.#addNotWatched(path);
    try {
      using directory = parent.open(path.at(-1) ?? "");
      yield* this.#list(directory, path, found);
    } catch (error) {
      const code = errorCode(error) ?? "";
      if (code === "EACCES") return this.#addNotWatched(path);
      if (!GONE.includes(code)) throw error;
    }
  }

  *#compare(before: Map<string, Seen>, now: Map<string, Seen>): Generator<void, void> {
    for (const [path, { isDirectory }] of before) {
      yield;
      if (now.get(path)?.isDirectory === isDirectory) continue;
      // What was in a directory that is gone went with it.
      const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      if (parent === "" || now.has(parent)) this.#tell("removed", path, isDirectory);
    }
    for (const [path, { isDirectory, state }] of now) {
      yield;
      const known = before.get(path);
      if (known?.isDirectory !== isDirectory) this.#tell("created", path, isDirectory);
      else if (known.state !== state) this.#tell("modified", path, isDirectory);
    }
  }

  #tell(kind: "created" | "modified" | "removed", path: string, isDirectory: boolean): void {
    this.#batch.add({ kind, path, type: isDirectory ? "directory" : "file" });
  }

  #addNotWatched(path: readonly string[]): void {
    const text = path.join("/");
    if (this.#closed.has(text)) return;
    this.#closed.add(text);
    this.#batch.addNotWatched(text);
  }

  #ignores(path: readonly string[]): boolean {
    const isInWorkspace = path.length + this.#options.segments.length === 1;
    return (isInWorkspace && CODE.test(path[0] ?? "")) || this.#isExcluded(path);
  }
}

/** Looks at a path, not at what a symlink leads to; undefined if nothing is there. */
function see(path: string): Seen | undefined {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return undefined;
  const { ino, size, mode, mtimeMs, ctimeMs } = info;
  const isDirectory = info.isDirectory();
  // The times of a directory change with what is in it, which is told by itself.
  const state = isDirectory ? [mode] : [ino, size, mode, mtimeMs, ctimeMs];
  return { isDirectory, state: state.join() };
}
