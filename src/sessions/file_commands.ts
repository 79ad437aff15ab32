import type { CommandResults } from "../protocol/commands.ts";
import { encodeContent } from "./content.ts";
import type { FilePlace } from "./file_place.ts";
import { lineRange } from "./line_range.ts";
import type { FileCommand } from "./prepare_command.ts";
import { replaceInFile } from "./replace_in_file.ts";
import { searchFiles } from "./search_files.ts";
import { walkTree } from "./walk_tree.ts";

/** The result of a command that only touches files. */
export type FileResult = CommandResults[FileCommand["type"]];

/** Entries of a directory and those below it in one answer. */
const MAX_TREE_ENTRIES = 10_000;

/** Runs a file command. Throws what the sandbox's files throw. */
export async function runFileCommand(
  command: FileCommand,
  place: FilePlace,
): Promise<FileResult> {
  const { files, content, signal } = place;
  switch (command.type) {
    case "write_file":
      await files.write(command.path, content, { append: command.mode === "Append", signal });
      return { path: command.path, bytes: content.length };
    case "read_file":
      return await readFile(command, place);
    case "create_directory":
      await files.createDirectory(command.path);
      return { path: command.path };
    case "copy_file": {
      const { sourcePath, destinationPath } = command;
      return { sourcePath, destinationPath, bytes: await files.copy(sourcePath, destinationPath) };
    }
    case "move_file": {
      const { sourcePath, destinationPath } = command;
      await files.move(sourcePath, destinationPath);
      return { sourcePath, destinationPath };
    }
    case "delete_file":
      await files.remove(command.path, command.recursive);
      return { path: command.path };
    case "list_directory":
      return await listDirectory(command, place);
    case "file_info":
      return await files.info(command.path);
    case "search_files":
      return await searchFiles(command, place);
    case "replace_in_file":
      return await replaceInFile(command, place);
    case "set_permissions": {
      const mode = command.mode.slice(-3);
      await files.chmod(command.path, Number.parseInt(mode, 8));
      return { path: command.path, mode };
    }
  }
}

async function readFile(
  command: Extract<FileCommand, { type: "read_file" }>,
  { files, signal }: FilePlace,
): Promise<CommandResults["read_file"]> {
  const { path, encoding, offset, length, startLine, endLine } = command;
  const { content, size } = await files.read(path, { offset, length, signal });
  const byLines = startLine !== undefined || endLine !== undefined;
  const { content: wanted, ...lines } = byLines
    ? lineRange(content, startLine, endLine)
    : { content };
  const bytes = wanted.length;
  const text = encodeContent(wanted, encoding, path);
  return { content: text, bytes, ...(size !== bytes && { size }), ...lines };
}

async function listDirectory(
  { path, depth }: Extract<FileCommand, { type: "list_directory" }>,
  { files, signal }: FilePlace,
): Promise<CommandResults["list_directory"]> {
  if (depth === 1) return { path, entries: await files.list(path) };
  const maxEntries = MAX_TREE_ENTRIES;
  const { entries, truncated } = await walkTree(files, path, { depth, maxEntries, signal });
  return { path, entries, ...(truncated && { truncated }) };
}
