import type { EngineClient } from "../../src/runtimes/docker/engine/engine_client.ts";
import { imageInspect } from "../../src/runtimes/docker/engine/image_inspect.ts";
import { buildImage } from "./build_image.ts";
import type { BuildOptions } from "./build_options.ts";
import { type BuildStep, DEBIAN_IMAGE, planBuild } from "./build_plan.ts";
import { BuildReporter } from "./build_reporter.ts";
import { makeDebianImage } from "./debian_image.ts";
import { LANGUAGE_IMAGES, type LanguageImage } from "./language_images.ts";
import { hasImage } from "./pull_base.ts";
import { readRecipe, type Recipe } from "./recipe.ts";
import { runSteps, StepSkippedError } from "./run_steps.ts";

/** Options of {@linkcode buildImages}. */
export interface BuildImagesOptions extends BuildOptions {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/** Builds images and writes how it goes. Answers how many could not be built. */
export async function buildImages(
  engine: EngineClient,
  images: readonly LanguageImage[],
  write: (line: string) => void,
  options: BuildImagesOptions,
): Promise<number> {
  const { signal, verbose, jobs } = options;
  const steps = planBuild(images, await readRecipes(), options);
  const certificates = options.fromDebian ? await readCertificates(options) : undefined;
  if (options.fromDebian) await ensureDebian(engine, write, options);

  async function run(step: BuildStep): Promise<void> {
    signal?.throwIfAborted();
    const reporter = new BuildReporter(labelOf(step), write, { verbose });
    const started = performance.now();
    try {
      await buildImage(engine, step, reporter, { ...options, certificates });
      const { Size } = await imageInspect(engine, step.image, { signal });
      reporter.say(`built ${step.image}, ${formatSize(Size)}, in ${formatSeconds(started)}`);
    } catch (error) {
      reporter.showTail();
      throw error;
    }
  }

  const results = await runSteps(steps, run, { jobs });
  signal?.throwIfAborted();
  const failed = results.filter((result) => "error" in result);
  for (const { step, error } of failed) {
    write(`[${labelOf(step)}] ${explain(step, error)}`);
  }
  return failed.length;
}

/** Reads the recipes of all folders, as one may be built on another. */
export async function readRecipes(): Promise<Map<string, Recipe>> {
  const folders = LANGUAGE_IMAGES.map(({ folder }) => folder);
  return new Map(
    await Promise.all(
      folders.map(async (folder) => [folder, await readRecipe(folder)] as const),
    ),
  );
}

async function ensureDebian(
  engine: EngineClient,
  write: (line: string) => void,
  options: BuildImagesOptions,
): Promise<void> {
  const { noCache, mirror, signal } = options;
  const reporter = new BuildReporter("debian", write);
  if (!noCache && await hasImage(engine, DEBIAN_IMAGE, { signal })) {
    return reporter.say(`using ${DEBIAN_IMAGE} as it is; --no-cache makes it anew`);
  }
  const started = performance.now();
  await makeDebianImage(engine, reporter, { mirror, signal });
  reporter.say(`built ${DEBIAN_IMAGE} in ${formatSeconds(started)}`);
}

async function readCertificates(options: BuildOptions): Promise<Uint8Array | undefined> {
  const { certificates } = options;
  if (certificates === undefined) return undefined;
  try {
    return await Deno.readFile(certificates);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot read the certificates in ${certificates} (--certificates or SSL_CERT_FILE): ${why}`,
      { cause },
    );
  }
}

function explain({ image }: BuildStep, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof StepSkippedError) return `Cannot build "${image}": ${why}`;
  // The builder repeats the command, of which the tail has shown the output.
  const [, code] = /returned a non-zero code: (\d+)$/.exec(why) ?? [];
  return code === undefined
    ? why
    : `Cannot build "${image}": the last step ended with code ${code}`;
}

function labelOf({ folder, dockerfile }: BuildStep): string {
  return dockerfile.endsWith("/Dockerfile") ? folder : `${folder} base`;
}

function formatSize(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function formatSeconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
