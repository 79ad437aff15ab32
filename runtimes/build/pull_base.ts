import type { EngineClient } from "../../src/runtimes/docker/engine/engine_client.ts";
import { EngineError, isEngineError } from "../../src/runtimes/docker/engine/engine_error.ts";
import type { CallOptions } from "../../src/runtimes/docker/engine/engine_request.ts";
import { imageInspect } from "../../src/runtimes/docker/engine/image_inspect.ts";
import { imagePull } from "../../src/runtimes/docker/engine/image_pull.ts";
import type { BuildReporter } from "./build_reporter.ts";

/** Options of {@linkcode pullBase}. */
export interface PullBaseOptions extends CallOptions {
  /** Whether a newer one is looked for although one is there. @default {false} */
  always?: boolean;
}

/** Makes sure that a base image is there. Throws an error that says what else can be done. */
export async function pullBase(
  engine: EngineClient,
  base: string,
  reporter: BuildReporter,
  options: PullBaseOptions = {},
): Promise<void> {
  const { always = false, ...call } = options;
  if (!always && await hasImage(engine, base, call)) return;
  reporter.say(`pulling ${base}`);
  try {
    for await (const progress of await imagePull(engine, base, call)) reporter.progress(progress);
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.kind === "unavailable") throw cause;
    throw new Error(
      `Cannot pull the base image "${base}": ${cause.detail}; --from-debian builds without a ` +
        "registry, and --base takes an image that is there",
      { cause },
    );
  }
}

/** Whether the engine has an image. */
export async function hasImage(
  engine: EngineClient,
  image: string,
  options: CallOptions = {},
): Promise<boolean> {
  try {
    await imageInspect(engine, image, options);
    return true;
  } catch (error) {
    if (isEngineError(error, "not_found")) return false;
    throw error;
  }
}
