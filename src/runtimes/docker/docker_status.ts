import type { RuntimeStatus } from "../runtime.ts";
import type { DockerSettings } from "./docker_settings.ts";
import type { EngineInfo } from "./engine/engine_info.ts";

/** What the runtime knows that the engine does not say. */
export interface DockerFindings {
  readonly spares: { ready: number; starting: number; hits: number; misses: number };
  readonly sandboxes: number;
  /** Whether the engine bounds the size of containers; undefined until one was made. */
  readonly diskQuota: boolean | undefined;
  /** Why there is no agent, if there is none. */
  readonly agentProblem: string | undefined;
  readonly startupMs: number | undefined;
}

/** Says what an engine isolates by and which limits it enforces. */
export function dockerStatus(
  info: EngineInfo,
  settings: DockerSettings,
  findings: DockerFindings,
): RuntimeStatus {
  const runtime = settings.containerRuntime ?? info.DefaultRuntime;
  const { startupMs } = findings;
  return {
    name: "docker",
    available: true,
    isolation: [
      "container without capabilities, not root, no new privileges",
      ...securityOptions(info),
      `runtime ${runtime}`,
      ...(settings.readOnlyRoot ? ["read-only root"] : []),
    ],
    ...(startupMs !== undefined && { startupMs }),
    limits: limits(info, findings),
    details: {
      engine: info.ServerVersion,
      storageDriver: info.Driver,
      kernel: info.KernelVersion,
      architecture: info.Architecture,
      runtime,
      network: settings.network,
      agent: settings.agent === "off" ? "off" : findings.agentProblem ?? "on",
      spares: findings.spares,
      sandboxes: findings.sandboxes,
    },
  };
}

function securityOptions({ SecurityOptions }: EngineInfo): string[] {
  return (SecurityOptions ?? []).flatMap((option) => {
    const name = /^name=([a-z]+)/.exec(option)?.[1];
    return name === undefined ? [] : [name];
  });
}

function limits(info: EngineInfo, { diskQuota }: DockerFindings): Record<string, string> {
  const cgroup = `cgroup v${info.CgroupVersion ?? "1"}`;
  const enforced = (is: boolean) => is ? `enforced (${cgroup})` : "unavailable";
  return {
    time: "enforced",
    output: "enforced",
    memory: info.MemoryLimit
      ? `enforced (${cgroup}${info.SwapLimit ? ", no swap" : "; swap is not bounded"})`
      : "unavailable",
    processes: enforced(info.PidsLimit),
    cpu: enforced(info.CpuCfsQuota),
    disk: diskQuota === true
      ? "enforced (storage driver)"
      : "best effort (counted while code runs; over it the session is closed)",
    fileSize: "enforced (RLIMIT_FSIZE)",
    network: "enforced (network namespace)",
  };
}
