import { z } from "zod";
import { OutputChunkSchema } from "./execution.ts";
import { PROCESS_NOTIFICATIONS } from "./processes.ts";
import { WATCH_NOTIFICATIONS } from "./watches.ts";
import { CloseReasonSchema } from "./session.ts";

/** Every notification from the server with the schema of its params. */
export const NOTIFICATIONS = {
  "session.output": z.strictObject({
    sessionId: z.string(),
    executionId: z.string(),
    ...OutputChunkSchema.shape,
  }),
  ...PROCESS_NOTIFICATIONS,
  ...WATCH_NOTIFICATIONS,
  "image.pull": z.strictObject({
    image: z.string(),
    status: z.string().meta({ description: "What the engine does, such as Downloading" }),
    layer: z.string().optional(),
    current: z.number().optional().meta({ description: "Bytes of the layer so far" }),
    total: z.number().optional().meta({ description: "Bytes of the layer in all" }),
  }),
  "session.closed": z.strictObject({ sessionId: z.string(), reason: CloseReasonSchema }),
} as const satisfies Record<string, z.ZodType>;

/** The name of a notification. */
export type NotificationName = keyof typeof NOTIFICATIONS;
/** The params of a notification. */
export type NotificationParams<K extends NotificationName> = z.output<typeof NOTIFICATIONS[K]>;
