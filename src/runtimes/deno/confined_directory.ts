import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "@std/path";
import { CommandError } from "../../errors.ts";
import { refusal } from "../file_error.ts";
import { workspaceSegments } from "../workspace_path.ts";

/**
 * A directory that is held open. Names below it are reached through the open directory itself, not
 * through its path, so nothing that is renamed or replaced by a symlink meanwhile leads elsewhere.
 */
export interface ConfinedDirectory extends Disposable {
  /** A path that means `name` in this very directory; the last name is not protected from being a symlink. */
  child(name: string): string;
  /** A path that means this very directory. */
  readonly self: string;
  /** Whether that holds wherever the directory is moved. */
  readonly isHeld: boolean;
  /** Opens a directory below; throws an error of code ENOENT, ENOTDIR or ELOOP for anything else. */
  open(name: string): ConfinedDirectory;
  /** Sets permission bits; throws an error of code ELOOP for a symlink. */
  chmod(name: string, mode: number): void;
  /** Sets when it was written last; throws an error of code ELOOP for a symlink. */
  touch(name: string, time: Date): void;
}

// Linux; Node's constants leave it out.
const O_PATH = 0o10000000;
const OPEN_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OPEN_ANYTHING = O_PATH | constants.O_NOFOLLOW;

const DESCRIPTORS = "/proc/self/fd";

/**
 * Whether a descriptor's path leads where the descriptor does: on Linux, and only with all permissions.
 * With fewer, Deno looks at a path before the kernel does, and opens what it saw.
 */
export function descriptorsHavePaths(): boolean {
  try {
    return Deno.build.os === "linux" && readlinkSync(`${DESCRIPTORS}/0`) !== "";
  } catch {
    // No /proc, or not for us.
    return false;
  }
}

/**
 * A directory held by its descriptor: `/proc/self/fd/<fd>/name` is resolved by the kernel from the open
 * directory, as `openat` does. This is what holds against code that plants symlinks meanwhile.
 */
export class FdDirectory implements ConfinedDirectory {
  readonly isHeld = true;
  readonly #fd: number;
  #open = true;

  /** Opens a directory, if `path` is one and no symlink. */
  constructor(path: string) {
    this.#fd = openSync(path, OPEN_DIRECTORY);
  }

  /** A path of this directory through its descriptor. */
  get self(): string {
    if (!this.#open) throw new CommandError("The session's files are gone");
    return `${DESCRIPTORS}/${this.#fd}`;
  }

  /** A path of `name` through the descriptor. */
  child(name: string): string {
    return `${this.self}/${name}`;
  }

  /** Opens a directory below. */
  open(name: string): FdDirectory {
    return new FdDirectory(this.child(name));
  }

  /** Sets the bits of what is there now: it is held while they are set, and need not be readable. */
  chmod(name: string, mode: number): void {
    this.#hold(name, (path) => chmodSync(path, mode));
  }

  /** Sets the time of what is there now, as {@linkcode chmod} does the bits. */
  touch(name: string, time: Date): void {
    this.#hold(name, (path) => utimesSync(path, time, time));
  }

  #hold(name: string, action: (path: string) => void): void {
    const fd = openSync(this.child(name), OPEN_ANYTHING);
    try {
      if (fstatSync(fd).isSymbolicLink()) throw symlinkInTheWay();
      action(`${DESCRIPTORS}/${fd}`);
    } finally {
      closeSync(fd);
    }
  }

  /** Closes the descriptor; the directory's own operations fail from then on. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}

/**
 * A directory held by its path. It refuses symlinks it sees, but cannot exclude one that is planted
 * between check and use: it is for sessions whose code cannot make any, which is every session without
 * `allowRun`.
 */
export class PathDirectory implements ConfinedDirectory {
  readonly isHeld = false;
  readonly self: string;

  /** Takes the directory's absolute path. */
  constructor(path: string) {
    this.self = path;
  }

  /** The path of `name`. */
  child(name: string): string {
    return join(this.self, name);
  }

  /** Takes a directory below, if it is one and no symlink. */
  open(name: string): PathDirectory {
    const path = this.child(name);
    if (!lstatSync(path).isDirectory()) {
      throw Object.assign(new Error("Not a directory"), { code: "ENOTDIR" });
    }
    return new PathDirectory(path);
  }

  /** Sets the bits. */
  chmod(name: string, mode: number): void {
    const path = this.child(name);
    if (lstatSync(path).isSymbolicLink()) throw symlinkInTheWay();
    chmodSync(path, mode);
  }

  /** Sets the time. */
  touch(name: string, time: Date): void {
    const path = this.child(name);
    if (lstatSync(path).isSymbolicLink()) throw symlinkInTheWay();
    utimesSync(path, time, time);
  }

  /** Nothing is held. */
  [Symbol.dispose](): void {}
}

/** Where a path ends: a name in an open directory. The empty name is the workspace itself. */
export interface Located extends Disposable {
  readonly directory: ConfinedDirectory;
  readonly name: string;
  /** A path for file system calls that do not follow a symlink at its end. */
  readonly path: string;
}

/** Options of {@linkcode locate}. */
export interface LocateOptions {
  /** Makes the missing parents. @default {false} */
  readonly createParents?: boolean;
  /** Follows a symlink at the end too. @default {true} */
  readonly follow?: boolean;
}

const MAX_SYMLINKS = 40;
const MAX_DEPTH = 256;

/**
 * Finds where a client's path ends, walking from the workspace down one open directory at a time.
 * Symlinks are resolved as the code in the sandbox sees them and may not leave the workspace.
 */
export function locate(
  root: ConfinedDirectory,
  path: string,
  options: LocateOptions = {},
): Located {
  const segments = workspaceSegments(path);
  if (segments === undefined) throw refusal("outside", path);
  const walk = new Walk(root, path, options);
  try {
    return walk.run(segments);
  } catch (error) {
    walk[Symbol.dispose]();
    throw error;
  }
}

/** One walk of {@linkcode locate}: the directories opened on the way and the symlinks followed. */
class Walk implements Disposable {
  readonly #root: ConfinedDirectory;
  readonly #asked: string;
  readonly #options: LocateOptions;
  readonly #opened: ConfinedDirectory[] = [];
  #symlinks = 0;

  constructor(root: ConfinedDirectory, asked: string, options: LocateOptions) {
    this.#root = root;
    this.#asked = asked;
    this.#options = options;
  }

  get #directory(): ConfinedDirectory {
    return this.#opened.at(-1) ?? this.#root;
  }

  run(segments: readonly string[]): Located {
    let rest = [...segments];
    while (rest.length > 0) {
      if (rest.length > MAX_DEPTH) throw new CommandError(`Path is too deep: ${this.#asked}`);
      const [name = "", ...below] = rest;
      const last = below.length === 0;
      if (name === "..") {
        this.#ascend();
        rest = below;
        continue;
      }
      const follow = !last || (this.#options.follow ?? true);
      const target = follow ? this.#readSymlink(name) : undefined;
      if (target !== undefined) {
        rest = [...this.#followSymlink(target), ...below];
      } else if (last) {
        return this.#located(name);
      } else {
        this.#descend(name);
        rest = below;
      }
    }
    return this.#located("");
  }

  #located(name: string): Located {
    const directory = this.#directory;
    return {
      directory,
      name,
      path: name === "" ? directory.self : directory.child(name),
      [Symbol.dispose]: () => this[Symbol.dispose](),
    };
  }

  #ascend(): void {
    const left = this.#opened.pop();
    if (left === undefined) throw refusal("outside", this.#asked);
    left[Symbol.dispose]();
  }

  #descend(name: string): void {
    try {
      this.#opened.push(this.#directory.open(name));
    } catch (error) {
      if (!this.#options.createParents || errorCode(error) !== "ENOENT") throw error;
      makeDirectory(this.#directory.child(name));
      this.#opened.push(this.#directory.open(name));
    }
  }

  #readSymlink(name: string): string | undefined {
    try {
      return readlinkSync(this.#directory.child(name));
    } catch {
      // Not a symlink, or nothing there: the step that uses the name says so in its own words.
      return undefined;
    }
  }

  #followSymlink(target: string): string[] {
    if (++this.#symlinks > MAX_SYMLINKS) {
      throw new CommandError(`Too many symbolic links: ${this.#asked}`);
    }
    if (!target.startsWith("/")) {
      return target.split("/").filter((segment) => segment !== "" && segment !== ".");
    }
    const segments = workspaceSegments(target);
    if (segments === undefined) throw refusal("outside", this.#asked);
    while (this.#opened.length > 0) this.#ascend();
    return segments;
  }

  [Symbol.dispose](): void {
    for (const directory of this.#opened.splice(0)) directory[Symbol.dispose]();
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Somebody else made it meanwhile, which is as good.
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function symlinkInTheWay(): Error {
  return Object.assign(new Error("Is a symbolic link"), { code: "ELOOP" });
}

/** The system's word for what went wrong, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
