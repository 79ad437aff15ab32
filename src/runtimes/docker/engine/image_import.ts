import type { EngineClient } from "./engine_client.ts";
import { EngineError } from "./engine_error.ts";
import { type CallOptions, IMAGE_MS } from "./engine_request.ts";
import { imageProgress } from "./image_progress.ts";

/** Options of {@linkcode imageImport}. */
export interface ImageImportOptions extends CallOptions {
  /** The name to give it; without it, it has an id only. */
  repo?: string;
  /** @default {"latest"} */
  tag?: string;
  /** Lines of a Dockerfile that set its configuration, such as `CMD ["sh"]`. @default {[]} */
  changes?: readonly string[];
  /** A remark in its history. */
  message?: string;
}

/** Makes an image of one layer from a tar archive of all its files; answers its id. */
export async function imageImport(
  engine: EngineClient,
  archive: ReadableStream<Uint8Array>,
  options: ImageImportOptions = {},
): Promise<string> {
  const { repo, tag = "latest", changes, message, ...call } = options;
  const action = repo === undefined ? "import an image" : `import image "${repo}:${tag}"`;
  const { body } = await engine.stream({
    defaultTimeoutMs: IMAGE_MS,
    ...call,
    action,
    method: "POST",
    path: "/images/create",
    query: { fromSrc: "-", repo, tag: repo && tag, changes, message },
    upload: archive,
  });
  let id: string | undefined;
  for await (const { status } of imageProgress(body, action)) {
    if (status !== undefined && /^sha256:[0-9a-f]{64}$/.test(status)) id = status;
  }
  if (id !== undefined) return id;
  throw new EngineError("protocol", action, "the Docker engine did not answer with an id");
}
