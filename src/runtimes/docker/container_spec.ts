import type { ContainerCreateSpec } from "./engine/container_create.ts";
import type { ContainerResources, Mount } from "./engine/container_config.ts";

/** The user of all code in a container, and of its files. */
export const SANDBOX_USER = "65532:65532";
/** The user's number. */
export const SANDBOX_UID = 65532;
/** Runs what keeps a container alive: code must not be able to end it, so it is somebody else. */
export const KEEPER_USER = "65531:65531";
/** Home of the sandbox's user in an image that does not say. */
export const SANDBOX_HOME = "/home/codebeaker";
/** Where a container has the agent and its Deno. */
export const AGENT_DIRECTORY = "/codebeaker";
/** Says which server made something. */
export const SERVER_LABEL = "codebeaker.server";

/** Less than this leaves nothing beside the agent. */
export const MIN_MEMORY_MB = 64;
/** The agent's own threads count too. */
export const MIN_PIDS = 32;
/** What the engine takes. */
export const MIN_CPUS = 0.01;

const MIB = 1024 * 1024;
const MAX_OPEN_FILES = 4096;
/** Sleeps for 68 years; not every `sleep` knows "infinity". */
const SLEEP_SECONDS = "2147483647";

/** The limits of one container. */
export interface ContainerLimits {
  readonly memoryLimitMB: number;
  readonly cpuShares: number;
  /** Processors; 0 for no bound. */
  readonly cpus: number;
  readonly pidsLimit: number;
}

/** What a container is made from. */
export interface ContainerSpecOptions {
  readonly name: string;
  readonly image: string;
  readonly serverId: string;
  readonly limits: ContainerLimits;
  /** Bounds each file, and all of them where the engine can. */
  readonly diskLimitMB: number;
  /** Whether the engine's storage driver bounds the size of a container. */
  readonly diskQuota: boolean;
  /** The engine's network, `none` for none. */
  readonly network: string;
  /** The engine's runtime; its own if left out. */
  readonly runtime?: string | undefined;
  readonly readOnlyRoot: boolean;
  readonly tmpMB: number;
  /** The volume with the agent; without it the container is driven by the engine. */
  readonly agentVolume?: string | undefined;
  /** Whether the image lacks `sleep`, so that the agent's Deno has to keep the container alive. */
  readonly withoutSleep?: boolean;
}

/** Writes down a container that confines its code: the one place where that is decided. */
export function containerSpec(options: ContainerSpecOptions): ContainerCreateSpec {
  const { name, image, serverId, agentVolume, withoutSleep = false } = options;
  const keeper = withoutSleep
    ? [`${AGENT_DIRECTORY}/deno`, "eval", "--quiet", "setInterval(() => {}, 2 ** 30)"]
    : ["sleep", SLEEP_SECONDS];
  return {
    name,
    Image: image,
    Entrypoint: keeper,
    Cmd: [],
    User: KEEPER_USER,
    WorkingDir: "/",
    Hostname: "codebeaker",
    Labels: { [SERVER_LABEL]: serverId },
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      ...containerResources(options.limits),
      NetworkMode: options.network,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      IpcMode: "private",
      Init: true,
      LogConfig: { Type: "none" },
      OomScoreAdj: 100,
      Ulimits: ulimits(options),
      ReadonlyRootfs: options.readOnlyRoot,
      Tmpfs: { "/tmp": `rw,nosuid,nodev,exec,mode=1777,size=${options.tmpMB}m` },
      Mounts: mounts(options.readOnlyRoot, agentVolume),
      ...(options.runtime !== undefined && { Runtime: options.runtime }),
      ...(options.diskQuota && { StorageOpt: { size: `${options.diskLimitMB}M` } }),
    },
  };
}

/** The limits that can be set while a container runs. */
export function containerResources(
  { memoryLimitMB, cpuShares, cpus, pidsLimit }: ContainerLimits,
): ContainerResources {
  const memory = memoryLimitMB * MIB;
  return {
    Memory: memory,
    // The same number: no swap.
    MemorySwap: memory,
    CpuShares: cpuShares,
    NanoCpus: Math.round(cpus * 1e9),
    PidsLimit: pidsLimit,
  };
}

/** Where code may write in a container whose root is read-only, beside `/tmp`. */
export const WRITABLE_DIRECTORIES = ["/workspace", SANDBOX_HOME] as const;

function mounts(readOnlyRoot: boolean, agentVolume: string | undefined): Mount[] {
  const agent = agentVolume === undefined ? [] : [{
    Type: "volume" as const,
    Source: agentVolume,
    Target: AGENT_DIRECTORY,
    ReadOnly: true,
    VolumeOptions: { NoCopy: true },
  }];
  const writable: Mount[] = readOnlyRoot
    ? WRITABLE_DIRECTORIES.map((Target) => ({ Type: "volume", Target }))
    : [];
  return [...agent, ...writable];
}

function ulimits({ diskLimitMB }: ContainerSpecOptions) {
  const fileSize = diskLimitMB * MIB;
  return [
    { Name: "nofile", Soft: MAX_OPEN_FILES, Hard: MAX_OPEN_FILES },
    { Name: "core", Soft: 0, Hard: 0 },
    { Name: "fsize", Soft: fileSize, Hard: fileSize },
  ];
}
