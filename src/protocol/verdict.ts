import { z } from "zod";

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

/** The answer to a command with such results: the guide's four keys, then the verdict. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types -- inferred, as schemas are
export function envelopeSchema<Result extends z.ZodType>(result: Result) {
  return z.strictObject({
    success: z.boolean(),
    result,
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
}
