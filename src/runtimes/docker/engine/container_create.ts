import type { ContainerConfig } from "./container_config.ts";
import type { EngineClient } from "./engine_client.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";

/** What {@linkcode containerCreate} makes. */
export interface ContainerCreateSpec extends ContainerConfig {
  /** Without it, the engine makes one up. */
  name?: string;
}

/** A container that was made. */
export interface ContainerCreated {
  Id: string;
  /** What was asked for and is not so, such as limits that the kernel does not have. */
  Warnings: string[] | null;
}

/** Makes a container, which does not run yet. */
export async function containerCreate(
  engine: EngineClient,
  spec: ContainerCreateSpec,
  options: CallOptions = {},
): Promise<ContainerCreated> {
  const { name, ...config } = spec;
  return await engine.json({
    defaultTimeoutMs: LONG_CALL_MS,
    ...options,
    action: `create a container of image "${config.Image}"`,
    method: "POST",
    path: "/containers/create",
    query: { name },
    json: config,
  });
}
