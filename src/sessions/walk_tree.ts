import type { CommandError } from "../errors.ts";
import type { Entry } from "../protocol/entry.ts";
import type { SandboxFiles } from "../runtimes/runtime.ts";

/** Directories that are listed at the same time. */
const AT_ONCE = 32;

/** Options of {@linkcode walkTree}. */
export interface WalkOptions {
  /** How many levels are listed. */
  readonly depth: number;
  /** More entries are left out, the deepest first. */
  readonly maxEntries: number;
  /** Looks at names that begin with a dot. @default {true} */
  readonly includeHidden?: boolean;
  /** Gives up; the walk then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Ends the walk with what it has. */
  readonly isOver?: () => boolean;
}

/** What was found. */
export interface Tree {
  /** Sorted by path. */
  readonly entries: Entry[];
  /** Whether something is missing. */
  readonly truncated: boolean;
}

/** Lists a directory and those below it, level by level; symlinks are told of and not followed. */
export async function walkTree(
  files: Pick<SandboxFiles, "list" | "listMany">,
  path: string,
  options: WalkOptions,
): Promise<Tree> {
  const { depth, maxEntries, includeHidden = true, signal, isOver = () => false } = options;
  const isWanted = ({ name }: Entry) => includeHidden || !name.startsWith(".");
  let level = (await files.list(path)).filter(isWanted);
  const entries = level.slice(0, maxEntries);
  let truncated = level.length > maxEntries;
  for (let below = 1; below < depth && !truncated; below++) {
    const directories = level.filter(({ type }) => type === "directory");
    level = [];
    for (let at = 0; at < directories.length && !truncated; at += AT_ONCE) {
      signal.throwIfAborted();
      if (isOver()) {
        truncated = true;
        break;
      }
      const group = directories.slice(at, at + AT_ONCE).map((directory) => directory.path);
      const lists = await files.listMany(group);
      const found = lists.flatMap((list) => Array.isArray(list) ? list : []).filter(isWanted);
      const room = maxEntries - entries.length;
      truncated = found.length > room || lists.some(isUnreadable);
      const kept = found.slice(0, room);
      entries.push(...kept);
      level.push(...kept);
    }
  }
  return { entries: entries.sort(byPath), truncated };
}

/** Whether a directory could not be listed though it is still there. */
function isUnreadable(list: Entry[] | CommandError): boolean {
  return !Array.isArray(list) && !/^(?:File not found|Not a directory): /.test(list.message);
}

function byPath(a: Entry, b: Entry): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
