import { z } from "zod";
import { EncodingSchema } from "./commands.ts";
import {
  CommandEnvelopeSchema,
  ExecutionStateSchema,
  ExecutionStatusSchema,
  OutputChunkSchema,
} from "./execution.ts";
import { ScreenSchema, TerminalSizeSchema } from "./terminal.ts";

/** The longest pattern of `process.waitFor`, in characters. */
export const MAX_PATTERN_LENGTH = 1000;

const processId = z.string().min(1).max(128)
  .meta({ description: "The executionId of a command that was run with background: true" });
const sessionId = z.string().min(1).max(128);
const target = { processId, sessionId: sessionId.optional() };
const timeoutMs = z.int().min(1).max(7 * 24 * 3600 * 1000).optional()
  .meta({ description: "Milliseconds to wait; bounded by the server" });

/** Signals that can be sent to a process, as Linux names them. */
export const SignalSchema = z.enum([
  ...["SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL"] as const,
  ...["SIGINT", "SIGIO", "SIGKILL", "SIGPIPE", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV"] as const,
  ...["SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN"] as const,
  ...["SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU"] as const,
  ...["SIGXFSZ"] as const,
]);
/** A signal that can be sent to a process. */
export type SignalName = z.output<typeof SignalSchema>;

const description = {
  processId: z.string(),
  sessionId: z.string(),
  pid: z.int().optional().meta({ description: "Its id as the sandbox sees it, once it has one" }),
  command: z.string().meta({ description: "The commandName" }),
  args: z.array(z.string()),
  terminal: TerminalSizeSchema.optional().meta({ description: "Its terminal, if it has one" }),
  state: ExecutionStateSchema,
  status: ExecutionStatusSchema.optional(),
  exitCode: z.int().nullable().optional(),
  signal: z.string().optional(),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
};

/** One entry of `process.list`. */
export const ProcessSummarySchema = z.strictObject(description);
/** One entry of `process.list`. */
export type ProcessSummary = z.output<typeof ProcessSummarySchema>;

/** The methods of processes that run in the background. */
export const PROCESS_METHODS = {
  "process.list": {
    summary: "Lists the background processes of a session, ended ones as long as they are kept",
    params: z.strictObject({ sessionId }),
    result: z.strictObject({ count: z.int(), processes: z.array(ProcessSummarySchema) }),
  },
  "process.get": {
    summary: "Returns a process and, once it ended, its result",
    params: z.strictObject(target),
    result: z.strictObject({ ...description, result: CommandEnvelopeSchema.optional() }),
  },
  "process.write": {
    summary: "Writes to the standard input of a process",
    params: z.strictObject({ ...target, data: z.string(), encoding: EncodingSchema }),
    result: z.strictObject({ processId: z.string(), bytes: z.int() }),
  },
  "process.closeStdin": {
    summary: "Ends the standard input of a process",
    params: z.strictObject(target),
    result: z.strictObject({ processId: z.string(), closed: z.literal(true) }),
  },
  "process.signal": {
    summary: "Sends a signal to a process or its process group",
    params: z.strictObject({
      ...target,
      signal: SignalSchema,
      target: z.enum(["process", "group"]).default("process"),
    }),
    result: z.strictObject({ processId: z.string(), signal: SignalSchema }),
  },
  "process.resize": {
    summary: "Changes the size of the terminal of a process",
    params: z.strictObject({ ...target, ...TerminalSizeSchema.shape }),
    result: z.strictObject({ processId: z.string(), ...TerminalSizeSchema.shape }),
  },
  "process.wait": {
    summary: "Waits for the end of a process, which it does not bring about",
    params: z.strictObject({ ...target, timeoutMs }),
    result: z.strictObject({
      processId: z.string(),
      ended: z.boolean(),
      result: CommandEnvelopeSchema.optional(),
    }),
  },
  "process.waitFor": {
    summary: "Waits until a process listens on a port, writes a line, or ends",
    params: z.strictObject({
      ...target,
      port: z.int().min(1).max(65_535).optional()
        .meta({ description: "A TCP port that something in the sandbox listens on" }),
      pattern: z.string().min(1).max(MAX_PATTERN_LENGTH).optional().meta({
        description: "Regular expression in the syntax of RE2, looked for in each whole line of " +
          "output from the first one on that is kept",
      }),
      stream: OutputChunkSchema.shape.stream.optional()
        .meta({ description: "Where the pattern is looked for; by default in both" }),
      timeoutMs,
    }).superRefine(({ port, pattern, stream }, context) => {
      if (port !== undefined && pattern !== undefined) {
        const message = "Cannot be used together with port, wait for one after the other";
        context.addIssue({ code: "custom", path: ["pattern"], message });
      }
      if (stream !== undefined && pattern === undefined) {
        const message = "Cannot be used without pattern";
        context.addIssue({ code: "custom", path: ["stream"], message });
      }
    }),
    result: z.strictObject({
      processId: z.string(),
      ready: z.literal(true),
      line: z.string().optional().meta({ description: "The line that matches" }),
      result: CommandEnvelopeSchema.optional().meta({ description: "Of a process that ended" }),
    }),
  },
  "process.attach": {
    summary: "Returns the output of a process from seq on and streams what follows",
    params: z.strictObject({
      ...target,
      seq: z.int().min(0).optional().meta({
        description: "First seq wanted; by default 0, or of a terminal the one behind its screen",
      }),
      screen: z.boolean().optional().meta({
        description: "Whether the output so far is returned as what the terminal shows; by " +
          "default where there is a terminal and no seq is given",
      }),
      stream: z.boolean().default(true)
        .meta({ description: "Whether process.output goes on on this connection" }),
    }).superRefine(({ seq, screen = false }, context) => {
      if (!screen || seq === undefined) return;
      const message = "Cannot be used together with seq, a screen is of all output so far";
      context.addIssue({ code: "custom", path: ["screen"], message });
    }),
    result: z.strictObject({
      processId: z.string(),
      sessionId: z.string(),
      state: ExecutionStateSchema,
      chunks: z.array(OutputChunkSchema),
      nextSeq: z.int(),
      droppedChunks: z.int()
        .meta({ description: "Chunks from the asked seq on that are no longer kept" }),
      screen: ScreenSchema.optional(),
      result: CommandEnvelopeSchema.optional(),
    }),
  },
} as const;

/** The notifications about processes that run in the background. */
export const PROCESS_NOTIFICATIONS = {
  "process.output": z.strictObject({
    sessionId: z.string(),
    processId: z.string(),
    ...OutputChunkSchema.shape,
  }),
  "process.exit": z.strictObject({
    sessionId: z.string(),
    processId: z.string(),
    status: ExecutionStatusSchema,
    exitCode: z.int().nullable(),
    signal: z.string().optional(),
  }),
} as const;
