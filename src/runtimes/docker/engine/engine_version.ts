import type { EngineClient } from "./engine_client.ts";
import type { CallOptions } from "./engine_request.ts";

/** Which engine answers. */
export interface EngineVersion {
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  Os: string;
  Arch: string;
  KernelVersion?: string;
}

/** Asks which version the engine has. */
export async function engineVersion(
  engine: EngineClient,
  options: CallOptions = {},
): Promise<EngineVersion> {
  return await engine.json({
    ...options,
    action: "ask the Docker engine for its version",
    method: "GET",
    path: "/version",
  });
}
