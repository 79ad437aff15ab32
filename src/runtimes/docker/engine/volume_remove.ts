import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";

/** Options of {@linkcode volumeRemove}. */
export interface VolumeRemoveOptions extends CallOptions {
  /** Whether one that is not there counts as removed. @default {false} */
  force?: boolean;
}

/** Removes a volume; one that a container uses is a conflict. */
export async function volumeRemove(
  engine: EngineClient,
  name: string,
  options: VolumeRemoveOptions = {},
): Promise<void> {
  const { force, ...call } = options;
  await engine.send({
    defaultTimeoutMs: LONG_CALL_MS,
    ...call,
    action: `remove volume "${name}"`,
    method: "DELETE",
    path: enginePath`/volumes/${name}`,
    query: { force },
  });
}
