import { ArchiveError } from "../../errors.ts";
import type { TarHeader } from "../../runtimes/tar/tar_entry.ts";
import { workspaceSegments } from "../../runtimes/workspace_path.ts";
import { MAX_ARCHIVE_DEPTH, MAX_ARCHIVE_PATH_BYTES, MAX_NAME_BYTES } from "./archive_limits.ts";

const encoder = new TextEncoder();

/**
 * Reads the name of an entry as the names from where the archive is unpacked down to it; empty for that
 * directory itself. Throws an `ArchiveError` for one that leads out.
 */
export function entrySegments(name: string): string[] {
  const refuse = (why: string) => refuseEntry(name, why);
  if (name.startsWith("/")) throw refuse("its path is absolute");
  if (name.includes("\0")) throw refuse("its name has a zero byte");
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refuse("its path leads out with ..");
  if (encoder.encode(name).length > MAX_ARCHIVE_PATH_BYTES) {
    throw refuse(`its path is longer than ${MAX_ARCHIVE_PATH_BYTES} bytes`);
  }
  if (segments.length > MAX_ARCHIVE_DEPTH) {
    throw refuse(`it is deeper than ${MAX_ARCHIVE_DEPTH} directories`);
  }
  if (segments.some((segment) => encoder.encode(segment).length > MAX_NAME_BYTES)) {
    throw refuse(`a name in its path is longer than ${MAX_NAME_BYTES} bytes`);
  }
  return segments;
}

/**
 * Where a symlink of an archive may lead, as it is made: relative, to a place in the workspace. It may go
 * up only at its beginning: from there on, a name may be a symlink itself, and what is above that only the
 * system knows.
 *
 * @param directory the names from the workspace down to the directory that the symlink is in
 */
export function linkTarget(
  { name, linkName }: Pick<TarHeader, "name" | "linkName">,
  directory: readonly string[],
): string {
  const refuse = (why: string) => refuseEntry(name, why);
  if (linkName === "" || linkName.includes("\0")) throw refuse("it is a symlink to nowhere");
  if (encoder.encode(linkName).length > MAX_ARCHIVE_PATH_BYTES) {
    throw refuse("it is a symlink whose target is too long");
  }
  const parts = linkName.split("/").filter((part) => part !== "" && part !== ".");
  const down = parts.slice(parts.findIndex((part) => part !== ".."));
  const up = parts.every((part) => part === "..") ? parts.length : parts.length - down.length;
  if (up < parts.length && down.includes("..")) {
    throw refuse(`it is a symlink to ${quoted(linkName)}, which goes up behind a name`);
  }
  if (!linkName.startsWith("/")) {
    if (up <= directory.length) return linkName;
    throw refuse(`it is a symlink out of the workspace, to ${quoted(linkName)}`);
  }
  const segments = up > 0 ? undefined : workspaceSegments(linkName);
  if (segments === undefined) {
    throw refuse(`it is a symlink out of the workspace, to ${quoted(linkName)}`);
  }
  return [...directory.map(() => ".."), ...segments].join("/") || ".";
}

/** The error for an entry that is refused. */
export function refuseEntry(name: string, why: string): ArchiveError {
  return new ArchiveError(`entry ${quoted(name)} is refused: ${why}`);
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
