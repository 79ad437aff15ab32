import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readSync,
  type Stats,
  write,
  writeSync,
} from "node:fs";
import type { Entry } from "../../protocol/commands.ts";
import { fileError, refusal } from "../file_error.ts";
import { errorCode, type Located } from "./confined_directory.ts";

/** Up to this many bytes one synchronous call is cheaper than a turn of the thread pool. */
const SYNC_BYTES = 64 * 1024;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** To read what is no symlink, without waiting. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** To write what nothing is there of. */
export const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** The type of an entry. */
export function typeOf(stats: Stats): Entry["type"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "symlink" : "other";
}

/** The permission bits of the file that is about to be replaced, if there is one. */
export function replaceableMode(target: string, asked: string): number | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(target);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  if (stats.isDirectory()) throw refusal("isDirectory", asked);
  return stats.isFile() ? stats.mode & 0o777 : undefined;
}

/** An open regular file. Never waits: a pipe or device in its place is refused, not opened for long. */
export function openFile(
  path: string,
  flags: number,
  asked: string,
): { fd: number; stats: Stats } & Disposable {
  const fd = openSync(path, flags, 0o644);
  const file = { fd, stats: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) };
  if (file.stats.isFile()) return file;
  closeSync(fd);
  throw refusal(file.stats.isDirectory() ? "isDirectory" : "notRegular", asked);
}

/** Reads that many bytes; fewer, if the file became shorter meanwhile. */
export async function readBytes(fd: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const size = Math.min(CHUNK_BYTES, length - filled);
    const count = length <= SYNC_BYTES
      ? readSync(fd, bytes, filled, size, offset + filled)
      : await new Promise<number>((resolve, reject) =>
        read(fd, bytes, filled, size, offset + filled, (error, count) =>
          error ? reject(error) : resolve(count))
      );
    // The file became shorter while it was read.
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
  }
  return bytes;
}

/** Writes all of the bytes where the file is at. */
export async function writeBytes(fd: number, content: Uint8Array): Promise<void> {
  let written = 0;
  while (written < content.length) {
    const size = Math.min(CHUNK_BYTES, content.length - written);
    written += content.length <= SYNC_BYTES
      ? writeSync(fd, content, written, size)
      : await new Promise<number>((resolve, reject) =>
        write(fd, content, written, size, null, (error, count) =>
          error ? reject(error) : resolve(count))
      );
  }
}

/** Refuses the workspace itself. */
export function requireName(located: Located, asked: string): void {
  if (located.name === "") throw refusal("workspaceItself", asked);
}

/** Turns the system's errors into sentences that carry the path as asked and no path of the host. */
export async function inWords<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw describe(error, path);
  }
}

/** {@linkcode inWords} for actions that never wait. */
export function inWordsSync<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw describe(error, path);
  }
}

function describe(error: unknown, path: string): unknown {
  return fileError(errorCode(error), path, { cause: error }) ?? error;
}
