import { z } from "zod";
import { EnvSchema, MAX_PATH_LENGTH } from "./commands.ts";
import { LanguageSchema, RuntimeNameSchema } from "./language.ts";
import { PermissionsSchema } from "./permissions.ts";

/** Where a session stands; `Idle` while no command runs or waits. */
export const SessionStateSchema = z.enum(["Creating", "Active", "Idle", "Closing", "Closed"]);
/** Where a session stands. */
export type SessionState = z.output<typeof SessionStateSchema>;

/** Why a session was closed. */
export const CloseReasonSchema = z.enum([
  "client",
  "idle_timeout",
  "max_lifetime",
  "limit_exceeded",
  "runtime_failure",
  "shutdown",
]);
/** Why a session was closed. */
export type CloseReason = z.output<typeof CloseReasonSchema>;

const minutes = z.number().positive().max(60 * 24 * 365);

/** Params of `session.create`. */
export const SessionCreateSchema = z.strictObject({
  language: LanguageSchema,
  idleTimeoutMinutes: minutes.optional()
    .meta({ description: "Minutes without a command until the session closes; by default 30" }),
  maxLifetimeMinutes: minutes.optional()
    .meta({ description: "Minutes until the session closes whatever it does; by default 120" }),
  memoryLimitMB: z.int().min(16).max(1024 * 1024).optional()
    .meta({ description: "Memory of the session's code in MiB; by default 512" }),
  cpuShares: z.int().min(2).max(262_144).optional()
    .meta({ description: "Relative weight of the CPU; by default 1024" }),
  cpus: z.number().positive().max(1024).optional(),
  pidsLimit: z.int().min(1).max(65_536).optional(),
  diskLimitMB: z.int().min(1).max(1024 * 1024).optional(),
  network: z.boolean().optional()
    .meta({ description: "Whether a Docker session may reach the network; by default false" }),
  dockerImage: z.string().min(1).max(512).optional(),
  permissions: PermissionsSchema.optional(),
  runtime: RuntimeNameSchema.optional(),
  runtimePreference: z.enum(["Speed", "Security", "Memory", "Balanced"]).optional(),
  env: EnvSchema,
  files: z.record(z.string().min(1).max(MAX_PATH_LENGTH), z.string()).optional()
    .meta({ description: "Files to write before the first command, path to content" }),
  metadata: z.record(z.string().max(256), z.string().max(4096)).optional()
    .meta({ description: "Labels of the client's own, given back by session.get" }),
});
/** Validated params of `session.create`. */
export type SessionCreate = z.output<typeof SessionCreateSchema>;

/** The settings a session runs with, defaults filled in. */
export const SessionConfigSchema = z.strictObject({
  idleTimeoutMinutes: z.number(),
  maxLifetimeMinutes: z.number(),
  memoryLimitMB: z.int(),
  cpuShares: z.int().optional(),
  cpus: z.number().optional(),
  pidsLimit: z.int().optional(),
  diskLimitMB: z.int().optional(),
  network: z.boolean().optional(),
  dockerImage: z.string().optional(),
  permissions: PermissionsSchema.optional(),
});
/** The settings a session runs with. */
export type SessionConfig = z.output<typeof SessionConfigSchema>;

/** Result of `session.create`. */
export const SessionCreatedSchema = z.strictObject({
  sessionId: z.string(),
  containerId: z.string(),
  language: z.string(),
  createdAt: z.iso.datetime(),
  state: SessionStateSchema,
  config: SessionConfigSchema,
  runtime: RuntimeNameSchema,
});
/** Result of `session.create`. */
export type SessionCreated = z.output<typeof SessionCreatedSchema>;

/** One entry of `session.list`. */
export const SessionSummarySchema = z.strictObject({
  sessionId: z.string(),
  containerId: z.string(),
  language: z.string(),
  createdAt: z.iso.datetime(),
  lastActivity: z.iso.datetime(),
  state: SessionStateSchema,
  executionCount: z.int(),
  idleMinutes: z.number(),
  lifetimeMinutes: z.number(),
  runtime: RuntimeNameSchema,
  expiresAt: z.iso.datetime(),
});
/** One entry of `session.list`. */
export type SessionSummary = z.output<typeof SessionSummarySchema>;

/** Result of `session.get`: an entry of the list with its config and what it uses. */
export const SessionDetailsSchema = z.strictObject({
  ...SessionSummarySchema.shape,
  config: SessionConfigSchema,
  metadata: z.record(z.string(), z.string()),
  sandbox: z.record(z.string(), z.string()).meta({
    description: "What the session runs in, such as its image, and what drives it",
  }),
  usage: z.strictObject({
    queuedCommands: z.int(),
    runningCommands: z.int(),
    processes: z.int().meta({ description: "Background processes that have not ended" }),
    diskBytes: z.int().optional(),
  }),
});
/** Result of `session.get`. */
export type SessionDetails = z.output<typeof SessionDetailsSchema>;
