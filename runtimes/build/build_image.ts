import type { EngineClient } from "../../src/runtimes/docker/engine/engine_client.ts";
import type { CallOptions } from "../../src/runtimes/docker/engine/engine_request.ts";
import { imageBuild } from "../../src/runtimes/docker/engine/image_build.ts";
import { buildContext } from "./build_context.ts";
import type { BuildStep } from "./build_plan.ts";
import type { BuildReporter } from "./build_reporter.ts";
import { pullBase } from "./pull_base.ts";

/** Options of {@linkcode buildImage}. */
export interface BuildImageOptions extends CallOptions {
  /** Certificates that stages which are thrown away trust in addition. */
  certificates?: Uint8Array | undefined;
  /** The network of its steps; without it, the engine's. */
  network?: string | undefined;
  /** @default {false} */
  noCache?: boolean;
}

/** Builds one image. */
export async function buildImage(
  engine: EngineClient,
  step: BuildStep,
  reporter: BuildReporter,
  options: BuildImageOptions = {},
): Promise<void> {
  const { certificates, network, noCache = false, ...call } = options;
  if (step.pulls !== undefined) {
    await pullBase(engine, step.pulls, reporter, { ...call, always: noCache });
  }
  const progress = await imageBuild(engine, buildContext(step.folder, { certificates }), {
    ...call,
    tags: [step.image],
    dockerfile: step.dockerfile,
    buildArgs: step.buildArgs,
    noCache,
    ...(network !== undefined && { networkMode: network }),
  });
  for await (const event of progress) reporter.progress(event);
}
