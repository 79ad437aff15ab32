import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** Options of {@linkcode containerKill}. */
export interface ContainerKillOptions extends CallOptions {
  /** What is sent to its first process; `signal` ends the call. @default {"SIGKILL"} */
  killSignal?: string;
}

/** Sends a signal to a container; one that does not run is a conflict. */
export async function containerKill(
  engine: EngineClient,
  id: string,
  options: ContainerKillOptions = {},
): Promise<void> {
  const { killSignal = "SIGKILL", ...call } = options;
  await engine.send({
    ...call,
    action: `send ${killSignal} to container "${id}"`,
    method: "POST",
    path: enginePath`/containers/${id}/kill`,
    query: { signal: killSignal },
  });
}
