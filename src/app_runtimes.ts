import { getLogger } from "@logtape/logtape";
import { resolve } from "@std/path";
import type { Config } from "./config/schema.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { DenoRuntime } from "./runtimes/deno/deno_runtime.ts";
import { DockerRuntime } from "./runtimes/docker/docker_runtime.ts";
import { parseDockerTexts } from "./runtimes/docker/parse_settings.ts";
import { StartError } from "./start_error.ts";

/** Starts the Deno runtime. */
export function startDeno(config: Config): Promise<DenoRuntime> {
  const { denoAllowNet, denoDenyNet, denoAllowEnv, denoAllowRun } = config;
  return DenoRuntime.start({
    dataDir: config.dataDir,
    denoPath: config.denoPath,
    bubblewrap: config.bubblewrap,
    spares: config.spares,
    spareIdleSeconds: config.spareIdleSeconds,
    policy: {
      allowNet: denoAllowNet,
      denyNet: denoDenyNet,
      allowEnv: denoAllowEnv,
      allowRun: denoAllowRun,
    },
    maxFileBytes: config.maxFileBytes,
    memoryLimitMB: config.memoryLimitMB,
    diskLimitMB: config.diskLimitMB,
    registry: {
      url: config.npmRegistry,
      certificates: config.npmCertificates && resolve(config.npmCertificates),
    },
    logger: getLogger(["codebeaker", "deno"]),
  });
}

/** Starts the Docker runtime; undefined if it is turned off. Throws {@linkcode StartError}. */
export async function startDocker(
  config: Config,
  serverId: string,
  metrics: Metrics,
): Promise<DockerRuntime | undefined> {
  if (config.docker === "off") return undefined;
  const texts = parseDockerTexts(config);
  if (!texts.ok) throw new StartError(texts.problems);
  const { memoryLimitMB, pidsLimit, cpus, diskLimitMB } = config;
  return await DockerRuntime.start({
    address: texts.address,
    serverId,
    denoPath: config.denoPath,
    dataDir: config.dataDir,
    allowedImages: config.dockerImages,
    languageImages: texts.languageImages,
    pull: config.dockerPull,
    containerRuntime: config.dockerRuntime,
    network: config.dockerNetwork,
    readOnlyRoot: config.dockerReadOnlyRoot,
    tmpMB: config.dockerTmpMB,
    agent: config.dockerAgent,
    spares: config.containerSpares,
    spareIdleSeconds: config.containerSpareIdleSeconds,
    maxFileBytes: config.maxFileBytes,
    defaults: { memoryLimitMB, pidsLimit, cpus, diskLimitMB },
    logger: getLogger(["codebeaker", "docker"]),
    onEngineCall: ({ endpoint, outcome, durationMs }) =>
      metrics.engineCall({ endpoint, outcome, durationSeconds: durationMs / 1000 }),
  });
}
