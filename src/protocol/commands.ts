import { z } from "zod";
import { LanguageSchema } from "./language.ts";

/** The directory of a session's files, as its code sees it. */
export const WORKSPACE = "/workspace";

/** The longest path a command takes, in characters. */
export const MAX_PATH_LENGTH = 4096;

const path = z.string().min(1, "Path is empty").max(MAX_PATH_LENGTH)
  .refine((value) => !value.includes("\0"), "Path contains a NUL character")
  .meta({ description: `A path inside ${WORKSPACE}; a relative one starts there` });

const noNul = (value: string) => !value.includes("\0");
const args = z.array(z.string().refine(noNul, "Argument contains a NUL character")).max(1000)
  .default([]).meta({ description: "Arguments, passed as they are, never through a shell" });
const env = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "Expected a variable name of letters, digits and _")
    .max(256),
  z.string().max(128 * 1024).refine(noNul, "Value contains a NUL character"),
).optional().meta({ description: "Environment variables for this command only" });
const stdin = z.string().optional()
  .meta({ description: "What the program reads from its standard input; without it, end-of-file" });

/** How text crosses the wire: as it is, or bytes in base64. */
export const EncodingSchema = z.enum(["utf8", "base64"]).default("utf8");
/** `utf8` or `base64`. */
export type Encoding = z.output<typeof EncodingSchema>;

/** Environment variables by name. */
export const EnvSchema = env;

/** Writes a file, making missing parent directories. */
export const WriteFileSchema = z.strictObject({
  type: z.literal("write_file"),
  path,
  content: z.string(),
  mode: z.enum(["Create", "Append"]).default("Create")
    .meta({ description: "Create overwrites, Append adds to the end" }),
  encoding: EncodingSchema,
});

/** Reads a file or a range of its bytes. */
export const ReadFileSchema = z.strictObject({
  type: z.literal("read_file"),
  path,
  encoding: EncodingSchema,
  offset: z.int().min(0).optional().meta({ description: "First byte to read; by default 0" }),
  length: z.int().min(0).optional().meta({ description: "Bytes to read; by default to the end" }),
});

/** Runs a program. */
export const ExecuteShellSchema = z.strictObject({
  type: z.literal("execute_shell"),
  commandName: z.string().min(1).max(MAX_PATH_LENGTH).refine(
    noNul,
    "Name contains a NUL character",
  ),
  args,
  workingDirectory: path.default(WORKSPACE),
  env,
  stdin,
});

/** Runs code in the session's language. */
export const ExecuteCodeSchema = z.strictObject({
  type: z.literal("execute_code"),
  code: z.string(),
  language: LanguageSchema.optional(),
  args,
  env,
  stdin,
});

/** Makes a directory and its missing parents. */
export const CreateDirectorySchema = z.strictObject({ type: z.literal("create_directory"), path });

/** Copies a file. */
export const CopyFileSchema = z.strictObject({
  type: z.literal("copy_file"),
  sourcePath: path,
  destinationPath: path,
});

/** Moves or renames a file or directory. */
export const MoveFileSchema = z.strictObject({
  type: z.literal("move_file"),
  sourcePath: path,
  destinationPath: path,
});

/** Deletes a file, or with `recursive` a directory and all in it. */
export const DeleteFileSchema = z.strictObject({
  type: z.literal("delete_file"),
  path,
  recursive: z.boolean().default(false),
});

/** Lists a directory. */
export const ListDirectorySchema = z.strictObject({
  type: z.literal("list_directory"),
  path: path.default(WORKSPACE),
});

/** Tells what a path is. */
export const FileInfoSchema = z.strictObject({ type: z.literal("file_info"), path });

/** Every command of `session.execute`, told apart by `type`. */
export const CommandSchema = z.discriminatedUnion("type", [
  WriteFileSchema,
  ReadFileSchema,
  ExecuteShellSchema,
  ExecuteCodeSchema,
  CreateDirectorySchema,
  CopyFileSchema,
  MoveFileSchema,
  DeleteFileSchema,
  ListDirectorySchema,
  FileInfoSchema,
]);
/** A validated command, defaults filled in. */
export type Command = z.output<typeof CommandSchema>;
/** A command as a client writes it. */
export type CommandInput = z.input<typeof CommandSchema>;

/** What a directory holds, or what `file_info` tells of a path. */
export const EntrySchema = z.strictObject({
  name: z.string(),
  path: z.string(),
  type: z.enum(["file", "directory", "symlink", "other"]),
  size: z.int().meta({ description: "Bytes" }),
  modifiedAt: z.iso.datetime(),
});
/** One entry of a directory. */
export type Entry = z.output<typeof EntrySchema>;

/** The `result` of each command that succeeded, by its type. */
export const COMMAND_RESULTS = {
  write_file: z.strictObject({ path: z.string(), bytes: z.int() }),
  read_file: z.strictObject({ content: z.string(), bytes: z.int(), size: z.int().optional() }),
  execute_shell: z.strictObject({
    exitCode: z.int().nullable(),
    stdout: z.string(),
    stderr: z.string(),
    durationMs: z.number(),
  }),
  execute_code: z.string(),
  create_directory: z.strictObject({ path: z.string() }),
  copy_file: z.strictObject({
    sourcePath: z.string(),
    destinationPath: z.string(),
    bytes: z.int(),
  }),
  move_file: z.strictObject({ sourcePath: z.string(), destinationPath: z.string() }),
  delete_file: z.strictObject({ path: z.string() }),
  list_directory: z.strictObject({ path: z.string(), entries: z.array(EntrySchema) }),
  file_info: EntrySchema,
} as const satisfies Record<Command["type"], z.ZodType>;
/** The `result` of a command that succeeded, by its type. */
export type CommandResults = { [K in Command["type"]]: z.output<typeof COMMAND_RESULTS[K]> };
