import type { EngineClient } from "./engine_client.ts";
import type { CallOptions } from "./engine_request.ts";

/** Asks whether the engine answers; throws if not. */
export async function enginePing(engine: EngineClient, options: CallOptions = {}): Promise<void> {
  await engine.send({
    ...options,
    action: "reach the Docker engine",
    method: "GET",
    path: "/_ping",
  });
}
