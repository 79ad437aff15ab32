import { z } from "zod";
import { COMMAND_RESULTS } from "./commands.ts";

/** How an execution ended; exactly one of these, never guessed. */
export const ExecutionStatusSchema = z.enum([
  "ok",
  "nonzero_exit",
  "signaled",
  "timeout",
  "cpu_limit",
  "memory_limit",
  "output_limit",
  "process_limit",
  "disk_limit",
  "compile_error",
  "cancelled",
  "session_lost",
  "not_started",
  "internal_error",
]);
/** How an execution ended. */
export type ExecutionStatus = z.output<typeof ExecutionStatusSchema>;

/** A limit that ended an execution. */
export const LimitSchema = z.strictObject({
  kind: z.enum(["time", "cpu", "memory", "output", "processes", "disk"]),
  configured: z.number().meta({ description: "Milliseconds for time and cpu, bytes, or a count" }),
  observed: z.number().optional(),
});
/** A limit that ended an execution: milliseconds for time and cpu, bytes, or a count. */
export type Limit = z.output<typeof LimitSchema>;

/**
 * The answer to every command: the guide's four keys, then the verdict. Keys that do not apply are
 * left out.
 */
export const CommandEnvelopeSchema = z.strictObject({
  success: z.boolean(),
  result: z.union([...Object.values(COMMAND_RESULTS), z.null()]),
  error: z.string().nullable(),
  durationMs: z.number(),
  executionId: z.string(),
  status: ExecutionStatusSchema.optional().meta({
    description: "Left out of a file command that failed, whose `error` says all there is",
  }),
  exitCode: z.int().nullable().optional(),
  signal: z.string().optional(),
  limit: LimitSchema.optional(),
  cpuMs: z.number().optional(),
  wallMs: z.number().optional(),
  queueMs: z.number().optional(),
  memoryPeakBytes: z.int().optional(),
  stdoutBytes: z.int().optional(),
  stderrBytes: z.int().optional(),
  stdoutTruncated: z.boolean().optional(),
  stderrTruncated: z.boolean().optional(),
  stdoutBase64: z.base64().optional(),
  stderrBase64: z.base64().optional(),
  stage: z.enum(["compile", "run"]).optional(),
});
/** The answer to a command. */
export type CommandEnvelope = z.output<typeof CommandEnvelopeSchema>;

/** One numbered piece of a command's output: whole characters, in order. */
export const OutputChunkSchema = z.strictObject({
  stream: z.enum(["stdout", "stderr"]),
  data: z.string(),
  seq: z.int(),
});
/** One numbered piece of a command's output. */
export type OutputChunk = z.output<typeof OutputChunkSchema>;

/** Where an execution stands. */
export const ExecutionStateSchema = z.enum(["queued", "running", "ended"]);
/** Where an execution stands. */
export type ExecutionState = z.output<typeof ExecutionStateSchema>;
