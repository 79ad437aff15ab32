import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";

/** What was removed: a name, or an image or layer. */
export interface ImageRemoved {
  Untagged?: string;
  Deleted?: string;
}

/** Options of {@linkcode imageRemove}. */
export interface ImageRemoveOptions extends CallOptions {
  /** Whether it goes with all its names and although ended containers use it. @default {false} */
  force?: boolean;
  /** Whether layers that nothing uses any more stay. @default {false} */
  noPrune?: boolean;
}

/** Removes a name of an image and, with the last name, the image. */
export async function imageRemove(
  engine: EngineClient,
  image: string,
  options: ImageRemoveOptions = {},
): Promise<ImageRemoved[]> {
  const { force, noPrune, ...call } = options;
  return await engine.json({
    defaultTimeoutMs: LONG_CALL_MS,
    ...call,
    action: `remove image "${image}"`,
    method: "DELETE",
    path: enginePath`/images/${image}`,
    query: { force, noprune: noPrune },
  });
}
