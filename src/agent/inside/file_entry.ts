import type { RequestReplies } from "./active_request.ts";
import { encodeJson } from "./frame_payload.ts";
import { type FileEntry, MAX_ENTRIES } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";
import type { Steps } from "./sliced_task.ts";

/** Even with the longest names, all of them escaped, they fit into a frame. */
const ENTRIES_PER_FRAME = 256;

/** Tells what is at a path; a symlink at its end is not followed. */
export function describePath(path: string): FileEntry {
  return entry(path.slice(path.lastIndexOf("/") + 1), Deno.lstatSync(path));
}

/** Lists a directory by name, some entries a frame. */
export function* listDirectory(path: string, replies: RequestReplies): Steps {
  const names = Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
  if (names.length > MAX_ENTRIES) {
    throw new RequestFailure("TOO_MANY", `Directory has over ${MAX_ENTRIES} entries`);
  }
  for (let at = 0; at < names.length; at += ENTRIES_PER_FRAME) {
    const entries = names.slice(at, at + ENTRIES_PER_FRAME)
      .flatMap((name) => entryIfThere(`${path}/${name}`, name));
    replies.send("data", encodeJson({ entries }));
    yield;
  }
  return undefined;
}

function entryIfThere(path: string, name: string): FileEntry[] {
  try {
    return [entry(name, Deno.lstatSync(path))];
  } catch {
    // Deleted between being listed and being looked at.
    return [];
  }
}

function entry(name: string, info: Deno.FileInfo): FileEntry {
  return {
    name,
    type: info.isFile
      ? "file"
      : info.isDirectory
      ? "directory"
      : info.isSymlink
      ? "symlink"
      : "other",
    size: info.size,
    modifiedAt: (info.mtime ?? new Date(0)).toISOString(),
  };
}
