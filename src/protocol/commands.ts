import { z } from "zod";
import { CellResultSchema, ContextIdSchema } from "./contexts.ts";
import { EntrySchema } from "./entry.ts";
import { LanguageSchema } from "./language.ts";
import { InstallPackagesSchema, InstallResultSchema } from "./packages.ts";
import { MAX_PATH_LENGTH, PathSchema, WORKSPACE } from "./path.ts";
import { SearchFilesSchema, SearchResultSchema } from "./search.ts";
import { ColsSchema, RowsSchema } from "./terminal.ts";
import { ShellCommandSchema, ShellResultSchema } from "./shells.ts";
import { envelopeSchema } from "./verdict.ts";

export { type Entry, EntrySchema } from "./entry.ts";
export { MAX_PATH_LENGTH, WORKSPACE } from "./path.ts";

const path = PathSchema;
/** The longest text that is looked for, in characters. */
const MAX_OLD_TEXT_LENGTH = 1024 * 1024;
/** The most places that one command replaces. */
export const MAX_REPLACEMENTS = 100_000;

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

/** Reads a file, a range of its bytes, or a range of its lines. */
export const ReadFileSchema = z.strictObject({
  type: z.literal("read_file"),
  path,
  encoding: EncodingSchema,
  offset: z.int().min(0).optional().meta({ description: "First byte to read; by default 0" }),
  length: z.int().min(0).optional().meta({ description: "Bytes to read; by default to the end" }),
  startLine: z.int().min(1).optional()
    .meta({
      description: "First line to read, counted from 1; not together with offset or length",
    }),
  endLine: z.int().min(1).optional()
    .meta({ description: "Last line to read; by default the last one of the file" }),
}).superRefine(({ offset, length, startLine, endLine }, context) => {
  const byBytes = [offset !== undefined && "offset", length !== undefined && "length"].filter(
    Boolean,
  );
  const byLines = [startLine !== undefined && "startLine", endLine !== undefined && "endLine"]
    .filter(Boolean);
  if (byBytes.length > 0 && byLines.length > 0) {
    const message = `${byLines.join(" and ")} cannot be used together with ${
      byBytes.join(" and ")
    }: read either lines or bytes`;
    context.addIssue({ code: "custom", path: [byLines[0] as string], message });
  }
  if (startLine !== undefined && endLine !== undefined && endLine < startLine) {
    const message = `Expected at least startLine, which is ${startLine}, received ${endLine}`;
    context.addIssue({ code: "custom", path: ["endLine"], message });
  }
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
  background: z.boolean().optional().meta({
    description: "Whether the command is answered when the program has started, which then runs on",
  }),
  pty: z.boolean().optional().meta({
    description: "Whether the program has a terminal, to which stdout and stderr both go",
  }),
  cols: ColsSchema.optional().meta({ description: "Of the terminal; by default 80" }),
  rows: RowsSchema.optional().meta({ description: "Of the terminal; by default 24" }),
}).superRefine(({ pty = false, ...size }, context) => {
  if (pty) return;
  for (const side of ["cols", "rows"] as const) {
    if (size[side] === undefined) continue;
    const message = "Cannot be used without pty, only a terminal has a size";
    context.addIssue({ code: "custom", path: [side], message });
  }
});

/** Runs code in the session's language. */
export const ExecuteCodeSchema = z.strictObject({
  type: z.literal("execute_code"),
  code: z.string(),
  language: LanguageSchema.optional(),
  context: ContextIdSchema.optional().meta({
    description: "Runs the code as a cell of this context, which keeps what cells leave in it",
  }),
  args,
  env,
  stdin,
}).superRefine(({ context: cell, args, stdin }, context) => {
  if (cell === undefined) return;
  const message = "Cannot be used together with context, a cell has none";
  if (args.length > 0) context.addIssue({ code: "custom", path: ["args"], message });
  if (stdin !== undefined) context.addIssue({ code: "custom", path: ["stdin"], message });
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

/** Lists a directory, with `depth` also those below it. */
export const ListDirectorySchema = z.strictObject({
  type: z.literal("list_directory"),
  path: path.default(WORKSPACE),
  depth: z.int().min(1).max(20).default(1)
    .meta({ description: "How many levels are listed; symlinks are not followed" }),
});

/** Tells what a path is. */
export const FileInfoSchema = z.strictObject({ type: z.literal("file_info"), path });

/** Replaces text in a file, which must be there as often as expected. */
export const ReplaceInFileSchema = z.strictObject({
  type: z.literal("replace_in_file"),
  path,
  oldText: z.string().min(1, "Text is empty").max(MAX_OLD_TEXT_LENGTH)
    .meta({ description: "The exact text to replace" }),
  newText: z.string().meta({ description: "What stands in its place" }),
  expectedCount: z.int().min(1).max(MAX_REPLACEMENTS).optional()
    .meta({ description: "How often oldText must be found; by default once" }),
  all: z.boolean().default(false)
    .meta({
      description: "Replaces it wherever it is found, at least once; in place of expectedCount",
    }),
}).superRefine(({ expectedCount, all }, context) => {
  if (!all || expectedCount === undefined) return;
  const message = "Cannot be used together with all, which takes any number";
  context.addIssue({ code: "custom", path: ["expectedCount"], message });
});

/** Sets who may read, write and execute a file or directory. */
export const SetPermissionsSchema = z.strictObject({
  type: z.literal("set_permissions"),
  path,
  mode: z.string().regex(
    /^0?[0-7]{3}$/,
    'Expected three octal digits such as "755": read is 4, write 2, execute 1, for owner, group and others',
  ).meta({ description: 'Three octal digits, such as "755"' }),
});

const SINGLE_COMMANDS = [
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
  SearchFilesSchema,
  ReplaceInFileSchema,
  SetPermissionsSchema,
  InstallPackagesSchema,
  ShellCommandSchema,
] as const;

/** Every command but `batch`. */
export const SingleCommandSchema = z.discriminatedUnion("type", SINGLE_COMMANDS);
/** A validated command other than a batch. */
export type SingleCommand = z.output<typeof SingleCommandSchema>;

/** Runs commands one after the other as one command. */
export const BatchSchema = z.strictObject({
  type: z.literal("batch"),
  commands: z.array(SingleCommandSchema).min(1).max(100)
    .meta({ description: "Any commands but batch" }),
  stopOnError: z.boolean().default(true)
    .meta({ description: "Whether the first command that fails is the last one" }),
});

/** Every command of `session.execute`, told apart by `type`. */
export const CommandSchema = z.discriminatedUnion("type", [...SINGLE_COMMANDS, BatchSchema]);
/** A validated command, defaults filled in. */
export type Command = z.output<typeof CommandSchema>;
/** A command as a client writes it. */
export type CommandInput = z.input<typeof CommandSchema>;

const SINGLE_RESULTS = {
  write_file: z.strictObject({ path: z.string(), bytes: z.int() }),
  read_file: z.strictObject({
    content: z.string(),
    bytes: z.int(),
    size: z.int().optional(),
    startLine: z.int().optional(),
    endLine: z.int().optional(),
    totalLines: z.int().optional(),
  }),
  execute_shell: z.strictObject({
    exitCode: z.int().nullable(),
    stdout: z.string(),
    stderr: z.string(),
    durationMs: z.number(),
  }),
  execute_code: z.union([z.string(), CellResultSchema]),
  create_directory: z.strictObject({ path: z.string() }),
  copy_file: z.strictObject({
    sourcePath: z.string(),
    destinationPath: z.string(),
    bytes: z.int(),
  }),
  move_file: z.strictObject({ sourcePath: z.string(), destinationPath: z.string() }),
  delete_file: z.strictObject({ path: z.string() }),
  list_directory: z.strictObject({
    path: z.string(),
    entries: z.array(EntrySchema),
    truncated: z.literal(true).optional(),
  }),
  file_info: EntrySchema,
  search_files: SearchResultSchema,
  replace_in_file: z.strictObject({
    path: z.string(),
    count: z.int().meta({ description: "How many places were replaced" }),
    bytes: z.int().meta({ description: "The size of the file now" }),
  }),
  set_permissions: z.strictObject({ path: z.string(), mode: z.string() }),
  install_packages: InstallResultSchema,
  shell_command: ShellResultSchema,
} as const satisfies Record<SingleCommand["type"], z.ZodType>;

/** The answer to each command of a batch. */
export const SingleEnvelopeSchema = envelopeSchema(
  z.union([...Object.values(SINGLE_RESULTS), z.null()]),
);
/** The answer to a command of a batch. */
export type SingleEnvelope = z.output<typeof SingleEnvelopeSchema>;

/** The `result` of each command that succeeded, by its type. */
export const COMMAND_RESULTS = {
  ...SINGLE_RESULTS,
  batch: z.strictObject({
    results: z.array(SingleEnvelopeSchema)
      .meta({ description: "The answers to the commands that were run, in their order" }),
    completed: z.int().meta({ description: "How many of them succeeded" }),
  }),
} as const satisfies Record<Command["type"], z.ZodType>;
/** The `result` of a command that succeeded, by its type. */
export type CommandResults = { [K in Command["type"]]: z.output<typeof COMMAND_RESULTS[K]> };
