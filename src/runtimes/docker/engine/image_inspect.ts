import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** What the engine knows of an image. */
export interface ImageInspection {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created?: string;
  /** Bytes. */
  Size: number;
  Os: string;
  Architecture: string;
  Config: {
    User?: string;
    Env?: string[] | null;
    Cmd?: string[] | null;
    Entrypoint?: string[] | null;
    WorkingDir?: string;
    Labels?: Record<string, string> | null;
  } | null;
}

/** Looks at one image, by id or by name. */
export async function imageInspect(
  engine: EngineClient,
  image: string,
  options: CallOptions = {},
): Promise<ImageInspection> {
  return await engine.json({
    ...options,
    action: `inspect image "${image}"`,
    method: "GET",
    path: enginePath`/images/${image}/json`,
  });
}
