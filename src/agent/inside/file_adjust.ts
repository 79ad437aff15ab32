import { lstatIfThere } from "./link_end.ts";
import { withParents } from "./make_directories.ts";
import type { AdjustRequest, LinkRequest } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";

/** Sets permissions and the time of a file or directory. */
export function adjustPath({ path, mode, modifiedAt }: AdjustRequest): void {
  if (Deno.lstatSync(path).isSymlink) throw new RequestFailure("ELOOP", "Is a symbolic link");
  if (modifiedAt !== undefined) {
    const time = new Date(modifiedAt);
    Deno.utimeSync(path, time, time);
  }
  if (mode !== undefined) Deno.chmodSync(path, mode);
}

/** Makes a symlink; a file or another symlink in its place is removed before. */
export function linkPath({ path, target }: LinkRequest): void {
  const info = lstatIfThere(path);
  if (info?.isDirectory) throw new RequestFailure("EISDIR", "Is a directory");
  if (info !== undefined) Deno.removeSync(path);
  withParents(path, () => Deno.symlinkSync(target, path));
}
