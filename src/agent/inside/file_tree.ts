import { FileReplacement, temporaryBeside } from "./file_replacement.ts";
import { linkEnd } from "./link_end.ts";
import { makeDirectories, withParents } from "./make_directories.ts";
import type { ChmodRequest, CopyRequest, MoveRequest, RemoveRequest } from "./protocol.ts";
import { openRegular } from "./regular_file.ts";
import { removeTree } from "./remove_tree.ts";
import { blaming, RequestFailure } from "./request_failure.ts";
import type { Steps } from "./sliced_task.ts";

const COPY_BYTES = 256 * 1024;

/** Makes a directory and its missing parents. */
export function makeDirectory(path: string): void {
  const { path: end, info } = linkEnd(path);
  if (info?.isDirectory) return;
  if (info !== undefined) throw new RequestFailure("OVER_FILE", "A file is there");
  makeDirectories(end);
}

/** Copies a regular file, bytes only. */
export function* copyFile({ source, destination, maxBytes = Infinity }: CopyRequest): Steps {
  using from = blaming(source, () => openRegular(source, { read: true }));
  if (from.size > maxBytes) {
    throw new RequestFailure("TOO_LARGE", `Over ${maxBytes} bytes`, {
      path: source,
      size: from.size,
    });
  }
  const to = blaming(destination, () => new FileReplacement(destination));
  try {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, from.size));
    let copied = 0;
    while (copied < from.size) {
      const piece = buffer.subarray(0, from.size - copied);
      const count = blaming(source, () => from.file.readSync(piece));
      // The file became shorter meanwhile.
      if (count === null) break;
      blaming(destination, () => to.write(piece.subarray(0, count)));
      copied += count;
      yield;
    }
    blaming(destination, () => to.commit());
    return { bytes: copied };
  } finally {
    to.discard();
  }
}

/** Moves or renames; neither end follows a symlink. */
export function movePath({ source, destination }: MoveRequest): void {
  blaming(source, () => Deno.lstatSync(source));
  blaming(
    destination,
    () => withParents(destination, () => Deno.renameSync(source, destination)),
  );
}

/** Sets permission bits, and none but those of 0o777. */
export function changeMode({ path, mode }: ChmodRequest): void {
  Deno.chmodSync(path, mode & 0o777);
}

/** Removes a file or a directory; a symlink is not followed. */
export function* removePath({ path, recursive }: RemoveRequest): Steps {
  if (!recursive || !Deno.lstatSync(path).isDirectory) {
    Deno.removeSync(path);
    return {};
  }
  // In one step it is gone from its place, however long the rest takes.
  const grave = temporaryBeside(path);
  Deno.renameSync(path, grave);
  yield* removeTree(grave);
  return {};
}
