import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** A name of an image. */
export interface ImageTag {
  repo: string;
  tag: string;
}

/** Gives an image another name; an image that had the name loses it. */
export async function imageTag(
  engine: EngineClient,
  image: string,
  name: ImageTag,
  options: CallOptions = {},
): Promise<void> {
  await engine.send({
    ...options,
    action: `tag image "${image}" as "${name.repo}:${name.tag}"`,
    method: "POST",
    path: enginePath`/images/${image}/tag`,
    query: { repo: name.repo, tag: name.tag },
  });
}
