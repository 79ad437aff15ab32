import { holdPath, releasePath } from "./libc.ts";
import { RequestFailure } from "./request_failure.ts";

/** An open regular file. */
export interface RegularFile extends Disposable {
  readonly file: Deno.FsFile;
  readonly size: number;
}

/**
 * Opens a regular file that is there, following symlinks. Never waits: a pipe in its place would be opened
 * only when somebody opens its other end, so what is there is held, looked at, and only then opened.
 */
export function openRegular(path: string, options: Deno.OpenOptions): RegularFile {
  const held = holdPath(path);
  // Without the means to hold it, or without any: the system's own word for what is wrong comes from here.
  const place = held === undefined ? path : `/proc/self/fd/${held}`;
  try {
    requireRegular(Deno.statSync(place));
    const file = Deno.openSync(place, options);
    return opened(file);
  } finally {
    if (held !== undefined) releasePath(held);
  }
}

function opened(file: Deno.FsFile): RegularFile {
  try {
    const info = file.statSync();
    requireRegular(info);
    return { file, size: info.size, [Symbol.dispose]: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

function requireRegular(info: Deno.FileInfo): void {
  if (info.isFile) return;
  if (info.isDirectory) throw new RequestFailure("EISDIR", "Is a directory");
  throw new RequestFailure("NOT_REGULAR", "Not a regular file");
}
