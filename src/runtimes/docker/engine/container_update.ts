import type { ContainerResources } from "./container_config.ts";
import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** What {@linkcode containerUpdate} answers. */
export interface ContainerUpdated {
  Warnings: string[] | null;
}

/** Changes the limits of a container; those that are not named stay. */
export async function containerUpdate(
  engine: EngineClient,
  id: string,
  resources: ContainerResources,
  options: CallOptions = {},
): Promise<ContainerUpdated> {
  return await engine.json({
    ...options,
    action: `change the limits of container "${id}"`,
    method: "POST",
    path: enginePath`/containers/${id}/update`,
    json: resources,
  });
}
