import { canHold, holdPath, releasePath } from "./libc.ts";
import { RequestFailure } from "./request_failure.ts";

/** How often a path is looked at that is not there and then is. */
const TRIES = 3;

/** An open regular file. */
export interface RegularFile extends Disposable {
  readonly file: Deno.FsFile;
  readonly info: Deno.FileInfo;
  readonly size: number;
}

/**
 * Opens a regular file that is there, following symlinks. Never waits: a pipe in its place would be opened
 * only when somebody opens its other end, so what is there is held, looked at, and only then opened.
 */
export function openRegular(path: string, options: Deno.OpenOptions): RegularFile {
  if (!canHold) return openAt(path, options);
  for (let tries = 0; tries < TRIES; tries++) {
    const held = holdPath(path);
    if (held === undefined) {
      // The system's own word for what is wrong; what is there by now is not opened unseen.
      Deno.statSync(path);
      continue;
    }
    try {
      return openAt(`/proc/self/fd/${held}`, options);
    } finally {
      releasePath(held);
    }
  }
  throw new RequestFailure("ENOENT", "It comes and goes");
}

function openAt(place: string, options: Deno.OpenOptions): RegularFile {
  requireRegular(Deno.statSync(place));
  return opened(Deno.openSync(place, options));
}

function opened(file: Deno.FsFile): RegularFile {
  try {
    const info = file.statSync();
    requireRegular(info);
    return { file, info, size: info.size, [Symbol.dispose]: () => file.close() };
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
