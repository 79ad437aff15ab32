import type { EngineClient } from "./engine_client.ts";
import { type CallOptions, IMAGE_MS } from "./engine_request.ts";
import { type ImageProgress, imageProgress } from "./image_progress.ts";

/** Options of {@linkcode imageBuild}. */
export interface ImageBuildOptions extends CallOptions {
  /** Names to give the image. @default {[]} */
  tags?: readonly string[];
  /** Where in the context its Dockerfile is. @default {"Dockerfile"} */
  dockerfile?: string;
  /** The stage to build; without it, the last. */
  target?: string;
  /** Values for the `ARG`s of the Dockerfile. */
  buildArgs?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
  /** Whether earlier builds are not used again. @default {false} */
  noCache?: boolean;
  /** Whether newer base images are looked for. @default {false} */
  pull?: boolean;
  /** The network of the steps, such as `none`. */
  networkMode?: string;
  /** Such as `linux/arm64`. */
  platform?: string;
}

/**
 * Builds an image from a tar archive of its context, with the builder that every engine has. The image
 * is there once the stream has ended without an error; cancelling the stream gives up.
 */
export async function imageBuild(
  engine: EngineClient,
  context: ReadableStream<Uint8Array>,
  options: ImageBuildOptions = {},
): Promise<ReadableStream<ImageProgress>> {
  const { tags = [], dockerfile, target, buildArgs, labels, noCache, pull, ...others } = options;
  const { networkMode, platform, ...call } = others;
  const action = tags.length === 0 ? "build an image" : `build image "${tags[0]}"`;
  const { body } = await engine.stream({
    defaultTimeoutMs: IMAGE_MS,
    ...call,
    action,
    method: "POST",
    path: "/build",
    query: {
      t: tags,
      dockerfile,
      target,
      buildargs: buildArgs && JSON.stringify(buildArgs),
      labels: labels && JSON.stringify(labels),
      nocache: noCache,
      pull,
      networkmode: networkMode,
      platform,
      // The containers of failed steps would stay for ever.
      forcerm: true,
    },
    upload: context,
  });
  return imageProgress(body, action);
}
