import { InvalidParamsError, SandboxError } from "../errors.ts";
import { FILE_REFUSALS } from "./file_error.ts";
import { workspacePath, workspaceSegments } from "./workspace_path.ts";

/** Directories of one watch. */
export const MAX_WATCHED_DIRECTORIES = 4096;

/** What of a sandbox's files is watched. */
export interface WatchSpec {
  /** A directory, in the client's words. */
  readonly path: string;
  /** Whether what is below directories in it is watched, too. */
  readonly recursive: boolean;
  /** Patterns with `*`, `?` and `**` of what is left out. */
  readonly exclude: readonly string[];
}

/** Something that happened to a file or a directory. */
export interface FileEvent {
  readonly kind: "created" | "modified" | "removed" | "renamed";
  readonly path: string;
  readonly type: "file" | "directory";
  /** Where what was renamed was before. */
  readonly from?: string;
}

/** What happened in a short time, in order. */
export interface FileEvents {
  readonly events: readonly FileEvent[];
  /** Whether something is missing: only a look tells what is there now. */
  readonly overflow: boolean;
  /** Directories that should be watched and cannot be. */
  readonly notWatched: readonly string[];
}

/** Takes what happened. */
export type FileEventSink = (events: FileEvents) => void;

/** How a watch ended though nobody wanted it to. */
export interface WatchEnd {
  readonly reason: "removed" | "failed";
  /** A sentence for the client. */
  readonly message: string;
}

/** A directory that is watched until it is disposed. */
export interface SandboxWatch extends Disposable {
  /** Directories that should be watched and cannot be. */
  readonly notWatched: readonly string[];
  /** Resolves if it ends by itself; never rejects. */
  readonly ended: Promise<WatchEnd>;
}

/** The names from the workspace down to what is watched. Throws `InvalidParamsError` outside of it. */
export function watchedSegments(path: string): string[] {
  const segments = workspaceSegments(path);
  if (segments !== undefined) return segments;
  throw new InvalidParamsError([{ path: ["path"], message: FILE_REFUSALS.outside(path) }]);
}

/** Turns paths from what is watched on into absolute ones. */
export function fromWorkspace(segments: readonly string[], told: FileEvents): FileEvents {
  const top = workspacePath(segments);
  const absolute = (path: string) => path === "" ? top : `${top}/${path}`;
  return {
    ...told,
    events: told.events.map(({ kind, path, type, from }) => ({
      kind,
      path: absolute(path),
      type,
      ...(from !== undefined && { from: absolute(from) }),
    })),
    notWatched: told.notWatched.map(absolute),
  };
}

/** The end of a watch whose directory is not where it was any more. */
export function watchedDirectoryGone(path: string): WatchEnd {
  return { reason: "removed", message: `The directory is not there any more: ${path}` };
}

const NOT_A_DIRECTORY = ["ENOENT", "ENOTDIR", "ELOOP"];
const SYSTEM_LIMITS = ["ENOSPC", "EMFILE", "ENFILE"];

/** The error for whoever asked for a watch, from the system's word for why there is none. */
export function watchRefusal(code: string, path: string, options: ErrorOptions): SandboxError {
  const what = `Cannot watch ${path}`;
  if (NOT_A_DIRECTORY.includes(code)) {
    const message = `${what}: expected a directory, reached without a symbolic link`;
    return new InvalidParamsError([{ path: ["path"], message }], options);
  }
  if (code === "EACCES") {
    const message = `${what}: the sandbox's user may not read it`;
    return new InvalidParamsError([{ path: ["path"], message }], options);
  }
  if (SYSTEM_LIMITS.includes(code)) {
    const message = `${what}: the machine has no room for more watches, delete others or raise ` +
      "fs.inotify.max_user_watches and fs.inotify.max_user_instances";
    return new SandboxError("watch_limit_reached", message, {
      ...options,
      data: { scope: "machine" },
    });
  }
  if (code === "TOO_MANY") {
    const message = `${what}: there is too much in it; watch a part of it or leave some out ` +
      "with exclude";
    return new SandboxError("watch_limit_reached", message, {
      ...options,
      data: { scope: "watch" },
    });
  }
  const why = code === "CANNOT_WATCH"
    ? "what sees to it needs the C library of GNU, which this image has not"
    : `the system refused it (${code})`;
  return new SandboxError("not_supported", `${what}: ${why}`, options);
}
