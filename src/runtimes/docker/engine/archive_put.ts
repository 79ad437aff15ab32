import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, TRANSFER_MS } from "./engine_request.ts";

/** Options of {@linkcode archivePut}. */
export interface ArchivePutOptions extends CallOptions {
  /** Whether a directory in place of a file, and a file in place of a directory, is an error. @default {false} */
  noOverwriteDirNonDir?: boolean;
  /** Whether owners in the archive are replaced by those of the container's user. @default {false} */
  copyUIDGID?: boolean;
}

/** Unpacks a tar archive into a directory of a container, which has to exist. */
export async function archivePut(
  engine: EngineClient,
  id: string,
  path: string,
  archive: ReadableStream<Uint8Array>,
  options: ArchivePutOptions = {},
): Promise<void> {
  const { noOverwriteDirNonDir, copyUIDGID, ...call } = options;
  await engine.send({
    defaultTimeoutMs: TRANSFER_MS,
    ...call,
    action: `write to "${path}" in container "${id}"`,
    method: "PUT",
    path: enginePath`/containers/${id}/archive`,
    query: { path, noOverwriteDirNonDir, copyUIDGID },
    upload: archive,
  });
}
