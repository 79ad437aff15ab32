import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";

/** Starts a container; one that runs already is left as it is. */
export async function containerStart(
  engine: EngineClient,
  id: string,
  options: CallOptions = {},
): Promise<void> {
  await engine.send({
    defaultTimeoutMs: LONG_CALL_MS,
    ...options,
    action: `start container "${id}"`,
    method: "POST",
    path: enginePath`/containers/${id}/start`,
    accept: [304],
  });
}
