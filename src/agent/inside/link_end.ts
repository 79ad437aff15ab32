import { RequestFailure, systemCode } from "./request_failure.ts";

/** As many as the kernel follows. */
const MAX_SYMLINKS = 40;

/** Where a path leads if the symlinks at its end are followed. */
export interface LinkEnd {
  readonly path: string;
  /** What is there; undefined if nothing is. */
  readonly info: Deno.FileInfo | undefined;
}

/** Follows the symlinks at the end of an absolute path; those on the way are the kernel's. */
export function linkEnd(path: string): LinkEnd {
  let end = path;
  for (let followed = 0; followed <= MAX_SYMLINKS; followed++) {
    const info = lstatIfThere(end);
    if (info?.isSymlink !== true) return { path: end, info };
    const target = Deno.readLinkSync(end);
    end = target.startsWith("/") ? target : `${parentOf(end)}/${target}`;
  }
  throw new RequestFailure("ELOOP", "Too many symbolic links");
}

/** The directory that an absolute path names something in. */
export function parentOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed.slice(0, trimmed.lastIndexOf("/")) || "/";
}

/** What is at a path, a symlink at its end not followed; undefined if nothing is. */
export function lstatIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
