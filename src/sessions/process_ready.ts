import { CommandError, InvalidParamsError, SandboxError } from "../errors.ts";
import type { CommandEnvelope, OutputChunk } from "../protocol/execution.ts";
import type { Sandbox } from "../runtimes/runtime.ts";
import type { Clock } from "./clock.ts";
import type { Expiry } from "./expiry.ts";
import { findLine } from "./find_line.ts";
import type { ProcessExecution } from "./process_execution.ts";
import { compilePattern, type Expression, ExpressionError } from "./search_expression.ts";
import { unlessAborted } from "./within.ts";

/** What to wait for: a port, a line, or without either the end. */
export interface WantedReadiness {
  readonly port?: number | undefined;
  readonly pattern?: string | undefined;
  readonly stream?: OutputChunk["stream"] | undefined;
}

/** Options of {@linkcode waitUntilReady}. */
export interface WaitOptions {
  readonly timeoutMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What waiting needs of time. */
export interface WaitServices {
  readonly clock: Clock;
  readonly expiry: Expiry;
}

/** What came of waiting. */
export interface Readiness {
  readonly line?: string;
  readonly result?: CommandEnvelope;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * Waits until a process is ready. Throws a `SandboxError` of code `exited_before_ready`, `timed_out` or
 * `not_supported`, or `InvalidParamsError` for a pattern that is none.
 */
export async function waitUntilReady(
  execution: ProcessExecution,
  sandbox: Pick<Sandbox, "isListening"> | undefined,
  wanted: WantedReadiness,
  options: WaitOptions,
  services: WaitServices,
): Promise<Readiness> {
  const { timeoutMs, signal } = options;
  const { clock, expiry } = services;
  const expression = wanted.pattern === undefined ? undefined : compile(wanted.pattern);
  const over = new AbortController();
  using _deadline = expiry.schedule(clock.now() + timeoutMs, () => {
    over.abort(timedOut(timeoutMs, describe(wanted)));
  });
  const onGone = () => over.abort(nobodyWaits());
  signal.addEventListener("abort", onGone, { once: true });
  if (signal.aborted) onGone();
  try {
    return await unlessAborted(
      untilReady(execution, sandbox, { ...wanted, expression }, over.signal, clock),
      over.signal,
    );
  } finally {
    signal.removeEventListener("abort", onGone);
    // Whoever still looks for it stops.
    over.abort();
  }
}

async function untilReady(
  execution: ProcessExecution,
  sandbox: Pick<Sandbox, "isListening"> | undefined,
  { port, expression, stream }: WantedReadiness & { readonly expression: Expression | undefined },
  signal: AbortSignal,
  clock: Clock,
): Promise<Readiness> {
  const { ended } = execution;
  if (port !== undefined) {
    await untilListening(execution, sandbox, port, signal, clock);
    return {};
  }
  if (expression !== undefined) {
    const line = await findLine(execution.output, expression, { ended, stream, signal });
    if (line === undefined) throw exitedBeforeReady(execution);
    return { line };
  }
  await ended;
  const { envelope } = execution;
  return envelope === undefined ? {} : { result: envelope };
}

async function untilListening(
  execution: ProcessExecution,
  sandbox: Pick<Sandbox, "isListening"> | undefined,
  port: number,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (execution.state !== "ended" && sandbox !== undefined && !signal.aborted) {
    if (await isListening(sandbox, port, signal)) return;
    await pause(pauseMs, execution.ended, clock);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
  }
  throw exitedBeforeReady(execution);
}

async function isListening(
  sandbox: Pick<Sandbox, "isListening">,
  port: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await sandbox.isListening(port, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new SandboxError("not_supported", error.message, { cause: error });
  }
}

async function pause(ms: number, ended: Promise<void>, clock: Clock): Promise<void> {
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  using _timer = clock.after(ms, resolve);
  await Promise.race([passed, ended]);
}

function compile(pattern: string): Expression {
  try {
    return compilePattern(pattern, false);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new InvalidParamsError([{ path: ["pattern"], message: error.message }], { cause: error });
  }
}

function describe({ port, pattern }: WantedReadiness): string {
  if (port !== undefined) return `nothing in its sandbox listens on port ${port}`;
  return pattern === undefined ? "it has not ended" : "no line of its output matches";
}

function timedOut(timeoutMs: number, found: string): SandboxError {
  const message = `Waited ${timeoutMs} ms for the process: ${found}; it runs on`;
  return new SandboxError("timed_out", message, { data: { timeoutMs } });
}

/** Reaches nobody, but the log. */
function nobodyWaits(): SandboxError {
  return new SandboxError("timed_out", "Connection closed before the process was ready");
}

function exitedBeforeReady({ envelope }: ProcessExecution): SandboxError {
  const { exitCode, signal, status, error } = envelope ?? {};
  const how = typeof exitCode === "number"
    ? `it ended with exit code ${exitCode}`
    : signal !== undefined
    ? `${signal} ended it`
    : status ?? "it ended";
  const said = error?.split("\n", 1)[0]?.slice(0, 200) ?? "";
  const message = `Process exited before ready: ${how}${said === "" ? "" : `; ${said}`}`;
  return new SandboxError("exited_before_ready", message, {
    ...(envelope !== undefined && { data: { result: envelope } }),
  });
}
