import type { EngineClient } from "./engine_client.ts";
import type { CallOptions } from "./engine_request.ts";

/** What {@linkcode volumeCreate} makes, in the words of the engine's API. */
export interface VolumeSpec {
  /** Without it, the engine makes one up. */
  Name?: string;
  Driver?: string;
  DriverOpts?: Readonly<Record<string, string>>;
  Labels?: Readonly<Record<string, string>>;
}

/** A volume. */
export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
}

/** Makes a volume; one of the same name and driver is left as it is. */
export async function volumeCreate(
  engine: EngineClient,
  spec: VolumeSpec,
  options: CallOptions = {},
): Promise<Volume> {
  return await engine.json({
    ...options,
    action: spec.Name === undefined ? "create a volume" : `create volume "${spec.Name}"`,
    method: "POST",
    path: "/volumes/create",
    json: spec,
  });
}
