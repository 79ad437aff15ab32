/** What a container may have, in the words of the engine's API. */
export interface HostConfig {
  NetworkMode?: string;
  /** Bytes. */
  Memory?: number;
  /** Bytes of memory and swap together; equal to `Memory` for no swap. */
  MemorySwap?: number;
  MemoryReservation?: number;
  MemorySwappiness?: number;
  CpuShares?: number;
  /** Billionths of a processor. */
  NanoCpus?: number;
  CpusetCpus?: string;
  PidsLimit?: number;
  BlkioWeight?: number;
  Ulimits?: readonly Ulimit[];
  CapAdd?: readonly string[];
  CapDrop?: readonly string[];
  SecurityOpt?: readonly string[];
  ReadonlyRootfs?: boolean;
  /** Target to mount options, such as `size=64m,noexec`. */
  Tmpfs?: Readonly<Record<string, string>>;
  Mounts?: readonly Mount[];
  /** A small program as process 1, which reaps what is left over. */
  Init?: boolean;
  LogConfig?: LogConfig;
  OomScoreAdj?: number;
  OomKillDisable?: boolean;
  IpcMode?: string;
  PidMode?: string;
  UTSMode?: string;
  UsernsMode?: string;
  CgroupnsMode?: string;
  CgroupParent?: string;
  /** Bytes of `/dev/shm`. */
  ShmSize?: number;
  /** The program that runs the container, such as `runc` or `runsc`. */
  Runtime?: string;
  StorageOpt?: Readonly<Record<string, string>>;
  Sysctls?: Readonly<Record<string, string>>;
  ExtraHosts?: readonly string[];
  Dns?: readonly string[];
  GroupAdd?: readonly string[];
  AutoRemove?: boolean;
  RestartPolicy?: { Name: "" | "no" | "always" | "unless-stopped" | "on-failure" };
  MaskedPaths?: readonly string[];
  ReadonlyPaths?: readonly string[];
  /** Never: a privileged container holds nothing. */
  Privileged?: never;
}

/** A limit of the kernel on each process. */
export interface Ulimit {
  Name: string;
  Soft: number;
  Hard: number;
}

/** Where a container's own output goes. */
export interface LogConfig {
  Type: string;
  Config?: Readonly<Record<string, string>>;
}

/** A volume or a file system in memory. Directories of the host are left out on purpose. */
export interface Mount {
  Type: "volume" | "tmpfs";
  /** The name of the volume. */
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Readonly<Record<string, string>>;
    /** From API 1.45 on. */
    Subpath?: string;
    DriverConfig?: { Name?: string; Options?: Readonly<Record<string, string>> };
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

/** What a container is made of, in the words of the engine's API. */
export interface ContainerConfig {
  Image: string;
  Cmd?: readonly string[];
  Entrypoint?: readonly string[];
  User?: string;
  Env?: readonly string[];
  Labels?: Readonly<Record<string, string>>;
  WorkingDir?: string;
  Hostname?: string;
  Domainname?: string;
  Tty?: boolean;
  OpenStdin?: boolean;
  StdinOnce?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  NetworkDisabled?: boolean;
  StopSignal?: string;
  /** Seconds between the stop signal and the end. */
  StopTimeout?: number;
  /** `["NONE"]` turns off what the image has. */
  Healthcheck?: { Test: readonly string[] };
  Volumes?: Readonly<Record<string, Record<string, never>>>;
  HostConfig?: HostConfig;
}

/** The limits of a container that can be changed while it runs. */
export type ContainerResources = Pick<
  HostConfig,
  | "Memory"
  | "MemorySwap"
  | "MemoryReservation"
  | "CpuShares"
  | "NanoCpus"
  | "CpusetCpus"
  | "PidsLimit"
  | "BlkioWeight"
  | "RestartPolicy"
>;
