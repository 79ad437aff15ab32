import type { EngineClient } from "./engine_client.ts";
import type { CallOptions } from "./engine_request.ts";

/** What the engine and its machine can do. */
export interface EngineInfo {
  ID: string;
  Name: string;
  ServerVersion: string;
  OSType: string;
  Architecture: string;
  KernelVersion: string;
  OperatingSystem: string;
  NCPU: number;
  /** Bytes. */
  MemTotal: number;
  Driver: string;
  DriverStatus: [string, string][] | null;
  DockerRootDir: string;
  CgroupDriver: string;
  CgroupVersion?: string;
  DefaultRuntime: string;
  Runtimes: Record<string, unknown>;
  SecurityOptions: string[] | null;
  MemoryLimit: boolean;
  SwapLimit: boolean;
  PidsLimit: boolean;
  CpuCfsQuota: boolean;
  Warnings: string[] | null;
}

/** Asks what the engine can do. */
export async function engineInfo(
  engine: EngineClient,
  options: CallOptions = {},
): Promise<EngineInfo> {
  return await engine.json({
    ...options,
    action: "ask the Docker engine what it can do",
    method: "GET",
    path: "/info",
  });
}
