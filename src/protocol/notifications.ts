import { z } from "zod";
import { OutputChunkSchema } from "./execution.ts";
import { CloseReasonSchema } from "./session.ts";

/** Every notification from the server with the schema of its params. */
export const NOTIFICATIONS = {
  "session.output": z.strictObject({
    sessionId: z.string(),
    executionId: z.string(),
    ...OutputChunkSchema.shape,
  }),
  "session.closed": z.strictObject({ sessionId: z.string(), reason: CloseReasonSchema }),
} as const satisfies Record<string, z.ZodType>;

/** The name of a notification. */
export type NotificationName = keyof typeof NOTIFICATIONS;
/** The params of a notification. */
export type NotificationParams<K extends NotificationName> = z.output<typeof NOTIFICATIONS[K]>;
