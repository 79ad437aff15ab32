import { normalize } from "@std/path/posix";
import { WORKSPACE } from "../protocol/commands.ts";

/**
 * Reads a client's path: absolute ones start with `/workspace`, relative ones start there. `.` and `..`
 * are resolved by their text, before any symlink is looked at.
 *
 * @returns the names from the workspace down, empty for the workspace itself, or undefined for a path
 * that leads out of it
 */
export function workspaceSegments(path: string): string[] | undefined {
  if (path.includes("\0")) return undefined;
  const absolute = normalize(path.startsWith("/") ? path : `${WORKSPACE}/${path}`);
  const [root, ...segments] = absolute.split("/").filter((segment) => segment !== "");
  return `/${root}` === WORKSPACE ? segments : undefined;
}

/** Writes segments as the absolute path that the code in the sandbox uses. */
export function workspacePath(segments: readonly string[]): string {
  return [WORKSPACE, ...segments].join("/");
}
