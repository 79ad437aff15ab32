import { CommandError } from "../errors.ts";
import type { SingleCommand } from "../protocol/commands.ts";
import type { Entry } from "../protocol/entry.ts";
import type { SearchLimit, SearchMatch, SearchResult } from "../protocol/search.ts";
import type { SandboxFiles } from "../runtimes/runtime.ts";
import { workspacePath, workspaceSegments } from "../runtimes/workspace_path.ts";
import type { FilePlace } from "./file_place.ts";
import { compileGlob, compilePattern, type Expression } from "./search_expression.ts";
import { isBinary, searchLines } from "./search_lines.ts";
import { Turns } from "./turns.ts";
import { walkTree } from "./walk_tree.ts";

/** A command that searches. */
export type SearchCommand = Extract<SingleCommand, { type: "search_files" }>;

/** Bounds of one search. */
export interface SearchBounds {
  /** Levels of directories that are looked at. */
  readonly depth: number;
  /** Entries that are looked at. */
  readonly entries: number;
  /** Bytes that are looked at of one file. */
  readonly fileBytes: number;
  /** Bytes that are looked at of all files. */
  readonly allBytes: number;
  /** Characters of all matches. */
  readonly resultCharacters: number;
  /** Milliseconds. */
  readonly ms: number;
}

const MIB = 1024 * 1024;

/** The bounds that hold unless a test says otherwise. */
export const SEARCH_BOUNDS: SearchBounds = {
  depth: 100,
  entries: 50_000,
  fileBytes: 8 * MIB,
  allBytes: 256 * MIB,
  resultCharacters: 4 * MIB,
  ms: 20_000,
};

/** Files that are read together. */
const FILES_AT_ONCE = 128;
const BYTES_AT_ONCE = 4 * MIB;

interface Progress {
  limit: SearchLimit | undefined;
  files: number;
}

/** Finds entries by their name, or lines of files. */
export async function searchFiles(
  command: SearchCommand,
  { files, maxFileBytes, signal }: FilePlace,
  bounds: SearchBounds = SEARCH_BOUNDS,
): Promise<SearchResult> {
  const { path, pattern, ignoreCase, maxResults } = command;
  const end = performance.now() + bounds.ms;
  const isOver = () => performance.now() >= end;
  const turns = new Turns(signal);
  const candidates = await candidatesOf(command, files, { bounds, signal, isOver });
  const entries = await matchingEntries(candidates.entries, command, turns);
  const progress: Progress = {
    limit: candidates.truncated ? (isOver() ? "time" : "entries") : undefined,
    files: candidates.entries.length,
  };
  if (pattern === undefined) {
    if (entries.length > maxResults) progress.limit = "results";
    return { path, entries: entries.slice(0, maxResults), ...told(progress) };
  }
  progress.files = 0;
  const searcher = new Searcher({
    files,
    expression: compilePattern(pattern, ignoreCase),
    command,
    bounds: { ...bounds, fileBytes: Math.min(bounds.fileBytes, maxFileBytes) },
    signal,
    turns,
    isOver,
    progress,
  });
  const matches = await searcher.search(entries.filter(({ type }) => type === "file"));
  return { path, matches, ...told(progress) };
}

function told({ files, limit }: Progress): Omit<SearchResult, "path"> {
  return { files, ...(limit !== undefined && { truncated: true, truncatedBy: limit }) };
}

interface Search {
  readonly files: Pick<SandboxFiles, "readMany">;
  readonly expression: Expression;
  readonly command: SearchCommand;
  readonly bounds: SearchBounds;
  readonly signal: AbortSignal;
  readonly turns: Turns;
  readonly isOver: () => boolean;
  readonly progress: Progress;
}

/** Looks into files, some of them at a time, the next ones being read meanwhile. */
class Searcher {
  readonly #search: Search;
  readonly #matches: SearchMatch[] = [];
  #characters = 0;

  constructor(search: Search) {
    this.#search = search;
  }

  async search(entries: readonly Entry[]): Promise<SearchMatch[]> {
    const groups = groupsOf(entries, this.#search.bounds);
    if (groups.isCut) this.#stop("bytes");
    let next = this.#read(groups.list[0]);
    for (const index of groups.list.keys()) {
      const contents = await next;
      next = this.#read(groups.list[index + 1]);
      // It may reject while the search ends for another reason.
      next.catch(() => {});
      for (const content of contents) {
        if (!await this.#look(content)) return this.#matches;
      }
    }
    return this.#matches;
  }

  async #read(group: readonly Entry[] = []): Promise<{ path: string; bytes: Uint8Array }[]> {
    const { files, bounds, signal } = this.#search;
    signal.throwIfAborted();
    const paths = group.map(({ path }) => path);
    const contents = await files.readMany(paths, { length: bounds.fileBytes, signal });
    return contents.flatMap((file, index) => {
      // Deleted, replaced or closed to us since it was listed.
      if (file instanceof CommandError) return [];
      if (file.size > file.content.length) this.#stop("bytes");
      return [{ path: paths[index] ?? "", bytes: file.content }];
    });
  }

  /** Whether the search goes on. */
  async #look({ path, bytes }: { path: string; bytes: Uint8Array }): Promise<boolean> {
    const { command, expression, bounds, turns, isOver, progress } = this.#search;
    progress.files++;
    if (!isBinary(bytes)) {
      const { contextLines, maxResults } = command;
      // One more than is given tells whether there are more.
      const max = maxResults + 1 - this.#matches.length;
      const text = new TextDecoder().decode(bytes);
      const found = await searchLines(text, expression, { path, contextLines, max, turns, isOver });
      for (const match of found) {
        this.#characters += charactersOf(match);
        const isFull = this.#matches.length >= maxResults;
        if (isFull || this.#characters > bounds.resultCharacters) return this.#stop("results");
        this.#matches.push(match);
      }
    }
    await turns.next();
    return isOver() ? this.#stop("time") : true;
  }

  #stop(limit: SearchLimit): false {
    this.#search.progress.limit = limit;
    return false;
  }
}

function charactersOf({ path, text, before = [], after = [] }: SearchMatch): number {
  return [...before, ...after].reduce((sum, line) => sum + line.length, path.length + text.length);
}

/** Files to be read together, as far as the bytes of a search go. */
function groupsOf(
  entries: readonly Entry[],
  { fileBytes, allBytes }: SearchBounds,
): { list: Entry[][]; isCut: boolean } {
  const list: Entry[][] = [];
  let group: Entry[] = [];
  let bytes = 0;
  let total = 0;
  for (const entry of entries) {
    const size = Math.min(entry.size, fileBytes);
    total += size;
    if (total > allBytes) return { list, isCut: true };
    if (group.length >= FILES_AT_ONCE || (group.length > 0 && bytes + size > BYTES_AT_ONCE)) {
      group = [];
      bytes = 0;
    }
    if (group.length === 0) list.push(group);
    group.push(entry);
    bytes += size;
  }
  return { list, isCut: false };
}

interface CandidateOptions {
  readonly bounds: SearchBounds;
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
}

async function candidatesOf(
  { path, includeHidden }: SearchCommand,
  files: Pick<SandboxFiles, "list" | "listMany" | "info">,
  { bounds, signal, isOver }: CandidateOptions,
): Promise<{ entries: Entry[]; truncated: boolean }> {
  const { depth, entries: maxEntries } = bounds;
  try {
    return await walkTree(files, path, { depth, maxEntries, includeHidden, signal, isOver });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const entry = await files.info(path);
    if (entry.type !== "file") throw error;
    return { entries: [entry], truncated: false };
  }
}

async function matchingEntries(
  entries: readonly Entry[],
  { path, glob, ignoreCase }: SearchCommand,
  turns: Turns,
): Promise<readonly Entry[]> {
  if (glob === undefined) return entries;
  const base = `${workspacePath(workspaceSegments(path) ?? [])}/`;
  const relative = withoutStart(withoutStart(glob, base), "./").replace(/^\/+/, "");
  const expression = compileGlob(relative, ignoreCase);
  const matching: Entry[] = [];
  for (const entry of entries) {
    const subject = relative.includes("/") ? withoutStart(entry.path, base) : entry.name;
    if (expression.test(subject)) matching.push(entry);
    await turns.next();
  }
  return matching;
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text;
}
