import { z } from "zod";
import { PathSchema, WORKSPACE } from "./path.ts";

const sessionId = z.string().min(1).max(128);
const noNul = (value: string) => !value.includes("\0");

/** The id of a shell, or `default`. */
export const ShellIdSchema = z.string().min(1).max(128)
  .meta({ description: 'The id of a shell, or "default"' });

/** Environment variables by name, of a shell or one command in it. */
const EnvSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "Expected a variable name of letters, digits and _")
    .max(256),
  z.string().max(128 * 1024).refine(noNul, "Value contains a NUL character"),
).optional();

/** Runs a command line in a shell that goes on. */
export const ShellCommandSchema = z.strictObject({
  type: z.literal("shell_command"),
  shell: ShellIdSchema.default("default"),
  command: z.string().refine(noNul, "Command contains a NUL character")
    .meta({ description: "Anything that Bash takes, of any number of lines" }),
  env: EnvSchema.meta({ description: "Environment variables for this command only" }),
  stdin: z.string().refine(noNul, "Input contains a NUL character").optional()
    .meta({ description: "What the command reads; without it, end-of-file" }),
});

/** The `result` of `shell_command`. */
export const ShellResultSchema = z.strictObject({
  shell: z.string(),
  exitCode: z.int().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
  interrupted: z.literal(true).optional()
    .meta({ description: "The command was ended before its end; the shell goes on" }),
  restarted: z.literal(true).optional()
    .meta({ description: "The shell is a fresh one, or one is to come" }),
  error: z.strictObject({
    reason: z.enum(["shell_exited", "shell_lost"]),
    exitCode: z.int().nullable(),
    message: z.string(),
  }).optional().meta({ description: "Why the shell has ended with this command" }),
});
/** The `result` of `shell_command`. */
export type ShellResult = z.output<typeof ShellResultSchema>;

/** What is told of a shell. */
export const ShellSummarySchema = z.strictObject({
  shellId: z.string(),
  state: z.enum(["starting", "idle", "busy", "stopped"]),
  cwd: z.string().meta({ description: "Where it was started" }),
  commandCount: z.int().meta({ description: "How many commands it has run since it was started" }),
  createdAt: z.iso.datetime(),
});
/** What is told of a shell. */
export type ShellSummary = z.output<typeof ShellSummarySchema>;

const target = z.strictObject({ sessionId, shellId: ShellIdSchema });

/** The methods of shells. */
export const SHELL_METHODS = {
  "shell.create": {
    summary: "Starts a shell, whose directory, variables and functions stay between commands",
    params: z.strictObject({
      sessionId,
      cwd: PathSchema.default(WORKSPACE),
      env: EnvSchema.meta({ description: "Environment variables of the shell" }),
    }),
    result: ShellSummarySchema,
  },
  "shell.list": {
    summary: "Lists the shells of a session",
    params: z.strictObject({ sessionId }),
    result: z.strictObject({ count: z.int(), shells: z.array(ShellSummarySchema) }),
  },
  "shell.interrupt": {
    summary: "Ends the command that runs in a shell, which goes on",
    params: target,
    result: z.strictObject({ shellId: z.string(), interrupted: z.boolean() }),
  },
  "shell.delete": {
    summary: "Ends a shell and all that runs in it",
    params: target,
    result: z.strictObject({ shellId: z.string(), deleted: z.literal(true) }),
  },
} as const;
