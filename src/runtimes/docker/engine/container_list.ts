import type { EngineClient } from "./engine_client.ts";
import { type EngineFilters, formatFilters } from "./engine_filters.ts";
import type { CallOptions } from "./engine_request.ts";

/** A container in a list. */
export interface ContainerSummary {
  Id: string;
  /** Each with a leading slash. */
  Names: string[];
  Image: string;
  ImageID: string;
  /** Seconds since 1970. */
  Created: number;
  State: string;
  Status: string;
  Labels: Record<string, string> | null;
}

/** Options of {@linkcode containerList}. */
export interface ContainerListOptions extends CallOptions {
  /** Whether those that do not run are listed too. @default {false} */
  all?: boolean;
  /** Such as `{ label: ["a=b"], status: ["running"] }`. */
  filters?: EngineFilters;
}

/** Lists containers. */
export async function containerList(
  engine: EngineClient,
  options: ContainerListOptions = {},
): Promise<ContainerSummary[]> {
  const { all, filters, ...call } = options;
  return await engine.json({
    ...call,
    action: "list containers",
    method: "GET",
    path: "/containers/json",
    query: { all, filters: formatFilters(filters) },
  });
}
