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
import { type ConfinedDirectory, errorCode } from "./confined_directory.ts";
import { PollingWatch } from "./polling_watch.ts";

/**
 * Watches the files of a workspace, which may be moved meanwhile: through the kernel where that is possible,
 * else by looking again and again. Throws a `SandboxError`.
 */
export async function watchWorkspace(
  workspace: { readonly root: ConfinedDirectory },
  spec: WatchSpec,
  onEvents: FileEventSink,
): Promise<SandboxWatch> {
  const segments = watchedSegments(spec.path);
  const ready = Promise.withResolvers<readonly string[]>();
  const ended = Promise.withResolvers<WatchEnd>();
  const tell: FileEventSink = (events) => onEvents(fromWorkspace(segments, events));
  const onEnd = (error?: unknown) => {
    ready.reject(error);
    const gone = watchedDirectoryGone(spec.path);
    ended.resolve(error === undefined ? gone : failed(error, spec.path));
  };
  const isTold = workspace.root.isHeld && canWatch();
  const { recursive, exclude } = spec;
  const options = { segments, recursive, exclude, maxDirectories: MAX_WATCHED_DIRECTORIES };
  try {
    const watch = isTold
      ? new TreeWatch(workspace.root.self, options, {
        ready: ({ notWatched }) => ready.resolve(notWatched),
        batch: tell,
        ended: onEnd,
      })
      : new PollingWatch({ ...options, root: () => workspace.root }, {
        ready: ready.resolve,
        events: tell,
        ended: onEnd,
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
  const code = error instanceof SystemCallError ? error.code : errorCode(error);
  return code === undefined ? error : watchRefusal(code, path, cause);
}
