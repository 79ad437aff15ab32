import { z } from "zod";
import { COMMAND_RESULTS } from "./commands.ts";
import { envelopeSchema } from "./verdict.ts";

export { type ExecutionStatus, ExecutionStatusSchema, type Limit, LimitSchema } from "./verdict.ts";

/** The `result` of a command that was started in the background. */
export const ProcessStartedSchema = z.strictObject({
  processId: z.string().meta({ description: "The executionId" }),
  pid: z.int().optional().meta({ description: "Its id as the sandbox sees it" }),
});
/** The `result` of a command that was started in the background. */
export type ProcessStarted = z.output<typeof ProcessStartedSchema>;

/**
 * The answer to every command: the guide's four keys, then the verdict. Keys that do not apply are
 * left out.
 */
export const CommandEnvelopeSchema = envelopeSchema(
  z.union([...Object.values(COMMAND_RESULTS), ProcessStartedSchema, z.null()]),
);
/** The answer to a command. */
export type CommandEnvelope = z.output<typeof CommandEnvelopeSchema>;

/** One numbered piece of a command's output: whole characters, in order. */
export const OutputChunkSchema = z.strictObject({
  stream: z.enum(["stdout", "stderr"]),
  data: z.string(),
  seq: z.int(),
  droppedBytes: z.int().optional().meta({
    description: "Bytes right before it that are no longer kept, where chunks are missing",
  }),
});
/** One numbered piece of a command's output. */
export type OutputChunk = z.output<typeof OutputChunkSchema>;

/** Where an execution stands. */
export const ExecutionStateSchema = z.enum(["queued", "running", "ended"]);
/** Where an execution stands. */
export type ExecutionState = z.output<typeof ExecutionStateSchema>;
