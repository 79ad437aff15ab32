import type { CommandResults } from "../protocol/commands.ts";
import type { SandboxFiles } from "../runtimes/runtime.ts";
import { encodeContent } from "./content.ts";
import type { FileCommand } from "./prepare_command.ts";

/** The result of a command that only touches files. */
export type FileResult = CommandResults[FileCommand["type"]];

/** Runs a file command. Throws what the sandbox's files throw. */
export async function runFileCommand(
  command: FileCommand,
  content: Uint8Array<ArrayBuffer>,
  files: SandboxFiles,
  signal: AbortSignal,
): Promise<FileResult> {
  switch (command.type) {
    case "write_file":
      await files.write(command.path, content, { append: command.mode === "Append", signal });
      return { path: command.path, bytes: content.length };
    case "read_file":
      return await readFile(command, files, signal);
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
      return { path: command.path, entries: await files.list(command.path) };
    case "file_info":
      return await files.info(command.path);
  }
}

async function readFile(
  command: Extract<FileCommand, { type: "read_file" }>,
  files: SandboxFiles,
  signal: AbortSignal,
): Promise<CommandResults["read_file"]> {
  const { path, encoding, offset, length } = command;
  const { content, size } = await files.read(path, { offset, length, signal });
  const bytes = content.length;
  const text = encodeContent(content, encoding, path);
  return { content: text, bytes, ...(size !== bytes && { size }) };
}
