import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** A program to run in a container, in the words of the engine's API. */
export interface ExecConfig {
  Cmd: readonly string[];
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  Tty?: boolean;
  Env?: readonly string[];
  WorkingDir?: string;
  User?: string;
  /** Keys that end a terminal's connection but not the program; the engine has a default of its own. */
  DetachKeys?: string;
  /** Never: a privileged program is held by nothing. */
  Privileged?: never;
}

/** A program that was prepared. */
export interface ExecCreated {
  Id: string;
}

/** Prepares a program in a container that runs; `execStart` runs it. */
export async function execCreate(
  engine: EngineClient,
  containerId: string,
  config: ExecConfig,
  options: CallOptions = {},
): Promise<ExecCreated> {
  return await engine.json({
    ...options,
    action: `prepare a program in container "${containerId}"`,
    method: "POST",
    path: enginePath`/containers/${containerId}/exec`,
    json: config,
  });
}
