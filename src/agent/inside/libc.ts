/** Fixed by the kernel for x86 and Arm alike. */
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const X_OK = 1;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const RUSAGE_SELF = 0;
const RUSAGE_BYTES = 144;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  getrusage: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const library = load();
const encoder = new TextEncoder();
const usage = new BigInt64Array(RUSAGE_BYTES / 8);

/**
 * The few things that only the C library can do and that are not worth loading Node's modules for, which
 * would more than double the time in which an agent starts. All of them can be done without.
 */
function load(): Library | undefined {
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  } catch {
    // Another C library, or another system.
    return undefined;
  }
}

/**
 * Holds whatever is at a path without opening it, so that it can be looked at before it is opened through
 * its descriptor. Undefined if it cannot be held.
 */
export function holdPath(path: string): number | undefined {
  const fd = library?.open(encoder.encode(`${path}\0`), O_PATH | O_CLOEXEC, 0) ?? -1;
  return fd < 0 ? undefined : fd;
}

/** Whether {@linkcode holdPath} can hold anything. */
export const canHold = library !== undefined;

/** Lets go of what {@linkcode holdPath} holds. */
export function releasePath(fd: number): void {
  library?.close(fd);
}

/** Whether something at a path may be run or entered; true if that cannot be told. */
export function mayRun(path: string): boolean {
  return library === undefined || library.access(encoder.encode(`${path}\0`), X_OK) === 0;
}

/** Keeps other processes of the same user from looking into this one; false if it cannot. */
export function forbidInspection(): boolean {
  if (library === undefined) return false;
  library.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n);
  return library.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n) !== 1;
}

/** CPU time of this process in milliseconds. */
export function ownCpuMs(): number | undefined {
  if (library?.getrusage(RUSAGE_SELF, usage) !== 0) return undefined;
  const [userSeconds = 0n, userMicros = 0n, systemSeconds = 0n, systemMicros = 0n] = usage;
  return Number(userSeconds + systemSeconds) * 1000 + Number(userMicros + systemMicros) / 1000;
}
