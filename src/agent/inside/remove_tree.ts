import { holdPath, releasePath } from "./libc.ts";
import { parentOf } from "./link_end.ts";
import { systemCode } from "./request_failure.ts";

/** From so many bytes on a name below may not fit into a path any more: the kernel takes 4095. */
const LONG_PATH_BYTES = 3072;
const encoder = new TextEncoder();

/**
 * Removes a directory that nobody else uses, with all that is in it, in small steps. It may be deeper than
 * a path is long: what is far down is moved up first.
 */
export function* removeTree(path: string): Generator<void, void> {
  const held = holdPath(path);
  try {
    // Through its descriptor the directory has a short path wherever it is.
    yield* emptyDirectory(held === undefined ? path : `/proc/self/fd/${held}`);
  } finally {
    if (held !== undefined) releasePath(held);
  }
  removeOne(path);
}

function* emptyDirectory(top: string): Generator<void, void> {
  const moved: string[] = [];
  const moveUp = (path: string) => {
    const place = `${top}/${crypto.randomUUID()}`;
    rename(path, place);
    moved.push(place);
  };
  yield* emptyShallow(top, moveUp);
  for (let path = moved.pop(); path !== undefined; path = moved.pop()) {
    yield* emptyShallow(path, moveUp);
    removeOne(path);
  }
}

function* emptyShallow(path: string, moveUp: (path: string) => void): Generator<void, void> {
  for (const { name, isDirectory } of entriesOf(path)) {
    const child = `${path}/${name}`;
    if (!isDirectory) {
      removeOne(child);
    } else if (encoder.encode(child).length > LONG_PATH_BYTES) {
      moveUp(child);
    } else {
      yield* emptyShallow(child, moveUp);
      removeOne(child);
    }
    yield;
  }
}

/** A directory whose owner may not write to it cannot be moved to another. */
function rename(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (systemCode(error) !== "EACCES") throw error;
    Deno.chmodSync(parentOf(from), 0o700);
    Deno.chmodSync(from, 0o700);
    Deno.renameSync(from, to);
  }
}

function entriesOf(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    if (systemCode(error) !== "EACCES") throw error;
    Deno.chmodSync(path, 0o700);
    return [...Deno.readDirSync(path)];
  }
}

function removeOne(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return;
    if (code === "EACCES") {
      // A directory that its owner may not write to is no reason to keep what is in it.
      Deno.chmodSync(parentOf(path), 0o700);
      Deno.removeSync(path);
      return;
    }
    // Something was put in while it was emptied.
    Deno.removeSync(path, { recursive: true });
  }
}
