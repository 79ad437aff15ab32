import { z } from "zod";
import { PathSchema, WORKSPACE } from "./path.ts";

const sessionId = z.string().min(1).max(128);
const watchId = z.string().min(1).max(128);
const stream = z.boolean().default(true)
  .meta({ description: "Whether watch.event and watch.end are sent on this connection" });

/** Of one watch: each is tried on every name. */
const MAX_PATTERNS = 50;
const MAX_PATTERN_LENGTH = 200;

/** Something that happened to a file or a directory. */
export const FileEventSchema = z.strictObject({
  kind: z.enum(["created", "modified", "removed", "renamed"]),
  path: z.string(),
  type: z.enum(["file", "directory"])
    .meta({ description: "Whether it is a directory; anything else counts as a file" }),
  from: z.string().optional().meta({ description: "Where what was renamed was before" }),
});

/** What happened in a short time, in order. */
export const FileEventsSchema = z.strictObject({
  seq: z.int(),
  events: z.array(FileEventSchema),
  overflow: z.literal(true).optional().meta({
    description: "Something that happened before is not told: list what is there anew",
  }),
  notWatched: z.array(z.string()).optional()
    .meta({ description: "Directories that should be watched and cannot be" }),
});
/** What happened in a short time, in order. */
export type NumberedFileEvents = z.output<typeof FileEventsSchema>;

const WatchEndSchema = z.strictObject({
  reason: z.enum(["removed", "failed"]),
  message: z.string(),
});

/** What is told of a watch. */
export const WatchSummarySchema = z.strictObject({
  watchId: z.string(),
  sessionId: z.string(),
  path: z.string(),
  recursive: z.boolean(),
  exclude: z.array(z.string()),
  state: z.enum(["active", "ended"]),
  ended: WatchEndSchema.optional(),
  nextSeq: z.int().meta({ description: "The seq of the next watch.event" }),
  notWatched: z.array(z.string()).optional()
    .meta({ description: "Directories that should be watched and cannot be" }),
  createdAt: z.iso.datetime(),
});
/** What is told of a watch. */
export type WatchSummary = z.output<typeof WatchSummarySchema>;

/** The methods that watch files. */
export const WATCH_METHODS = {
  "watch.create": {
    summary: "Watches a directory of a session for changes, from its answer on",
    params: z.strictObject({
      sessionId,
      path: PathSchema.default(WORKSPACE),
      recursive: z.boolean().default(true)
        .meta({ description: "Whether what is below directories is watched, new ones too" }),
      exclude: z.array(
        z.string().min(1).max(MAX_PATTERN_LENGTH).refine(
          (value) => !value.includes("\0"),
          "Contains NUL",
        ),
      ).max(MAX_PATTERNS).default([]).meta({
        description: "What to leave out, with *, ? and **; without a slash it is for the name " +
          "alone, at any depth, else for the path from `path` on",
      }),
      stream,
    }),
    result: WatchSummarySchema,
  },
  "watch.list": {
    summary: "Lists the watches of a session",
    params: z.strictObject({ sessionId }),
    result: z.strictObject({ count: z.int(), watches: z.array(WatchSummarySchema) }),
  },
  "watch.attach": {
    summary: "Returns what a watch has seen from seq on and streams what follows",
    params: z.strictObject({
      sessionId,
      watchId,
      seq: z.int().min(0).default(0).meta({ description: "First seq wanted" }),
      stream,
    }),
    result: z.strictObject({
      ...WatchSummarySchema.shape,
      batches: z.array(FileEventsSchema)
        .meta({ description: "The params that watch.event had, from seq on" }),
      droppedBatches: z.int()
        .meta({ description: "Of those from the asked seq on, how many are no longer kept" }),
    }),
  },
  "watch.delete": {
    summary: "Ends a watch",
    params: z.strictObject({ sessionId, watchId }),
    result: z.strictObject({ watchId: z.string(), deleted: z.literal(true) }),
  },
} as const;

/** The notifications about watched files. */
export const WATCH_NOTIFICATIONS = {
  "watch.event": z.strictObject({
    sessionId: z.string(),
    watchId: z.string(),
    ...FileEventsSchema.shape,
  }),
  "watch.end": z.strictObject({
    sessionId: z.string(),
    watchId: z.string(),
    ...WatchEndSchema.shape,
  }),
} as const;
