import type { TerminalSize } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";

/** Events of `poll`, fixed by the kernel for x86 and Arm alike, as are all numbers here. */
export const POLLIN = 1;
/** There is room to write. */
export const POLLOUT = 4;

const O_RDWR = 2;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = O_NONBLOCK;
const EFD_CLOEXEC = O_CLOEXEC;
const TIOCSPTLCK = 0x40045431n;
const TIOCGPTN = 0x80045430n;
const TIOCSWINSZ = 0x5414n;
const TCGETS = 0x5401n;
const TCSETS = 0x5402n;
/** In the first field of `struct termios`: a backspace removes a character, not a byte. */
const IUTF8 = 0o40000;
/** In its fourth field: input comes by lines. */
const ICANON = 2;
const TERMIOS_BYTES = 64;
const POLLFD_BYTES = 8;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let library: Library | undefined;
const encoder = new TextEncoder();

/** Opened with the first terminal, which most agents never have. */
function libc(): Library {
  return library ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
}

/** Opens a terminal: our end of it, and the path of the other. Throws a `RequestFailure`. */
export function openTerminal(): { readonly fd: number; readonly path: string } {
  const flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  const fd = libc().open(encoder.encode("/dev/ptmx\0"), flags, 0);
  if (fd < 0) throw noTerminal("/dev/ptmx cannot be opened, or there are too many terminals");
  const number = new Int32Array(1);
  const isOpen = libc().ioctl(fd, TIOCSPTLCK, number) === 0 &&
    libc().ioctl(fd, TIOCGPTN, number) === 0;
  if (!isOpen) {
    closeFile(fd);
    throw noTerminal("The system does not say which terminal it has made");
  }
  const modes = new Uint32Array(TERMIOS_BYTES / 4);
  if (libc().ioctl(fd, TCGETS, modes) === 0) {
    modes[0]! |= IUTF8;
    libc().ioctl(fd, TCSETS, modes);
  }
  return { fd, path: `/dev/pts/${number[0]}` };
}

/** Says that there is no terminal to be had. */
export function noTerminal(message: string): RequestFailure {
  return new RequestFailure("NO_TERMINAL", message);
}

/** Changes the size; the kernel tells the foreground job. */
export function setSize(fd: number, { cols, rows }: TerminalSize): void {
  libc().ioctl(fd, TIOCSWINSZ, new Uint16Array([rows, cols, 0, 0]));
}

/** Whether whoever reads from a terminal gets whole lines. */
export function readsLines(fd: number): boolean {
  const modes = new Uint32Array(TERMIOS_BYTES / 4);
  return libc().ioctl(fd, TCGETS, modes) === 0 && (modes[3]! & ICANON) !== 0;
}

/** Reads what is there; nothing or less if there is nothing. */
export function readFile(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  return Number(libc().read(fd, buffer, BigInt(buffer.length)));
}

/** Writes what there is room for; nothing or less if there is none. */
export function writeFile(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  return Number(libc().write(fd, bytes, BigInt(bytes.length)));
}

/** Closes a file. */
export function closeFile(fd: number): void {
  libc().close(fd);
}

/** A file that can be read when it was {@linkcode ring | rung}. */
export function openBell(): number {
  return libc().eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/** Makes a bell readable. */
export function ring(bell: number): void {
  writeFile(bell, new Uint8Array(new BigUint64Array([1n]).buffer));
}

/** Makes a bell unreadable. */
export function silence(bell: number): void {
  readFile(bell, new Uint8Array(8));
}

/**
 * Waits on a thread until something of this can be done, or nobody has the other end, and returns what, in
 * the same order.
 */
export async function poll(
  files: readonly { readonly fd: number; readonly events: number }[],
  timeoutMs: number,
): Promise<number[]> {
  const view = new DataView(new ArrayBuffer(POLLFD_BYTES * files.length));
  files.forEach(({ fd, events }, index) => {
    view.setInt32(POLLFD_BYTES * index, fd, true);
    view.setInt16(POLLFD_BYTES * index + 4, events, true);
  });
  await libc().poll(view, BigInt(files.length), timeoutMs);
  return files.map((_, index) => view.getInt16(POLLFD_BYTES * index + 6, true));
}
