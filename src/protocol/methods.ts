import { z } from "zod";
import { CommandSchema, EnvSchema } from "./commands.ts";
import {
  CommandEnvelopeSchema,
  ExecutionStateSchema,
  ExecutionStatusSchema,
  OutputChunkSchema,
} from "./execution.ts";
import { CONTEXT_METHODS } from "./contexts.ts";
import { FILE_METHODS } from "./files.ts";
import { LanguageSchema, RuntimeNameSchema } from "./language.ts";
import { PROCESS_METHODS } from "./processes.ts";
import { WATCH_METHODS } from "./watches.ts";
import { SHELL_METHODS } from "./shells.ts";
import {
  SessionCreatedSchema,
  SessionCreateSchema,
  SessionDetailsSchema,
  SessionSummarySchema,
} from "./session.ts";

const sessionId = z.string().min(1).max(128);
const executionId = z.string().min(1).max(128);
const timeoutMs = z.int().min(1).max(7 * 24 * 3600 * 1000).optional()
  .meta({ description: "Milliseconds until the command is ended; bounded by the server" });
const noParams = z.strictObject({});

/** One method of the contract. */
export interface Method {
  /** One line for the OpenRPC document. */
  summary: string;
  /** What the params must be; omitted params are validated as `{}`. */
  params: z.ZodType;
  /** What the result is. */
  result: z.ZodType;
}

const execution = z.strictObject({
  executionId,
  sessionId,
  command: z.string().meta({ description: "The command's type" }),
  state: ExecutionStateSchema,
  status: ExecutionStatusSchema.optional(),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
  result: CommandEnvelopeSchema.optional(),
});

/** THE CONTRACT: every method with the schemas of its params and result. */
export const METHODS = {
  initialize: {
    summary: "Says who the server is and what it can do",
    params: z.looseObject({}),
    result: z.strictObject({
      name: z.string(),
      version: z.string(),
      protocolVersion: z.string(),
      capabilities: z.record(z.string(), z.unknown()),
    }),
  },
  "rpc.discover": {
    summary: "Returns the OpenRPC document of this server",
    params: noParams,
    result: z.looseObject({ openrpc: z.string() }),
  },
  "language.list": {
    summary: "Lists every language and the runtimes that can serve it now",
    params: noParams,
    result: z.strictObject({
      languages: z.array(z.strictObject({
        name: z.string(),
        aliases: z.array(z.string()),
        runtimes: z.array(RuntimeNameSchema),
        defaultImage: z.string().optional(),
        version: z.string().optional(),
      })),
    }),
  },
  "runtime.list": {
    summary: "Lists every runtime, whether it is available, and what it enforces",
    params: noParams,
    result: z.strictObject({
      runtimes: z.array(z.strictObject({
        name: RuntimeNameSchema,
        available: z.boolean(),
        reason: z.string().optional(),
        isolation: z.array(z.string()),
        startupMs: z.number().optional(),
        limits: z.record(z.string(), z.string()),
        details: z.record(z.string(), z.unknown()),
      })),
    }),
  },
  "session.create": {
    summary: "Creates a session",
    params: SessionCreateSchema,
    result: SessionCreatedSchema,
  },
  "session.execute": {
    summary: "Runs one command in a session",
    params: z.strictObject({
      sessionId,
      command: CommandSchema,
      timeoutMs,
      stream: z.boolean().default(false)
        .meta({ description: "Whether output is sent as session.output while the command runs" }),
      concurrent: z.boolean().default(false)
        .meta({ description: "Whether the command runs beside the others instead of after them" }),
      executionId: executionId.regex(/^[A-Za-z0-9_.:-]+$/).optional()
        .meta({ description: "An id of the client's choice, to cancel or attach by" }),
    }),
    result: CommandEnvelopeSchema,
  },
  "session.list": {
    summary: "Lists the caller's sessions",
    params: noParams,
    result: z.strictObject({ count: z.int(), sessions: z.array(SessionSummarySchema) }),
  },
  "session.get": {
    summary: "Returns one session with its config and usage",
    params: z.strictObject({ sessionId }),
    result: SessionDetailsSchema,
  },
  "session.close": {
    summary: "Closes a session and removes all of it",
    params: z.strictObject({ sessionId }),
    result: z.strictObject({ sessionId: z.string(), closed: z.literal(true) }),
  },
  "session.cancel": {
    summary: "Stops one execution of a session, or all of them",
    params: z.strictObject({ sessionId, executionId: executionId.optional() }),
    result: z.strictObject({ sessionId: z.string(), cancelled: z.array(z.string()) }),
  },
  "session.extend": {
    summary: "Moves a session's deadlines",
    params: z.strictObject({
      sessionId,
      idleTimeoutMinutes: z.number().positive().optional(),
      maxLifetimeMinutes: z.number().positive().optional(),
    }),
    result: z.strictObject({
      sessionId: z.string(),
      idleTimeoutMinutes: z.number(),
      maxLifetimeMinutes: z.number(),
      idleExpiresAt: z.iso.datetime(),
      expiresAt: z.iso.datetime(),
    }),
  },
  "execution.run": {
    summary: "Creates a session, runs code in it and closes it, in one call",
    params: z.strictObject({
      language: LanguageSchema,
      code: z.string(),
      files: SessionCreateSchema.shape.files,
      stdin: z.string().optional(),
      args: z.array(z.string()).max(1000).default([]),
      env: EnvSchema,
      timeoutMs,
      stream: z.boolean().default(false),
      executionId: executionId.regex(/^[A-Za-z0-9_.:-]+$/).optional(),
      runtime: RuntimeNameSchema.optional(),
      memoryLimitMB: SessionCreateSchema.shape.memoryLimitMB,
      permissions: SessionCreateSchema.shape.permissions,
      dockerImage: SessionCreateSchema.shape.dockerImage,
      network: SessionCreateSchema.shape.network,
    }),
    result: CommandEnvelopeSchema,
  },
  "execution.get": {
    summary: "Returns the state of an execution and, once it ended, its result",
    params: z.strictObject({ executionId, sessionId: sessionId.optional() }),
    result: execution,
  },
  "execution.attach": {
    summary: "Returns the output of an execution from seq on and streams what follows",
    params: z.strictObject({
      executionId,
      sessionId: sessionId.optional(),
      seq: z.int().min(0).default(0).meta({ description: "First seq wanted" }),
      stream: z.boolean().default(true)
        .meta({ description: "Whether session.output goes on on this connection" }),
    }),
    result: z.strictObject({
      executionId: z.string(),
      sessionId: z.string(),
      state: ExecutionStateSchema,
      chunks: z.array(OutputChunkSchema),
      nextSeq: z.int(),
      droppedChunks: z.int()
        .meta({ description: "Chunks from the asked seq on that are no longer kept" }),
      result: CommandEnvelopeSchema.optional(),
    }),
  },
  ...PROCESS_METHODS,
  ...CONTEXT_METHODS,
  ...WATCH_METHODS,
  ...FILE_METHODS,
  ...SHELL_METHODS,
} as const satisfies Record<string, Method>;

/** The name of a method. */
export type MethodName = keyof typeof METHODS;
/** The validated params of a method. */
export type MethodParams<K extends MethodName> = z.output<typeof METHODS[K]["params"]>;
/** The params of a method as a client writes them. */
export type MethodInput<K extends MethodName> = z.input<typeof METHODS[K]["params"]>;
/** The result of a method. */
export type MethodResult<K extends MethodName> = z.output<typeof METHODS[K]["result"]>;
