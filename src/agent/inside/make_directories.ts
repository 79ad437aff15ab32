import { linkEnd, parentOf } from "./link_end.ts";
import { RequestFailure, systemCode } from "./request_failure.ts";

/** As many as a path in a workspace may have. */
const MAX_DEPTH = 256;

/** Makes a directory with its missing parents; it may be there already, or a symlink that leads to it. */
export function makeDirectories(path: string, depth = 0): void {
  if (depth > MAX_DEPTH) throw new RequestFailure("ENAMETOOLONG", "Path is too deep");
  const end = linkEnd(path);
  if (end.info?.isDirectory) return;
  if (end.info !== undefined) throw new RequestFailure("ENOTDIR", "Not a directory");
  try {
    makeOne(end.path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    makeDirectories(parentOf(end.path), depth + 1);
    makeOne(end.path);
  }
}

/** Does something that needs the directory of `path`, and makes that if it was missing. */
export function withParents<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    makeDirectories(parentOf(path));
    return action();
  }
}

function makeOne(path: string): void {
  try {
    Deno.mkdirSync(path);
  } catch (error) {
    // Somebody else made it meanwhile, which is as good.
    if (systemCode(error) !== "EEXIST") throw error;
  }
}
