import { CommandError } from "../../errors.ts";
import type { Entry } from "../../protocol/entry.ts";
import { eachSettled } from "../each_settled.ts";
import { FILE_REFUSALS } from "../file_error.ts";
import type { FileContent, ReadOptions } from "../runtime.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";
import { readTar } from "../tar/tar_reader.ts";
import { parseEntries } from "./engine_entries.ts";
import type { EngineFileCalls } from "./engine_file_call.ts";
import {
  LIST_MANY_SCRIPT,
  MAX_LISTED,
  NEXT_DIRECTORY,
  NOT_LISTED,
  READ_MANY_SCRIPT,
} from "./engine_many_scripts.ts";

const NEXT_REGEXP = new RegExp(`(?<=\\n)/${NEXT_DIRECTORY}\\n`);

/** What looks at one path, for those that could not be looked at together with others. */
export interface OneByOne {
  list(path: string): Promise<Entry[]>;
  read(path: string, options: ReadOptions): Promise<FileContent>;
}

/** Names of 255 bytes, and what stands before them. */
const MAX_ENTRY_BYTES = 340;
/** Bytes of an archive, and files that it is of. */
const ARCHIVE_BYTES = 24 * 1024 * 1024;
const ARCHIVE_FILES = 256;

/** Lists directories by one program. */
export async function listMany(
  calls: EngineFileCalls,
  paths: readonly string[],
  single: OneByOne,
): Promise<(Entry[] | CommandError)[]> {
  const [first] = paths;
  if (first === undefined) return [];
  const targets = paths.map(locate);
  const { content } = await calls.run({
    script: LIST_MANY_SCRIPT,
    args: targets.filter((target) => target !== undefined),
    paths: [first],
    maxBytes: MAX_LISTED * MAX_ENTRY_BYTES,
    again: true,
  });
  const lists = partsOf(new TextDecoder().decode(content));
  return await Promise.all(paths.map(async (path, index) => {
    const target = targets[index];
    if (target === undefined) return new CommandError(FILE_REFUSALS.outside(path));
    const text = lists.next().value;
    // Why it could not be listed is said where it is asked for alone.
    if (text === undefined || text.endsWith(`/${NOT_LISTED}\n`)) {
      const [answer] = await eachSettled([path], (asked) => single.list(asked));
      return answer ?? [];
    }
    return parseEntries(text, target).sort((a, b) => a.name < b.name ? -1 : 1);
  }));
}

/** Reads files out of archives; what does not fit into one, one by one. */
export async function readMany(
  calls: EngineFileCalls,
  paths: readonly string[],
  options: ReadOptions,
  single: OneByOne,
): Promise<(FileContent | CommandError)[]> {
  const found = new Map<string, FileContent>();
  const missing = new Set<string>();
  for (let at = 0; at < paths.length; at += ARCHIVE_FILES) {
    options.signal?.throwIfAborted();
    const group = paths.slice(at, at + ARCHIVE_FILES);
    const isComplete = group.length > 1 && await readArchive(calls, group, found);
    if (isComplete) group.filter((path) => !found.has(path)).forEach((path) => missing.add(path));
  }
  const { offset = 0, length = Infinity } = options;
  return await eachSettled(paths, async (path) => {
    const whole = found.get(path);
    if (whole !== undefined) {
      return { ...whole, content: whole.content.subarray(offset, offset + length) };
    }
    if (missing.has(path)) throw new CommandError(`Cannot be read: ${path}`);
    return await single.read(path, options);
  });
}

/** Whether everything that can be read was in the archive. */
async function readArchive(
  calls: EngineFileCalls,
  paths: readonly string[],
  found: Map<string, FileContent>,
): Promise<boolean> {
  const names = new Map<string, string>();
  for (const path of paths) {
    const target = locate(path);
    if (target !== undefined) names.set(target.slice(1), path);
  }
  const [first] = names.values();
  if (first === undefined) return true;
  const { word, content } = await calls.run({
    script: READ_MANY_SCRIPT,
    args: [`${ARCHIVE_BYTES}`, ...names.keys()],
    paths: [first],
    maxBytes: ARCHIVE_BYTES,
    again: true,
  });
  if (word !== "ok") return false;
  try {
    for await (const entry of readTar(ReadableStream.from([content]))) {
      const path = names.get(entry.name);
      if (path === undefined) continue;
      // Another name of a file that is in the archive already.
      const same = entry.type === "hardlink" && found.get(names.get(entry.linkName) ?? "");
      if (same) found.set(path, same);
      if (entry.type !== "file") continue;
      const content = await new Response(entry.readable).bytes();
      found.set(path, { content, size: content.length });
    }
    return true;
  } catch (error) {
    // A file became larger meanwhile, and the archive was cut.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** What was written of each directory, in their order. */
function partsOf(text: string): IterableIterator<string, undefined> {
  const [, ...parts] = `\n${text}`.split(NEXT_REGEXP);
  return parts.values();
}

function locate(path: string): string | undefined {
  const segments = workspaceSegments(path);
  return segments && workspacePath(segments);
}
