import { EventBatch } from "./event_batch.ts";
import { IN, type InotifyEvent } from "./inotify.ts";
import { excludedBy } from "./name_pattern.ts";
import { type DirectoryEntry, OpenDirectory } from "./open_directory.ts";
import type { WatchBatch, WatchEvent, WatchOptions } from "./protocol.ts";
import { SystemCallError } from "./watch_library.ts";
import { WatchedDirectories } from "./watched_directories.ts";
import type { WatchedDirectory } from "./watched_directory.ts";

/** The longest path of a directory that is watched, in characters; there may always be a deeper one. */
const MAX_PATH = 4096;
/** Entries of directories that are looked at, from the beginning on. */
const MAX_ENTRIES = 200_000;
/** Entries that are looked at between two looks at the time. */
const ENTRIES_AT_ONCE = 16;
/** What files are written under before they have their name. */
const TEMPORARY = /^\.codebeaker-/;
/** Where code stands in the workspace while it runs. */
const CODE = /^(?:\.?code_[0-9a-f]{12}\.\w+|\$code\.[jt]s)$/;

/** Something that came, went or changed in a directory. */
interface Change {
  readonly directory: WatchedDirectory;
  readonly name: string;
  readonly isDirectory: boolean;
}

interface Listing {
  readonly directory: WatchedDirectory;
  readonly entries: Generator<DirectoryEntry, void>;
  /** What went meanwhile, which the listing may still name. */
  readonly gone: Set<string>;
}

/** There is more in a directory than is watched. */
export class TooMuchToWatch extends Error {
  override readonly name = "TooMuchToWatch";
}

/**
 * A directory and all below it, each with a watch of the kernel's. Directories are found by walking down
 * from the workspace, which is held open, and never through a symlink, so none outside is ever watched.
 */
export class WatchedTree implements Disposable {
  readonly #workspace: OpenDirectory;
  readonly #options: WatchOptions;
  readonly #isExcluded: (path: readonly string[]) => boolean;
  readonly #batch = new EventBatch();
  #directories: WatchedDirectories;
  /** The number of the top in its file system. */
  readonly #identity: number | null;
  /** What was read and is not taken yet. */
  #events: InotifyEvent[] = [];
  /** The moves in it whose second half is there. */
  readonly #arrivals = new Set<number>();
  /** What left its place for another one, by what the two halves of its move have in common. */
  readonly #departed = new Map<number, Change>();
  /** The directory that is being listed. */
  #listing: Listing | undefined;
  #entryCount = 0;
  /** While all is looked at for the first time, or anew, what is there is no news. */
  #isQuiet = true;
  #isFirst = true;
  #isGone = false;

  /** Watches below the workspace at a path. Throws an `SystemCallError`. */
  constructor(workspace: string, options: WatchOptions) {
    this.#options = options;
    this.#isExcluded = excludedBy(options.exclude);
    this.#workspace = OpenDirectory.open(workspace);
    try {
      using top = this.#open([]);
      this.#identity = Deno.statSync(top.path).ino;
      this.#directories = new WatchedDirectories();
    } catch (error) {
      this.#workspace[Symbol.dispose]();
      throw error;
    }
  }

  /** How many directories are watched. */
  get size(): number {
    return this.#directories.size;
  }

  /** Whether directories wait to be looked at. */
  get hasUnseen(): boolean {
    return this.#listing !== undefined || this.#directories.hasUnseen;
  }

  /** Whether all is looked at for the first time, or anew. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Whether the top itself is gone. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Looks at directories until a point of `performance.now()`. Throws {@linkcode TooMuchToWatch} or
   * an `SystemCallError` if that fails in the beginning.
   */
  look(deadline: number): void {
    while (performance.now() < deadline) {
      if (this.#listing !== undefined) {
        this.#list(this.#listing);
        continue;
      }
      const directory = this.#directories.nextUnseen();
      if (directory === undefined) break;
      this.#see(directory);
    }
    if (this.hasUnseen) return;
    this.#isQuiet = false;
    this.#isFirst = false;
  }

  /** Takes what the kernel has told since, or the first part of it, until a point of `performance.now()`. */
  readEvents(deadline: number): void {
    if (this.#events.length === 0) this.#read();
    for (const [index, event] of this.#events.entries()) {
      if ((event.mask & IN.overflow) !== 0) return this.#beginAnew();
      this.#take(event);
      if (performance.now() < deadline) continue;
      this.#events.splice(0, index + 1);
      return;
    }
    this.#events = [];
    if (this.#isInPlace()) return;
    this.#isGone = true;
    this.#tell("removed", [], true);
  }

  /** What happened since it was asked last; nothing while that cannot be told yet. */
  takeBatch(): WatchBatch | undefined {
    return this.#isQuiet || this.#batch.isEmpty ? undefined : this.#batch.take();
  }

  /** Ends every watch. */
  [Symbol.dispose](): void {
    this.#endListing();
    this.#directories[Symbol.dispose]();
    this.#workspace[Symbol.dispose]();
  }

  #read(): void {
    const events = this.#directories.read();
    // The other half of a move comes right behind the first.
    if (((events.at(-1)?.mask ?? 0) & IN.movedFrom) !== 0) events.push(...this.#directories.read());
    this.#events = events;
    this.#arrivals.clear();
    for (const { mask, cookie } of events) {
      if ((mask & IN.movedTo) !== 0) this.#arrivals.add(cookie);
    }
  }

  /** The kernel had too much to tell: what is known may be wrong by now. */
  #beginAnew(): void {
    this.#endListing();
    this.#directories[Symbol.dispose]();
    this.#directories = new WatchedDirectories();
    this.#events = [];
    this.#departed.clear();
    this.#entryCount = 0;
    this.#isQuiet = true;
    this.#batch.take();
    this.#batch.overflow();
  }

  /** A directory that is moved away is watched by the kernel all the same, and so is a deleted one. */
  #isInPlace(): boolean {
    try {
      using top = this.#open([]);
      const { ino, nlink } = Deno.statSync(top.path);
      return ino === this.#identity && nlink !== 0;
    } catch {
      return false;
    }
  }

  #see(directory: WatchedDirectory): void {
    const { segments } = directory;
    const path = segments.join("/");
    if (path.length > MAX_PATH) return this.#batch.addNotWatched(path.slice(0, MAX_PATH));
    try {
      using open = this.#open(segments);
      if (!this.#directories.watch(directory, open)) return;
      // It is watched by now: what comes later is told.
      this.#listing = { directory, entries: open.entries(), gone: new Set() };
    } catch (error) {
      if (segments.length === 0) throw error;
      // Its end, or where it is now, is told by its parent; but a name that is no text cannot be found.
      if (!isGone(error) || path.includes("\ufffd")) this.#batch.addNotWatched(path);
    }
  }

  /** Walks down from the workspace, one open directory at a time. */
  #open(segments: readonly string[]): OpenDirectory {
    let open = this.#workspace.child(".");
    for (const name of [...this.#options.segments, ...segments]) {
      using parent = open;
      open = parent.child(name);
    }
    return open;
  }

  /** Takes the next that are in a directory. */
  #list({ directory, entries, gone }: Listing): void {
    const { segments } = directory;
    for (let count = 0; count < ENTRIES_AT_ONCE; count++) {
      const { done, value } = entries.next();
      if (done === true) return void (this.#listing = undefined);
      if (this.#isQuiet && ++this.#entryCount > MAX_ENTRIES) {
        this.#endListing();
        return this.#refuse(segments);
      }
      if (!gone.has(value.name)) this.#find(directory, value);
    }
    if (!directory.isWithin(this.#directories.root)) this.#endListing();
  }

  #find(directory: WatchedDirectory, { name, isDirectory }: DirectoryEntry): void {
    const { segments } = directory;
    if (directory.names.has(name) || this.#ignores(segments, name)) return;
    this.#directories.remember(directory, name, isDirectory);
    if (!this.#isQuiet) this.#tell("created", [...segments, name], isDirectory);
    if (isDirectory) this.#enter(directory, name);
  }

  #endListing(): void {
    this.#listing?.entries.return();
    this.#listing = undefined;
  }

  /** More is not watched, which is the end of a watch that only begins. */
  #refuse(path: readonly string[]): void {
    if (this.#isFirst) throw new TooMuchToWatch();
    this.#batch.addNotWatched(path.join("/").slice(0, MAX_PATH));
  }

  #take({ watch, mask, cookie, name }: InotifyEvent): void {
    const directory = this.#directories.of(watch);
    const isMove = (mask & IN.movedTo) !== 0;
    const departed = isMove ? this.#departed.get(cookie) : undefined;
    this.#departed.delete(cookie);
    if (directory !== undefined && (mask & IN.ignored) !== 0) this.#directories.lose(directory);
    if (directory === undefined || name === "" || this.#ignores(directory.segments, name)) {
      if (departed !== undefined) this.#remove(departed);
      return;
    }
    const isDirectory = (mask & IN.isDirectory) !== 0;
    const change = { directory, name, isDirectory };
    if (departed !== undefined) {
      this.#rename(change, departed);
    } else if ((mask & IN.movedFrom) !== 0 && this.#arrivals.has(cookie)) {
      this.#departed.set(cookie, change);
      this.#forget(directory, name);
    } else if (isMove || (mask & IN.create) !== 0) {
      this.#arrive(change, isMove);
    } else if ((mask & (IN.delete | IN.movedFrom)) !== 0) {
      this.#remove(change);
    } else {
      this.#tell("modified", [...directory.segments, name], isDirectory);
    }
  }

  #arrive({ directory, name, isDirectory }: Change, isMove: boolean): void {
    const known = directory.names.get(name);
    // It was there when the directory was looked at, before this was read.
    if (known === isDirectory && !isMove) return;
    const path = [...directory.segments, name];
    if (known !== undefined && known !== isDirectory) {
      this.#directories.drop(directory.children.get(name));
      this.#tell("removed", path, known);
    }
    this.#directories.remember(directory, name, isDirectory);
    if (known !== isDirectory) this.#tell("created", path, isDirectory);
    else if (!isDirectory) this.#tell("modified", path, isDirectory);
    // One that takes another's place is looked at, too; if it is the same, it is watched already.
    if (isDirectory) this.#enter(directory, name, isMove);
  }

  #remove({ directory, name, isDirectory }: Change): void {
    this.#forget(directory, name);
    this.#directories.drop(directory.children.get(name));
    this.#tell("removed", [...directory.segments, name], isDirectory);
  }

  #rename({ directory, name, isDirectory }: Change, { directory: from, name: oldName }: Change) {
    const old = [...from.segments, oldName];
    const child = from.children.get(oldName);
    if (child !== undefined && !directory.isWithin(child)) {
      this.#directories.drop(directory.children.get(name));
      child.moveTo(directory, name);
    } else if (isDirectory) {
      this.#enter(directory, name);
    }
    this.#directories.remember(directory, name, isDirectory);
    this.#tell("renamed", [...directory.segments, name], isDirectory, old);
  }

  #forget(directory: WatchedDirectory, name: string): void {
    this.#directories.forget(directory, name);
    if (this.#listing?.directory === directory) this.#listing.gone.add(name);
  }

  #enter(parent: WatchedDirectory, name: string, again = false): void {
    if (!this.#options.recursive || (parent.children.has(name) && !again)) return;
    if (this.#directories.count >= this.#options.maxDirectories) {
      return this.#refuse([...parent.segments, name]);
    }
    this.#directories.enter(parent, name);
  }

  #ignores(segments: readonly string[], name: string): boolean {
    if (TEMPORARY.test(name)) return true;
    const isInWorkspace = segments.length + this.#options.segments.length === 0;
    return (isInWorkspace && CODE.test(name)) || this.#isExcluded([...segments, name]);
  }

  #tell(
    kind: WatchEvent["kind"],
    path: readonly string[],
    isDirectory: boolean,
    from?: readonly string[],
  ): void {
    this.#batch.add({
      kind,
      path: path.join("/"),
      type: isDirectory ? "directory" : "file",
      ...(from !== undefined && { from: from.join("/") }),
    });
  }
}

function isGone(error: unknown): boolean {
  if (!(error instanceof SystemCallError)) return error instanceof Deno.errors.NotFound;
  return ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code);
}
