import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";
import type { Volume } from "./volume_create.ts";

/** Looks at one volume. */
export async function volumeInspect(
  engine: EngineClient,
  name: string,
  options: CallOptions = {},
): Promise<Volume> {
  return await engine.json({
    ...options,
    action: `inspect volume "${name}"`,
    method: "GET",
    path: enginePath`/volumes/${name}`,
  });
}
