import { z } from "zod";
import { LanguageSchema } from "./language.ts";

const sessionId = z.string().min(1).max(128);

/** The id of a context, or `default`. */
export const ContextIdSchema = z.string().min(1).max(128)
  .meta({ description: 'The id of a context, or "default"' });

/** A value that a cell showed, in every form that it offers. */
export const MimeBundleSchema = z.record(z.string(), z.unknown()).meta({
  description: "MIME type to content; text/plain is always there, bytes are base64",
});

/** The `result` of `execute_code` with a `context`. */
export const CellResultSchema = z.strictObject({
  context: z.string(),
  executionCount: z.int().meta({ description: "The how many-th cell of its interpreter" }),
  stdout: z.string(),
  stderr: z.string(),
  results: z.array(MimeBundleSchema)
    .meta({ description: "What the cell showed, and the value of its last expression" }),
  error: z.strictObject({ name: z.string(), value: z.string(), traceback: z.string() }).optional(),
  interrupted: z.literal(true).optional()
    .meta({ description: "The cell was ended before its end; the context keeps its state" }),
  restarted: z.literal(true).optional()
    .meta({ description: "What earlier cells left in the context is lost" }),
  droppedResults: z.int().optional().meta({ description: "Results that were too large" }),
});
/** The `result` of `execute_code` with a `context`. */
export type CellResult = z.output<typeof CellResultSchema>;

/** What is told of a context. */
export const ContextSummarySchema = z.strictObject({
  contextId: z.string(),
  language: z.string(),
  state: z.enum(["starting", "idle", "busy", "stopped"]),
  executionCount: z.int(),
  createdAt: z.iso.datetime(),
});
/** What is told of a context. */
export type ContextSummary = z.output<typeof ContextSummarySchema>;

const target = z.strictObject({ sessionId, contextId: ContextIdSchema });

/** The methods of contexts. */
export const CONTEXT_METHODS = {
  "context.create": {
    summary: "Makes a context, which keeps variables, imports and definitions between cells",
    params: z.strictObject({
      sessionId,
      language: LanguageSchema.optional().meta({ description: "By default the session's" }),
    }),
    result: ContextSummarySchema,
  },
  "context.list": {
    summary: "Lists the contexts of a session",
    params: z.strictObject({ sessionId }),
    result: z.strictObject({ count: z.int(), contexts: z.array(ContextSummarySchema) }),
  },
  "context.restart": {
    summary: "Gives a context a fresh interpreter and ends the cell that runs",
    params: target,
    result: ContextSummarySchema,
  },
  "context.interrupt": {
    summary: "Ends the cell that runs in a context, which keeps its state",
    params: target,
    result: z.strictObject({ contextId: z.string(), interrupted: z.boolean() }),
  },
  "context.delete": {
    summary: "Ends a context and the cell that runs in it",
    params: target,
    result: z.strictObject({ contextId: z.string(), deleted: z.literal(true) }),
  },
} as const;
