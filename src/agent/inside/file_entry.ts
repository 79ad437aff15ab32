import type { RequestReplies } from "./active_request.ts";
import { encodeJson } from "./frame_payload.ts";
import { type FileEntry, MAX_ENTRIES, type ScannedEntry } from "./protocol.ts";
import { RequestFailure } from "./request_failure.ts";
import type { Steps } from "./sliced_task.ts";

/** Even with the longest names, all of them escaped, they fit into a frame. */
const ENTRIES_PER_FRAME = 256;
/** As many as that where symlinks are told with the longest targets. */
const SCANNED_PER_FRAME = 32;

/** Tells what is at a path; a symlink at its end is not followed. */
export function describePath(path: string): FileEntry {
  return entry(path.slice(path.lastIndexOf("/") + 1), Deno.lstatSync(path));
}

/** Lists a directory by name, some entries a frame. */
export function listDirectory(path: string, replies: RequestReplies): Steps {
  return sendEntries(path, replies, { perFrame: ENTRIES_PER_FRAME, describe: entry });
}

/** Lists a directory with all that an archive keeps of its entries. */
export function scanDirectory(path: string, replies: RequestReplies): Steps {
  return sendEntries(path, replies, {
    perFrame: SCANNED_PER_FRAME,
    describe: (name, info) => scanned(name, info, `${path}/${name}`),
  });
}

function* sendEntries(
  path: string,
  replies: RequestReplies,
  { perFrame, describe }: {
    readonly perFrame: number;
    readonly describe: (name: string, info: Deno.FileInfo) => object;
  },
): Steps {
  const names = Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
  if (names.length > MAX_ENTRIES) {
    throw new RequestFailure("TOO_MANY", `Directory has over ${MAX_ENTRIES} entries`);
  }
  for (let at = 0; at < names.length; at += perFrame) {
    const entries = names.slice(at, at + perFrame)
      .flatMap((name) => ifThere(() => describe(name, Deno.lstatSync(`${path}/${name}`))));
    replies.send("data", encodeJson({ entries }));
    yield;
  }
  return undefined;
}

function ifThere(describe: () => object): object[] {
  try {
    return [describe()];
  } catch {
    // Deleted between being listed and being looked at.
    return [];
  }
}

function entry(name: string, info: Deno.FileInfo): FileEntry {
  return {
    name,
    type: typeOf(info),
    size: info.size,
    modifiedAt: (info.mtime ?? new Date(0)).toISOString(),
  };
}

function scanned(name: string, info: Deno.FileInfo, path: string): ScannedEntry {
  return {
    name,
    type: typeOf(info),
    mode: (info.mode ?? 0o644) & 0o777,
    modifiedAt: info.mtime?.getTime() ?? 0,
    ...(info.isSymlink && { target: Deno.readLinkSync(path) }),
  };
}

function typeOf(info: Deno.FileInfo): FileEntry["type"] {
  if (info.isFile) return "file";
  if (info.isDirectory) return "directory";
  return info.isSymlink ? "symlink" : "other";
}
