import { CommandError, SandboxError } from "../errors.ts";
import { type CommandResults, MAX_REPLACEMENTS, type SingleCommand } from "../protocol/commands.ts";
import { findAll } from "./byte_search.ts";
import type { FilePlace } from "./file_place.ts";
import { nearMiss } from "./near_miss.ts";
import { Turns } from "./turns.ts";

type ReplaceCommand = Extract<SingleCommand, { type: "replace_in_file" }>;

/** Replaces text in a file, byte for byte; the rest need not be text. */
export async function replaceInFile(
  command: ReplaceCommand,
  { files, content: replacement, maxFileBytes, signal }: FilePlace,
): Promise<CommandResults["replace_in_file"]> {
  const { path, oldText, all, expectedCount = 1 } = command;
  const { content: old } = await files.read(path, { signal });
  const needle = new TextEncoder().encode(oldText);
  const turns = new Turns(signal);
  const found = await findAll(old, needle, { max: MAX_REPLACEMENTS + 1, turns });
  const count = found.length;
  if (count === 0) throw new CommandError(notFound(path, nearMiss(old, oldText)));
  if (count > MAX_REPLACEMENTS) {
    throw new CommandError(
      `Cannot replace in ${path}: the text is there more than ${MAX_REPLACEMENTS} times`,
    );
  }
  if (!all && count !== expectedCount) {
    throw new CommandError(
      `Cannot replace in ${path}: expected the text ${times(expectedCount)}, it is there ` +
        `${times(count)}; add more of what is around it, set "expectedCount" or use "all": true`,
    );
  }
  const size = old.length + count * (replacement.length - needle.length);
  if (size > maxFileBytes) throw tooLarge(path, size, maxFileBytes);
  const changed = spliced(old, found, needle.length, replacement, size);
  await files.write(path, changed, { signal });
  return { path, count, bytes: size };
}

function spliced(
  old: Uint8Array,
  found: readonly number[],
  length: number,
  replacement: Uint8Array,
  size: number,
): Uint8Array {
  const changed = new Uint8Array(size);
  let from = 0;
  let to = 0;
  for (const at of found) {
    changed.set(old.subarray(from, at), to);
    to += at - from;
    changed.set(replacement, to);
    to += replacement.length;
    from = at + length;
  }
  changed.set(old.subarray(from), to);
  return changed;
}

function notFound(path: string, hint: string | undefined): string {
  const found = `Cannot replace in ${path}: the text is there 0 times`;
  return hint === undefined ? found : `${found}; ${hint}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function tooLarge(path: string, bytes: number, limit: number): SandboxError {
  return new SandboxError(
    "too_large",
    `File is too large: ${path} would have ${bytes} bytes, at most ${limit} are allowed at once`,
    { data: { limit, size: bytes } },
  );
}
