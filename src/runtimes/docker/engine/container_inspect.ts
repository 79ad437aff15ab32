import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** What the engine knows of a container. */
export interface ContainerInspection {
  Id: string;
  Name: string;
  Created: string;
  /** The id of its image. */
  Image: string;
  RestartCount: number;
  State: ContainerState;
  Config: {
    Image: string;
    Hostname: string;
    User: string;
    Env: string[] | null;
    Cmd: string[] | null;
    Labels: Record<string, string> | null;
    WorkingDir: string;
  };
  HostConfig: {
    NetworkMode: string;
    Memory: number;
    MemorySwap: number;
    CpuShares: number;
    NanoCpus: number;
    PidsLimit: number | null;
    ReadonlyRootfs: boolean;
    Runtime: string;
  };
  Mounts: { Type: string; Name?: string; Destination: string; RW: boolean }[];
  /** Bytes that were changed or added; only with `size`. */
  SizeRw?: number;
  /** Bytes of all its files; only with `size`. */
  SizeRootFs?: number;
}

/** Whether a container runs, and how it ended. */
export interface ContainerState {
  Status: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  Running: boolean;
  Paused: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  Pid: number;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
}

/** Options of {@linkcode containerInspect}. */
export interface ContainerInspectOptions extends CallOptions {
  /** Whether the sizes are counted, which takes the engine a walk over the files. @default {false} */
  size?: boolean;
}

/** Looks at one container. */
export async function containerInspect(
  engine: EngineClient,
  id: string,
  options: ContainerInspectOptions = {},
): Promise<ContainerInspection> {
  const { size, ...call } = options;
  return await engine.json({
    ...call,
    action: `inspect container "${id}"`,
    method: "GET",
    path: enginePath`/containers/${id}/json`,
    query: { size },
  });
}
