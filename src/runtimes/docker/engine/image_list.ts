import type { EngineClient } from "./engine_client.ts";
import { type EngineFilters, formatFilters } from "./engine_filters.ts";
import type { CallOptions } from "./engine_request.ts";

/** An image in a list. */
export interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
  /** Seconds since 1970. */
  Created: number;
  /** Bytes. */
  Size: number;
  Labels: Record<string, string> | null;
}

/** Options of {@linkcode imageList}. */
export interface ImageListOptions extends CallOptions {
  /** Whether the layers between are listed too. @default {false} */
  all?: boolean;
  /** Such as `{ label: ["a=b"], reference: ["name:*"] }`. */
  filters?: EngineFilters;
}

/** Lists images. */
export async function imageList(
  engine: EngineClient,
  options: ImageListOptions = {},
): Promise<ImageSummary[]> {
  const { all, filters, ...call } = options;
  return await engine.json({
    ...call,
    action: "list images",
    method: "GET",
    path: "/images/json",
    query: { all, filters: formatFilters(filters) },
  });
}
