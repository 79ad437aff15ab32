import type { EngineClient } from "./engine_client.ts";
import { type EngineFilters, formatFilters } from "./engine_filters.ts";
import type { CallOptions } from "./engine_request.ts";
import type { Volume } from "./volume_create.ts";

/** Options of {@linkcode volumeList}. */
export interface VolumeListOptions extends CallOptions {
  /** Such as `{ label: ["a=b"], dangling: ["true"] }`. */
  filters?: EngineFilters;
}

/** Lists volumes. */
export async function volumeList(
  engine: EngineClient,
  options: VolumeListOptions = {},
): Promise<Volume[]> {
  const { filters, ...call } = options;
  const { Volumes } = await engine.json<{ Volumes: Volume[] | null }>({
    ...call,
    action: "list volumes",
    method: "GET",
    path: "/volumes",
    query: { filters: formatFilters(filters) },
  });
  return Volumes ?? [];
}
