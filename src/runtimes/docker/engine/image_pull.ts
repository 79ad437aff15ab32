import type { EngineClient } from "./engine_client.ts";
import { type CallOptions, IMAGE_MS } from "./engine_request.ts";
import { type ImageProgress, imageProgress } from "./image_progress.ts";

/** Options of {@linkcode imagePull}. */
export interface ImagePullOptions extends CallOptions {
  /** Such as `linux/arm64`; without it, that of the engine. */
  platform?: string;
  /** Who pulls, for registries that ask. */
  auth?: RegistryAuth;
}

/** Who someone is to a registry. */
export interface RegistryAuth {
  username?: string;
  password?: string;
  serveraddress?: string;
  identitytoken?: string;
}

/**
 * Pulls an image. It is there once the stream has ended without an error; cancelling the stream gives up.
 */
export async function imagePull(
  engine: EngineClient,
  image: string,
  options: ImagePullOptions = {},
): Promise<ReadableStream<ImageProgress>> {
  const { platform, auth, ...call } = options;
  const { name, tag } = splitReference(image);
  const action = `pull image "${image}"`;
  const { body } = await engine.stream({
    defaultTimeoutMs: IMAGE_MS,
    ...call,
    action,
    method: "POST",
    path: "/images/create",
    query: { fromImage: name, tag, platform },
    ...(auth && { headers: { "x-registry-auth": encodeAuth(auth) } }),
  });
  return imageProgress(body, action);
}

/** Splits off the tag or digest. Without either, the engine would pull every tag that there is. */
function splitReference(image: string): { name: string; tag: string } {
  const [, name = image, tag = "latest"] = /^(.+)@([a-z0-9]+:[0-9a-f]+)$/.exec(image) ??
    /^(.+):([^/:]+)$/.exec(image) ?? [];
  return { name, tag };
}

function encodeAuth(auth: RegistryAuth): string {
  const bytes = new TextEncoder().encode(JSON.stringify(auth));
  return bytes.toBase64({ alphabet: "base64url" });
}
