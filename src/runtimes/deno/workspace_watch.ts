import { canWatch, SystemCallError } from "../../agent/inside/watch_library.ts";
import { TreeWatch } from "../../agent/inside/tree_watch.ts";
import { TooMuchToWatch } from "../../agent/inside/watched_tree.ts";
import { SandboxError } from "../../errors.ts";
import {
  type FileEventSink,
  fromWorkspace,
  MAX_WATCHED_DIRECTORIES,
  type SandboxWatch,
  watchedDirectoryGone,
  watchedSegments,
  type WatchEnd,
  watchRefusal,
  type WatchSpec,
} from "../file_watch.ts";
import type { ConfinedDirectory } from "./confined_directory.ts";

const NOT_HERE =
  "Cannot watch files in a Deno session: that takes Linux with glibc and a server that runs " +
  "with all permissions, as the compiled binary and the container do (deno run --allow-all)";

/**
 * Watches the files below a workspace's open directory, which may be moved meanwhile. Throws a
 * `SandboxError`.
 */
export async function watchWorkspace(
  root: ConfinedDirectory,
  spec: WatchSpec,
  onEvents: FileEventSink,
): Promise<SandboxWatch> {
  const segments = watchedSegments(spec.path);
  if (!root.isHeld || !canWatch()) throw new SandboxError("not_supported", NOT_HERE);
  const ready = Promise.withResolvers<readonly string[]>();
  const ended = Promise.withResolvers<WatchEnd>();
  try {
    const { recursive, exclude } = spec;
    const maxDirectories = MAX_WATCHED_DIRECTORIES;
    const watch = new TreeWatch(root.self, { segments, recursive, exclude, maxDirectories }, {
      ready: ({ notWatched }) => ready.resolve(notWatched),
      batch: (batch) => onEvents(fromWorkspace(segments, batch)),
      ended: (error) => {
        ready.reject(error);
        ended.resolve(
          error === undefined ? watchedDirectoryGone(spec.path) : failed(error, spec.path),
        );
      },
    });
    const none = { events: [], overflow: false, notWatched: await ready.promise };
    const { notWatched } = fromWorkspace(segments, none);
    return { notWatched, ended: ended.promise, [Symbol.dispose]: () => watch[Symbol.dispose]() };
  } catch (error) {
    throw refusal(error, spec.path);
  }
}

function failed(error: unknown, path: string): WatchEnd {
  const known = refusal(error, path);
  const message = known instanceof SandboxError ? known.message : "The watch failed";
  return { reason: "failed", message };
}

function refusal(error: unknown, path: string): unknown {
  const cause = { cause: error };
  if (error instanceof TooMuchToWatch) return watchRefusal("TOO_MANY", path, cause);
  return error instanceof SystemCallError ? watchRefusal(error.code, path, cause) : error;
}
