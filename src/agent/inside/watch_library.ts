/** Where a call of the C library leaves what went wrong; fixed by the kernel. */
const CODES: Readonly<Record<number, string>> = {
  2: "ENOENT",
  13: "EACCES",
  20: "ENOTDIR",
  23: "ENFILE",
  24: "EMFILE",
  28: "ENOSPC",
  40: "ELOOP",
};

const SYMBOLS = {
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fdopendir: { parameters: ["i32"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  closedir: { parameters: ["pointer"], result: "i32" },
  inotify_init1: { parameters: ["i32"], result: "i32" },
  inotify_add_watch: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  inotify_rm_watch: { parameters: ["i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let library: Library | null | undefined;

/** A call of the system that failed. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  /** The system's word, such as `ENOSPC`. */
  readonly code: string;

  /** Makes the error of a call. */
  constructor(call: string, errno: number) {
    super(`${call} failed: ${CODES[errno] ?? errno}`);
    this.code = CODES[errno] ?? `E${errno}`;
  }
}

/** Whether directories can be watched here. */
export function canWatch(): boolean {
  return load() !== undefined;
}

/** What of the C library watching takes, loaded when it is first wanted. */
export function watchLibrary(): Library {
  const loaded = load();
  if (loaded === undefined) throw new TypeError("Directories cannot be watched here");
  return loaded;
}

/** What a call returned. Throws a {@linkcode SystemCallError} if it failed. */
export function checked(call: string, result: number): number {
  if (result >= 0) return result;
  const place = watchLibrary().__errno_location();
  throw new SystemCallError(
    call,
    place === null ? 0 : new Deno.UnsafePointerView(place).getInt32(),
  );
}

function load(): Library | undefined {
  if (library !== undefined) return library ?? undefined;
  try {
    // A process that may not load it must not ask its user whether it may.
    const { state } = Deno.permissions.querySync({ name: "ffi" });
    const isLinux = Deno.build.os === "linux" && state === "granted";
    library = isLinux ? Deno.dlopen("libc.so.6", SYMBOLS).symbols : null;
  } catch {
    // Another C library.
    library = null;
  }
  return library ?? undefined;
}
