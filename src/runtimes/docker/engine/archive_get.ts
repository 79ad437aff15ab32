import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, TRANSFER_MS } from "./engine_request.ts";
import { parsePathStat, type PathStat } from "./path_stat.ts";

/** A file or a directory out of a container. */
export interface Archive {
  readonly stat: PathStat;
  /** A tar archive, to be read to its end or cancelled. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Gets what is at a path in a container, with all that is in it. */
export async function archiveGet(
  engine: EngineClient,
  id: string,
  path: string,
  options: CallOptions = {},
): Promise<Archive> {
  const action = `read "${path}" in container "${id}"`;
  const { headers, body } = await engine.stream({
    defaultTimeoutMs: TRANSFER_MS,
    ...options,
    action,
    method: "GET",
    path: enginePath`/containers/${id}/archive`,
    query: { path },
  });
  try {
    return { stat: parsePathStat(headers, action), body };
  } catch (error) {
    await body.cancel();
    throw error;
  }
}
