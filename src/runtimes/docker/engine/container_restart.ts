import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";

/** Options of {@linkcode containerRestart}. */
export interface ContainerRestartOptions extends CallOptions {
  /** Seconds until it is killed. @default {0} */
  graceSeconds?: number;
}

/** Stops a container, if it runs, and starts it again. */
export async function containerRestart(
  engine: EngineClient,
  id: string,
  options: ContainerRestartOptions = {},
): Promise<void> {
  const { graceSeconds = 0, ...call } = options;
  await engine.send({
    defaultTimeoutMs: LONG_CALL_MS,
    ...call,
    action: `restart container "${id}"`,
    method: "POST",
    path: enginePath`/containers/${id}/restart`,
    query: { t: graceSeconds },
  });
}
