import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";
import { parsePathStat, type PathStat } from "./path_stat.ts";

/** Looks at what is at a path in a container, without following a symlink at its end. */
export async function archiveStat(
  engine: EngineClient,
  id: string,
  path: string,
  options: CallOptions = {},
): Promise<PathStat> {
  const action = `look at "${path}" in container "${id}"`;
  const headers = await engine.send({
    ...options,
    action,
    method: "HEAD",
    path: enginePath`/containers/${id}/archive`,
    query: { path },
  });
  return parsePathStat(headers, action);
}
