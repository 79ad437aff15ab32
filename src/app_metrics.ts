import { SandboxError, type SandboxErrorCode } from "./errors.ts";
import { LANGUAGES } from "./languages.ts";
import { Metrics } from "./metrics/metrics.ts";
import type { Vocabulary } from "./metrics/vocabulary.ts";
import { CommandSchema } from "./protocol/commands.ts";
import { ExecutionStatusSchema, LimitSchema } from "./protocol/execution.ts";
import { RuntimeNameSchema } from "./protocol/language.ts";
import { METHODS } from "./protocol/methods.ts";
import { CloseReasonSchema, SessionStateSchema } from "./protocol/session.ts";
import type { CallRecord } from "./rpc/dispatcher.ts";
import type { StandardReason } from "./rpc/rpc_error.ts";
import type { SessionEvents } from "./sessions/session_events.ts";
import { CLOSE_CODES } from "./transport/close_codes.ts";
import { VERSION } from "./version.ts";

/** Errors that may come of creating a session; a new code does not compile until it is placed. */
const CREATE_FAILURES: Record<SandboxErrorCode, boolean> = {
  ["invalid_params"]: true,
  ["session_not_found"]: false,
  ["execution_not_found"]: false,
  ["process_not_found"]: false,
  ["context_not_found"]: false,
  ["watch_not_found"]: false,
  ["shell_not_found"]: false,
  ["session_limit_reached"]: true,
  ["process_limit_reached"]: false,
  ["context_limit_reached"]: false,
  ["watch_limit_reached"]: false,
  ["queue_full"]: false,
  ["runtime_unavailable"]: true,
  unauthorized: false,
  ["rate_limited"]: false,
  ["too_large"]: true,
  ["session_closed"]: true,
  ["process_ended"]: false,
  ["stdin_closed"]: false,
  ["exited_before_ready"]: false,
  ["timed_out"]: false,
  ["not_supported"]: false,
  ["shutting_down"]: true,
};
const STANDARD_FAILURES: Record<StandardReason, true> = {
  ["parse_error"]: true,
  ["invalid_request"]: true,
  ["method_not_found"]: true,
  ["invalid_params"]: true,
  ["internal_error"]: true,
};
/** Refusals that are a limit's. */
const REFUSALS: readonly string[] = [
  ...["session_limit_reached", "process_limit_reached", "queue_full", "rate_limited", "too_large"],
];
/** Endpoints whose paths name sessions and files. */
const FILE_ENDPOINTS = {
  files: "/sessions/{id}/files/*",
  archive: "/sessions/{id}/archive",
} as const;
/** A file command that failed has no status. */
const FAILED = "failed";

/** Everything that labels may say, from the contract. */
const VOCABULARY: Vocabulary = {
  runtimes: RuntimeNameSchema.options,
  languages: LANGUAGES,
  states: SessionStateSchema.options,
  createFailures: [
    ...Object.keys(CREATE_FAILURES).filter((code) => CREATE_FAILURES[code as SandboxErrorCode]),
    "internal_error",
  ],
  closeReasons: CloseReasonSchema.options,
  commands: CommandSchema.options.map((option) => option.shape.type.value),
  statuses: [...ExecutionStatusSchema.options, FAILED],
  limits: [...LimitSchema.shape.kind.options, ...REFUSALS],
  methods: Object.keys(METHODS),
  failures: new Set([...Object.keys(CREATE_FAILURES), ...Object.keys(STANDARD_FAILURES)]),
  pools: RuntimeNameSchema.options,
  engineFailures: [
    ...["not_found", "conflict", "bad_request", "unavailable", "timeout", "server_error"],
    ...["protocol", "aborted"],
  ],
  closeCodes: [1000, 1002, 1003, 1005, 1006, 1007, 1008, 1011, ...Object.values(CLOSE_CODES)]
    .map(String),
  endpoints: [
    ...["/ws/jsonrpc", "/rpc", "/health", "/health/live", "/health/ready", "/metrics"],
    ...Object.values(FILE_ENDPOINTS),
  ],
};

/** Makes the metrics of a server. */
export function createMetrics(): Metrics {
  return new Metrics({ version: VERSION, vocabulary: VOCABULARY });
}

/** Counts what sessions do. */
export function sessionEvents(metrics: Metrics): SessionEvents {
  return {
    sessionCreated: ({ runtime, language, createMs }) =>
      metrics.sessionCreated({ runtime, language, durationSeconds: createMs / 1000 }),
    sessionCreateFailed: ({ error }) =>
      metrics.sessionCreateFailed({
        reason: error instanceof SandboxError ? error.code : "internal_error",
      }),
    sessionClosed: ({ runtime, language, reason, lifetimeMs }) =>
      metrics.sessionClosed({ runtime, language, reason, lifetimeSeconds: lifetimeMs / 1000 }),
    executionEnded({ runtime, language, command, envelope, elapsedMs, queueMs }) {
      metrics.executionEnded({
        runtime,
        language,
        command,
        status: envelope.status ?? FAILED,
        durationSeconds: elapsedMs === undefined ? undefined : elapsedMs / 1000,
        queueSeconds: queueMs / 1000,
      });
      if (envelope.limit !== undefined) metrics.limitHit({ limit: envelope.limit.kind });
    },
    internalError: () => metrics.internalError({ component: "sessions" }),
  };
}

/** Says which endpoint a path belongs to, where that is not the path itself. */
export function endpointOf(path: string): string {
  const [, kind] = /^\/sessions\/[^/]+\/(files(?=\/)|archive$)/.exec(path) ?? [];
  return kind === undefined ? path : FILE_ENDPOINTS[kind as keyof typeof FILE_ENDPOINTS];
}

/** Counts a JSON-RPC request. */
export function countCall(metrics: Metrics, { method, durationMs, error }: CallRecord): void {
  const outcome = error?.data.reason ?? "ok";
  metrics.rpcCall({ method, outcome, durationSeconds: durationMs / 1000 });
  if (REFUSALS.includes(outcome)) metrics.limitHit({ limit: outcome });
}
