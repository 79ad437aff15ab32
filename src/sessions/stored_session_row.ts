import { z } from "zod";
import { LanguageSchema, RuntimeNameSchema } from "../protocol/language.ts";
import { SessionConfigSchema } from "../protocol/session.ts";
import type { StoredSession } from "./session_facts.ts";

/** A row of the registry's table of sessions. */
export type SessionRow = Record<keyof StoredSession, string | number>;

const words = z.record(z.string(), z.string());

/** What a row must hold; another version of the server, or a hand, may have written it. */
const StoredSessionSchema = z.object({
  id: z.string().min(1),
  caller: z.string(),
  language: LanguageSchema,
  runtime: RuntimeNameSchema,
  handle: z.string(),
  containerId: z.string(),
  config: fromJson(SessionConfigSchema),
  metadata: fromJson(words),
  env: fromJson(words),
  createdAt: z.int(),
  lastActivityAt: z.int(),
  executionCount: z.int(),
});

/** The columns of the table. */
export const COLUMNS: readonly string[] = Object.keys(StoredSessionSchema.shape);

/** Writes a session as a row. */
export function toRow(session: StoredSession): SessionRow {
  return {
    id: session.id,
    caller: session.caller,
    language: session.language,
    runtime: session.runtime,
    handle: session.handle,
    containerId: session.containerId,
    config: JSON.stringify(session.config),
    metadata: JSON.stringify(session.metadata),
    env: JSON.stringify(session.env),
    createdAt: Math.round(session.createdAt),
    lastActivityAt: Math.round(session.lastActivityAt),
    executionCount: session.executionCount,
  };
}

/** Reads a row; undefined if it is none of this version. */
export function fromRow(row: Record<string, unknown>): StoredSession | undefined {
  return StoredSessionSchema.safeParse(row).data;
}

function fromJson<Schema extends z.ZodType>(schema: Schema) {
  const parse = (text: string, context: z.core.$RefinementCtx) => {
    try {
      return JSON.parse(text);
    } catch {
      context.issues.push({ code: "custom", input: text, message: "Expected JSON" });
      return z.NEVER;
    }
  };
  return z.string().transform(parse).pipe(schema);
}
