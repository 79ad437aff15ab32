import { checked, watchLibrary } from "./watch_library.ts";

/** Fixed by the kernel; two of them differ between x86 and Arm. */
const IS_ARM = Deno.build.arch === "aarch64";
const O_DIRECTORY = IS_ARM ? 0o40000 : 0o200000;
const O_NOFOLLOW = IS_ARM ? 0o100000 : 0o400000;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const HOLD = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
const READ = O_DIRECTORY | O_CLOEXEC;
const AT_FDCWD = -100;
/** Where these stand in a `struct dirent`. */
const TYPE_OFFSET = 18;
const NAME_OFFSET = 19;
const DT_UNKNOWN = 0;
const DT_DIR = 4;
const MAX_NAME_BYTES = 256;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  /** Whether it is a directory, and no symlink to one. */
  readonly isDirectory: boolean;
}

/**
 * A directory that is held, so that nothing that is moved or replaced by a symlink meanwhile leads to
 * another one.
 */
export class OpenDirectory implements Disposable {
  readonly #fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Holds the directory at a path. Throws a `SystemCallError`. */
  static open(path: string): OpenDirectory {
    // A dot at the end is no symlink, so those at the end of the path are followed.
    return new OpenDirectory(openAt(AT_FDCWD, `${path}/.`, HOLD));
  }

  /** Holds one below. Throws a `SystemCallError`, of code ENOTDIR also for a symlink. */
  child(name: string): OpenDirectory {
    return new OpenDirectory(openAt(this.#fd, name, HOLD));
  }

  /** A path that means this very directory, for this process. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /**
   * What is in it, one by one, also when it is not held any more: a directory may have any number of
   * entries. Throws a `SystemCallError`.
   */
  entries(): Generator<DirectoryEntry, void> {
    return readEntries(openAt(this.#fd, ".", READ));
  }

  /** Lets go of it. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    watchLibrary().close(this.#fd);
  }
}

function openAt(directory: number, name: string, flags: number): number {
  const fd = watchLibrary().openat(directory, encoder.encode(`${name}\0`), flags);
  return checked("openat", fd);
}

function* readEntries(fd: number): Generator<DirectoryEntry, void> {
  const library = watchLibrary();
  const stream = library.fdopendir(fd);
  if (stream === null) {
    library.close(fd);
    return;
  }
  try {
    for (;;) {
      const entry = library.readdir(stream);
      if (entry === null) return;
      const view = new Deno.UnsafePointerView(entry);
      const name = readName(view);
      if (name === "." || name === "..") continue;
      const type = view.getUint8(TYPE_OFFSET);
      const isDirectory = type === DT_UNKNOWN
        ? isDirectoryAt(`/proc/self/fd/${fd}/${name}`)
        : type === DT_DIR;
      yield { name, isDirectory };
    }
  } finally {
    library.closedir(stream);
  }
}

const nameBuffer = new Uint8Array(MAX_NAME_BYTES);

function readName(view: Deno.UnsafePointerView): string {
  let length = 0;
  for (; length < MAX_NAME_BYTES; length++) {
    const byte = view.getUint8(NAME_OFFSET + length);
    if (byte === 0) break;
    nameBuffer[length] = byte;
  }
  return decoder.decode(nameBuffer.subarray(0, length));
}

function isDirectoryAt(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    // Gone meanwhile, which is told by its directory.
    return false;
  }
}
