import { CommandError, InvalidParamsError, SandboxError } from "../errors.ts";
import type { Runtime, Sandbox, SandboxSpec } from "../runtimes/runtime.ts";
import type { Clock } from "./clock.ts";
import type { SessionLogger } from "./session_logger.ts";
import type { SessionTiming } from "./session_timing.ts";
import { settlesWithin, unlessAborted } from "./within.ts";

/** A sandbox to make. */
export interface SandboxRequest {
  /** Finds the runtime that makes it. */
  readonly choose: () => Promise<Runtime>;
  /** What it is asked for. */
  readonly spec: SandboxSpec;
  /** Files to write into it, path to content. */
  readonly files: Readonly<Record<string, string>>;
  /** What gives up the making, and what is thrown then. */
  readonly stops: readonly { readonly signal: AbortSignal; readonly error: () => SandboxError }[];
}

/** What making sandboxes needs. */
export interface SandboxServices {
  readonly clock: Clock;
  readonly logger: SessionLogger;
  readonly timing: Pick<SessionTiming, "createTimeoutMs" | "disposeTimeoutMs">;
}

/**
 * Makes a sandbox with its files. What fails, is given up or takes too long leaves nothing behind. Throws
 * what the runtime throws, and `InvalidParamsError` or `SandboxError` with the path of a file that cannot
 * be written.
 */
export async function makeSandbox(
  request: SandboxRequest,
  services: SandboxServices,
): Promise<{ runtime: Runtime; sandbox: Sandbox }> {
  const { choose, spec, files, stops } = request;
  const { clock, timing: { createTimeoutMs } } = services;
  const controller = new AbortController();
  const { signal } = controller;
  using _links = link(stops, controller);
  using _timer = clock.after(createTimeoutMs, () => controller.abort(tooSlow(createTimeoutMs)));
  const runtime = await unlessAborted(choose(), signal);
  const making = runtime.createSandbox(spec, signal);
  let sandbox: Sandbox;
  try {
    sandbox = await unlessAborted(making, signal);
  } catch (error) {
    // It may still come, and then nobody else would ever remove it.
    making.then((late) => discard(late, services), () => {});
    throw error;
  }
  try {
    await unlessAborted(writeFiles(sandbox, files, signal), signal);
    signal.throwIfAborted();
    return { runtime, sandbox };
  } catch (error) {
    await discard(sandbox, services);
    throw error;
  }
}

function link(stops: SandboxRequest["stops"], controller: AbortController): Disposable {
  const listeners = stops.map(({ signal, error }) => {
    const abort = () => controller.abort(error());
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    return () => signal.removeEventListener("abort", abort);
  });
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

async function discard(sandbox: Sandbox, services: SandboxServices): Promise<void> {
  const { clock, logger, timing } = services;
  const disposed = (async () => await sandbox[Symbol.asyncDispose]())();
  disposed.catch((error) => logger.error("Unused sandbox was not removed: {error}", { error }));
  await settlesWithin(disposed, timing.disposeTimeoutMs, clock);
}

async function writeFiles(
  { files: target }: Sandbox,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    signal.throwIfAborted();
    try {
      await target.write(path, new TextEncoder().encode(content), { signal });
    } catch (error) {
      throw named(error, path);
    }
  }
}

/** The error of a file, with the file's path in it. */
function named(error: unknown, path: string): unknown {
  if (error instanceof CommandError || error instanceof InvalidParamsError) {
    const { message } = error;
    return new InvalidParamsError([{ path: ["files", path], message }], { cause: error });
  }
  if (!(error instanceof SandboxError)) return error;
  const message = `Cannot write "${path}": ${error.message}`;
  return new SandboxError(error.code, message, { cause: error, data: error.data });
}

function tooSlow(ms: number): SandboxError {
  const message = `Cannot create the session: its sandbox was not ready within ${ms} ms, ` +
    "try again later";
  return new SandboxError("runtime_unavailable", message);
}
