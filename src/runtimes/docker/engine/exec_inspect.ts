import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** How a program in a container does. */
export interface ExecInspection {
  ID: string;
  ContainerID: string;
  Running: boolean;
  /** Null until it has ended. */
  ExitCode: number | null;
  /** Its process on the host; 0 before it has one. */
  Pid: number;
}

/** Looks at a program that was prepared or started. */
export async function execInspect(
  engine: EngineClient,
  execId: string,
  options: CallOptions = {},
): Promise<ExecInspection> {
  return await engine.json({
    ...options,
    action: `inspect program "${execId}"`,
    method: "GET",
    path: enginePath`/exec/${execId}/json`,
  });
}
