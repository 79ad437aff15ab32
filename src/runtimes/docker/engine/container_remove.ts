import type { EngineClient } from "./engine_client.ts";
import { isEngineError } from "./engine_error.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";

/** Options of {@linkcode containerRemove}. */
export interface ContainerRemoveOptions extends CallOptions {
  /** Whether it is killed first if it runs. @default {false} */
  force?: boolean;
  /** Whether its volumes without a name go too. @default {false} */
  volumes?: boolean;
}

/** Removes a container. One that is gone, or that somebody else is removing, counts as removed. */
export async function containerRemove(
  engine: EngineClient,
  id: string,
  options: ContainerRemoveOptions = {},
): Promise<void> {
  const { force, volumes, ...call } = options;
  try {
    await engine.send({
      defaultTimeoutMs: LONG_CALL_MS,
      ...call,
      action: `remove container "${id}"`,
      method: "DELETE",
      path: enginePath`/containers/${id}`,
      query: { force, v: volumes },
    });
  } catch (error) {
    const removing = isEngineError(error, "conflict") && /already in progress/.test(error.detail);
    if (!removing && !isEngineError(error, "not_found")) throw error;
  }
}
